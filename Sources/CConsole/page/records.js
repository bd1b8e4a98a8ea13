// The audit log and the failures: filters in the address bar, the newest line first, more when asked for.

import { get, query } from "./api.js";
import { badge, el, moment, number, redraw, row, say, table } from "./dom.js";
import { retryAll, retryButton } from "./retry.js";

const ownColumns = ["Status", "Type", "Webhook ID", "Source", "Target", "Target URL", "Request ID", "Event created at",
  "Executed at", "Event", "Action"];
const allColumns = [...ownColumns.slice(0, -1), "Relay", "Action"];
const filters = ["status", "type", "target", "route", "source", "since", "until", "text", "cluster", "relay"];
const kinds = { SUCCEEDED: "good", RETRYING: "wait", FAILED: "bad" };
/** Rows on the page at most, whether new ones come or older ones are asked for. */
const rowLimit = 1000;
/** Lines in one answer at most. */
const pageLimit = 100;

/** A line of a file's, or one that `relay` wrote. */
function line(record, relay) {
  const number = record.delivery.split("/")[0];
  const when = record.next_attempt_at ? ["again ", moment(record.next_attempt_at)] : null;
  return row(relay === undefined ? ownColumns : allColumns, [
    [badge(record.status, kinds[record.status] ?? ""), record.error ? el("small", {}, record.error) : null,
      when ? el("small", {}, when) : null],
    record.type ?? "–", record.webhook_id ?? "–", record.source,
    el("a", { href: `#/audit?${query({ target: record.target })}` }, record.target),
    el("span", { class: "url" }, record.target_url), record.request_id ?? "–", moment(record.event_created_at),
    moment(record.executed_at), el("a", { href: `#/events/${number}` }, number),
    ...(relay === undefined ? [] : [relay]),
    record.status === "SUCCEEDED" ? "" : retryButton(record.delivery),
  ]);
}

/** The rows of an answer. */
const lines = page => page.lines.map((record, place) => line(record, page.relays?.[place]));

function form(stem, parameters, choices) {
  const value = name => parameters.get(name) ?? "";
  const field = (name, label, input) => el("label", {}, label, input);
  const text = (name, label, hint, list) => field(name, label,
    el("input", { name, value: value(name), placeholder: hint, list, autocomplete: "off", spellcheck: "false" }));
  const select = (name, label, options) => field(name, label,
    el("select", { name }, [["", "any"], ...options.map(option => [option, option])].map(([worth, shown]) =>
      el("option", { value: worth, selected: worth === value(name) }, shown))));
  const list = (id, options) => el("datalist", { id }, options.map(option => el("option", { value: option })));
  const made = el("form", { class: "filters", role: "search", "aria-label": "Filters" },
    stem === "audit" ? select("status", "Status", Object.keys(kinds)) : null,
    text("type", "Type", "redemption.succeeded", "types"), select("target", "Target", choices.targets),
    select("route", "Route", choices.routes), select("source", "Source", choices.sources),
    text("since", "Since", "1h or 2026-01-01"), text("until", "Until", "30m"), text("text", "ID contains", "whs_… or 1042"),
    list("types", choices.types),
    choices.relays ? field("relay", "Relay", el("select", { name: "relay" },
      [["", "this page's"], ["*", "all"], ...choices.relays.map(name => [name, name])].map(([worth, shown]) =>
        el("option", { value: worth, selected: worth === chosenRelay(parameters) }, shown)))) : null,
    el("div", { class: "buttons" }, el("button", { class: "primary" }, "Filter"),
      el("a", { href: `#/${stem}`, class: "button quiet" }, "Clear")));
  const apply = () => {
    const { relay, ...chosen } = Object.fromEntries(new FormData(made));
    if (relay) chosen.cluster = "true";
    if (relay && relay !== "*") chosen.relay = relay;
    const wanted = `#/${stem}?${query(chosen)}`.replace(/\?$/, "");
    if (location.hash !== wanted) location.hash = wanted;
  };
  made.addEventListener("submit", submit => { submit.preventDefault(); apply(); });
  made.addEventListener("change", change => { if (change.target.tagName === "SELECT") apply(); });
  return made;
}

/** Whose lines are wanted, as the form has it. */
function chosenRelay(parameters) {
  return parameters.get("cluster") === "true" ? parameters.get("relay") || "*" : "";
}

/** The names of the relays that share the cluster; nothing where there is none, or it does not answer. */
async function relays() {
  try {
    if ((await get("status")).spool.sync !== "jetstream") return undefined;
    return (await get("cluster")).relays.map(relay => relay.relay);
  } catch { return undefined; }
}

async function choices() {
  const [routes, targets, samples, known] = await Promise.all([get("routes"), get("targets"), get("samples"), relays()]);
  return {
    relays: known,
    routes: routes.routes.map(route => route.name), sources: routes.sources,
    targets: targets.targets.map(target => target.name), types: samples.types,
  };
}

/** Shows one of the two files; answers what brings in the lines that have come since. */
export async function records(place, stem, parameters) {
  const wanted = Object.fromEntries(filters.map(name => [name, parameters.get(name)]));
  const [page, known] = await Promise.all([get(`${stem}?${query(wanted)}`), choices()]);
  const title = stem === "audit" ? "Audit log" : "Failures";
  const list = table(stem === "audit" ? "Every attempt, the newest first" : "Deliveries given up, the newest first",
    page.relays ? allColumns : ownColumns, lines(page), "records");
  const body = list.querySelector("tbody");
  const foot = el("div", { class: "foot" });
  let { older, newer, searched_to: searchedTo } = page;

  /** Whether the newest lines were taken off the page to make room for older ones. */
  let isPast = false;
  /** Whether older lines are being looked for. */
  let isSearching = false;
  const here = location.hash;

  const drawFoot = () => redraw(foot,
    el("span", { class: "hint", role: "status" }, body.childElementCount
      ? `${number(body.childElementCount)} shown${older ? "" : ", that is all"}`
      : isSearching ? "Searching" : older ? "Nothing yet" : "Nothing matches"),
    older && searchedTo ? el("span", { class: "hint" }, "searched back to ", moment(searchedTo)) : null,
    isPast ? el("button", { id: "newest", onclick: begin }, "Newest") : null,
    older ? el("button", { id: "older", disabled: isSearching, onclick: more }, "Older") : null);

  /** Brings in older lines: each answer looks through a part of the file, and one in which nothing matches is not the end. */
  async function more() {
    isSearching = true;
    drawFoot();
    try {
      let found = 0;
      while (!found && older && location.hash === here) {
        const next = await get(`${stem}?${query({ ...wanted, before: older })}`);
        body.append(...lines(next));
        found = next.lines.length;
        ({ older, searched_to: searchedTo } = next);
        drawFoot();
      }
    } catch (problem) { say(problem.message, "error"); }
    // A page of many thousand rows is slow: the newest make room.
    while (body.childElementCount > rowLimit) {
      body.firstChild.remove();
      isPast = true;
    }
    isSearching = false;
    drawFoot();
  }

  /** Begins again with the newest. */
  async function begin() {
    try {
      const again = await get(`${stem}?${query(wanted)}`);
      body.replaceChildren(...lines(again));
      ({ older, newer, searched_to: searchedTo } = again);
      isPast = false;
      drawFoot();
    } catch (problem) { say(problem.message, "error"); }
  }

  drawFoot();
  redraw(place, el("div", { class: "title" }, el("h1", {}, title),
    el("button", { id: "retry-all", onclick: () => retryAll(wanted) }, "Retry all that match")),
    form(stem, parameters, known), el("div", { class: "scroll" }, list), foot);
  if (!body.childElementCount && older) more();

  return async () => {
    if (isPast || isSearching) return;
    const news = await get(`${stem}?${query({ ...wanted, after: newer })}`);
    newer = news.newer;
    if (!news.lines.length) return;
    // More than an answer holds have come, or the page grows too long: it begins again with the newest.
    if (news.lines.length >= pageLimit || body.childElementCount + news.lines.length > rowLimit) return begin();
    body.prepend(...lines(news));
    drawFoot();
  };
}
