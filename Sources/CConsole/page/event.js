// One event: what it is, where it went, every attempt, and its data complete.

import { get } from "./api.js";
import { age, badge, code, el, moment, redraw, row, table } from "./dom.js";
import { retryButton } from "./retry.js";

const states = { done: "good", failed: "bad", retrying: "wait", waiting: "wait" };
const deliveryColumns = ["State", "Target", "Next attempt", "Action"];
const attemptColumns = ["Status", "Target", "Attempt", "Executed at", "Took", "Answer"];

/** JSON with line breaks and indents, everything else as it came: numbers keep their digits, keys their order. */
export function pretty(text) {
  try { JSON.parse(text); } catch { return text; }
  let out = "", depth = 0, isText = false;
  const lineBreak = () => "\n" + "  ".repeat(depth);
  for (let place = 0; place < text.length; place += 1) {
    const letter = text[place];
    if (isText) {
      out += letter;
      if (letter === "\\") out += text[place += 1];
      else if (letter === "\"") isText = false;
    } else if (letter === "\"") {
      out += letter;
      isText = true;
    } else if (letter === "{" || letter === "[") {
      const rest = text.slice(place + 1).match(/^\s*[}\]]/);
      if (rest) { out += letter + rest[0].trim(); place += rest[0].length; continue; }
      depth += 1;
      out += letter + lineBreak();
    } else if (letter === "}" || letter === "]") {
      depth -= 1;
      out += lineBreak() + letter;
    } else if (letter === ",") out += letter + lineBreak();
    else if (letter === ":") out += ": ";
    else if (!/\s/.test(letter)) out += letter;
  }
  return out;
}

function deliveries(report) {
  return table("Deliveries", deliveryColumns, report.deliveries.map(delivery => row(deliveryColumns, [
    badge(delivery.state, states[delivery.state]), delivery.target,
    moment(delivery.next_attempt_at), retryButton(delivery.delivery),
  ])), "deliveries");
}

function answer(attempt) {
  const response = attempt.response ?? {};
  const text = response.body ?? response.output;
  return [attempt.error ?? (response.status ? `HTTP ${response.status}` : "–"),
    text ? el("details", {}, el("summary", {}, "what it said"), code(text, "Answer")) : null];
}

/** The attempts; with their relays' names where a cluster's are among them. */
function attempts({ attempts: list, relays }) {
  const columns = relays ? [...attemptColumns, "Relay"] : attemptColumns;
  const kinds = { SUCCEEDED: "good", RETRYING: "wait", FAILED: "bad" };
  return table("Attempts, the latest first", columns, list.map((attempt, place) => row(columns, [
    badge(attempt.status, kinds[attempt.status] ?? ""), attempt.target, attempt.attempt, moment(attempt.executed_at),
    age(attempt.duration_ms / 1000), answer(attempt), ...(relays ? [relays[place]] : []),
  ])), "attempts");
}

/** Why the attempts are not all. */
function more(report, { relays, obstacle }) {
  if (obstacle) return `Other relays may have made attempts, too: ${obstacle}`;
  return relays ? `There may be more attempts: hookswitch show ${report.event} --cluster` : "There are older attempts than these.";
}

function data(report) {
  const raw = report.body ?? `(base64)\n${report.body_base64}`;
  const headers = Object.entries(report.headers).map(([name, value]) => `${name}: ${value}`).join("\n");
  const texts = { Pretty: report.body === undefined ? raw : pretty(raw), Raw: raw, Headers: headers || "(none kept)" };
  const panel = el("div", { role: "tabpanel", id: "data", "aria-labelledby": "data-Pretty" });
  const tabs = Object.keys(texts).map(name => el("button", {
    role: "tab", id: `data-${name}`, "aria-controls": "data", onclick: () => choose(name),
    onkeydown: press => {
      const names = Object.keys(texts);
      const step = { ArrowRight: 1, ArrowLeft: -1 }[press.key];
      if (step) choose(names[(names.indexOf(name) + step + names.length) % names.length], true);
    },
  }, name));
  function choose(name, moves) {
    for (const tab of tabs) {
      const isChosen = tab.id === `data-${name}`;
      tab.setAttribute("aria-selected", String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
      if (isChosen && moves) tab.focus();
    }
    panel.setAttribute("aria-labelledby", `data-${name}`);
    panel.replaceChildren(code(texts[name], `${name} data of event ${report.event}`));
  }
  choose("Pretty");
  return el("section", { "aria-label": "Data" }, el("h2", {}, "Data"),
    el("div", { role: "tablist", class: "tabs", "aria-label": "How the data is shown" }, tabs), panel);
}

/** Shows an event; answers what brings its deliveries up to date. */
export async function event(place, number) {
  const ask = () => Promise.all([get(`events/${encodeURIComponent(number)}`), get(`events/${encodeURIComponent(number)}/attempts`)]);
  const [report, tried] = await ask();
  const facts = { Received: moment(report.received_at), Type: report.type ?? "–", Source: report.source,
    Routes: report.routes.join(", ") || "none", "webhook-id": report["webhook-id"] };
  const live = el("div", {});
  let last = "";
  const draw = (report, tried) => {
    const now = JSON.stringify([report.deliveries, tried.attempts.length, tried.complete]);
    if (now === last) return;
    last = now;
    redraw(live, el("div", { class: "scroll" }, deliveries(report)), el("div", { class: "scroll" }, attempts(tried)),
      tried.complete ? null : el("p", { class: "hint" }, more(report, tried)));
  };
  draw(report, tried);
  redraw(place, el("div", { class: "title" }, el("h1", {}, `Event ${report.event}`),
    el("a", { class: "button quiet", href: `#/routes?event=${report.event}` }, "Try on the routes")),
  el("dl", { class: "facts" }, Object.entries(facts).map(([name, value]) =>
    el("div", {}, el("dt", {}, name), el("dd", {}, value)))), live, data(report));
  return async () => draw(...await ask());
}
