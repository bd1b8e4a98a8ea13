// libcurl's header, and typed wrappers for its variadic calls, which Swift cannot call.
#pragma once
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <sys/socket.h>
#include <unistd.h>

static inline CURLcode hs_curl_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}
static inline CURLcode hs_curl_set_size(CURL *easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(easy, option, value);
}
static inline CURLcode hs_curl_set_pointer(CURL *easy, CURLoption option, const void *value) {
    return curl_easy_setopt(easy, option, value);
}

typedef size_t (*hs_curl_sink)(char *bytes, size_t size, size_t count, void *user);
/// Sets CURLOPT_WRITEFUNCTION or CURLOPT_HEADERFUNCTION.
static inline CURLcode hs_curl_set_sink(CURL *easy, CURLoption option, hs_curl_sink sink) {
    return curl_easy_setopt(easy, option, sink);
}

static inline long hs_curl_get_long(CURL *easy, CURLINFO info) {
    long value = 0;
    curl_easy_getinfo(easy, info, &value);
    return value;
}
static inline curl_off_t hs_curl_get_time(CURL *easy, CURLINFO info) {
    curl_off_t value = 0;
    curl_easy_getinfo(easy, info, &value);
    return value;
}
/// The socket of a handle's last connection, or -1.
static inline curl_socket_t hs_curl_get_socket(CURL *easy) {
    curl_socket_t value = CURL_SOCKET_BAD;
    curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &value);
    return value;
}
static inline const char *hs_curl_get_text(CURL *easy, CURLINFO info) {
    const char *value = 0;
    curl_easy_getinfo(easy, info, &value);
    return value;
}
static inline void *hs_curl_get_private(CURL *easy) {
    char *value = 0;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &value);
    return value;
}

/// Sets CURLOPT_OPENSOCKETFUNCTION: who makes the sockets sees the addresses, and may refuse one.
static inline CURLcode hs_curl_set_opener(CURL *easy, curl_opensocket_callback opener, void *user) {
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, user);
    return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, opener);
}

/// Sets CURLOPT_PREREQFUNCTION, which is asked before each request that goes out, a repetition of libcurl's own included.
static inline CURLcode hs_curl_set_gate(CURL *easy, curl_prereq_callback gate, void *user) {
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, user);
    return curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, gate);
}

/// Sets CURLOPT_CLOSESOCKETFUNCTION, which a connection keeps for its life.
static inline CURLcode hs_curl_set_closer(CURL *easy, curl_closesocket_callback closer, void *user) {
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, user);
    return curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, closer);
}

typedef int (*hs_curl_socket_watch)(CURL *easy, curl_socket_t socket, int what, void *user, void *socket_user);
typedef int (*hs_curl_timer_watch)(CURLM *multi, long timeout_ms, void *user);
static inline void hs_curl_watch(CURLM *multi, hs_curl_socket_watch socket, hs_curl_timer_watch timer, void *user) {
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, user);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, user);
}
static inline CURLMcode hs_curl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

/// What ended, and how; `easy` is null if nothing (more) did.
typedef struct {
    CURL *easy;
    CURLcode result;
} hs_curl_done;
static inline hs_curl_done hs_curl_next_done(CURLM *multi) {
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left)))
        if (message->msg == CURLMSG_DONE) return (hs_curl_done){message->easy_handle, message->data.result};
    return (hs_curl_done){0, CURLE_OK};
}
