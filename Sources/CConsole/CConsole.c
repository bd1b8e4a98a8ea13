#include "include/CConsole.h"

// The compiler reads C17 with this one word of C23 in it.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char index_html[] = {
#embed "page/index.html"
};
static const unsigned char login_html[] = {
#embed "page/login.html"
};
static const unsigned char console_css[] = {
#embed "page/console.css"
};
static const unsigned char icon_svg[] = {
#embed "page/icon.svg"
};
static const unsigned char console_js[] = {
#embed "page/console.js"
};
static const unsigned char dom_js[] = {
#embed "page/dom.js"
};
static const unsigned char api_js[] = {
#embed "page/api.js"
};
static const unsigned char records_js[] = {
#embed "page/records.js"
};
static const unsigned char retry_js[] = {
#embed "page/retry.js"
};
static const unsigned char event_js[] = {
#embed "page/event.js"
};
static const unsigned char targets_js[] = {
#embed "page/targets.js"
};
static const unsigned char routes_js[] = {
#embed "page/routes.js"
};
static const unsigned char replays_js[] = {
#embed "page/replays.js"
};
static const unsigned char quarantine_js[] = {
#embed "page/quarantine.js"
};
static const unsigned char cluster_js[] = {
#embed "page/cluster.js"
};
static const unsigned char configuration_js[] = {
#embed "page/configuration.js"
};

#define HTML "text/html; charset=utf-8"
#define SCRIPT "text/javascript; charset=utf-8"

static const hs_console_file files[] = {
    {"/", HTML, index_html, sizeof index_html},
    {"/login", HTML, login_html, sizeof login_html},
    {"/console.css", "text/css; charset=utf-8", console_css, sizeof console_css},
    {"/icon.svg", "image/svg+xml", icon_svg, sizeof icon_svg},
    {"/console.js", SCRIPT, console_js, sizeof console_js},
    {"/dom.js", SCRIPT, dom_js, sizeof dom_js},
    {"/api.js", SCRIPT, api_js, sizeof api_js},
    {"/records.js", SCRIPT, records_js, sizeof records_js},
    {"/retry.js", SCRIPT, retry_js, sizeof retry_js},
    {"/event.js", SCRIPT, event_js, sizeof event_js},
    {"/targets.js", SCRIPT, targets_js, sizeof targets_js},
    {"/routes.js", SCRIPT, routes_js, sizeof routes_js},
    {"/replays.js", SCRIPT, replays_js, sizeof replays_js},
    {"/quarantine.js", SCRIPT, quarantine_js, sizeof quarantine_js},
    {"/cluster.js", SCRIPT, cluster_js, sizeof cluster_js},
    {"/configuration.js", SCRIPT, configuration_js, sizeof configuration_js},
};

const hs_console_file *hs_console_file_at(size_t place) {
    return place < sizeof files / sizeof *files ? &files[place] : NULL;
}
