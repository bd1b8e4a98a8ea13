// What came with a wrong signature and is kept apart: looked at, released once a secret was mended, or discarded.

import { get, post, query } from "./api.js";
import { bytes, code, confirm, el, moment, number, redraw, row, say, table } from "./dom.js";
import { pretty } from "./event.js";

const columns = ["Number", "Received", "Source", "From", "Why it was refused", "Size", "Action"];

async function settle(action, numbers, more = {}) {
  try {
    const answer = await post(`quarantine/${action}`, { numbers, ...more });
    const [first] = answer.results;
    const isDone = answer.settled === numbers.length;
    const done = action === "release" ? "released" : "discarded";
    say(numbers.length === 1
      ? `${first.number}: ${first.result}${first.event ? `, now event ${first.event}` : ""}`
      : `${number(answer.settled)} of ${number(numbers.length)} ${done}`, isDone ? "info" : "error");
    return isDone;
  } catch (problem) {
    say(problem.message, "error");
    return false;
  }
}

function discard(numbers, then) {
  const what = numbers.length === 1 ? `request ${numbers[0]}` : `${number(numbers.length)} requests`;
  confirm(`Discard ${what}?`, "What is discarded is gone for good.",
    "Their senders were told that they were refused, and may send them again.", `Discard ${what}`,
    async () => { await settle("discard", numbers); await then(); });
}

function buttons(kept, then) {
  return el("div", { class: "buttons" },
    el("button", { "aria-label": `Release ${kept.number}`, "data-release": kept.number,
      onclick: async () => { await settle("release", [kept.number]); await then(); } }, "Release"),
    el("button", { class: "quiet", "aria-label": `Discard ${kept.number}`, "data-discard": kept.number,
      onclick: () => discard([kept.number], then) }, "Discard"));
}

function line(kept, then) {
  return row(columns, [el("a", { href: `#/quarantine/${kept.number}` }, kept.number), moment(kept.received_at), kept.source,
    kept.client, kept.reason, bytes(kept.bytes), buttons(kept, then)], { "data-number": kept.number });
}

async function list(place) {
  const holder = el("div", {});
  const title = el("div", { class: "title" }, el("h1", {}, "Quarantine"));
  let last = "", shown = [];
  async function draw() {
    const page = await get("quarantine");
    const now = JSON.stringify(page);
    if (now === last) return;
    last = now;
    let { next } = page;
    shown = page.quarantined;
    const made = table("Requests whose signature did not fit, the oldest first", columns,
      shown.map(kept => line(kept, draw)), "quarantined");
    const more = el("button", { id: "more", onclick: async () => {
      try {
        const further = await get(`quarantine?${query({ after: next })}`);
        shown = [...shown, ...further.quarantined];
        made.querySelector("tbody").append(...further.quarantined.map(kept => line(kept, draw)));
        next = further.next;
        if (!next) more.remove();
      } catch (problem) { say(problem.message, "error"); }
    } }, "More");
    const numbers = () => shown.map(kept => kept.number).slice(0, 1000);
    redraw(title, el("h1", {}, "Quarantine"), shown.length ? el("div", { class: "buttons" },
      el("button", { id: "release-all", onclick: async () => { await settle("release", numbers()); await draw(); } }, "Release all shown"),
      el("button", { id: "discard-all", class: "quiet", onclick: () => discard(numbers(), draw) }, "Discard all shown")) : null);
    redraw(holder,
      el("p", { class: "hint", role: "status" }, page.requests
        ? `${number(page.requests)} kept, ${bytes(page.bytes)}${page.dropped ? `; ${number(page.dropped)} older ones had to go` : ""}`
        : "Nothing is kept. Sources with \"on_invalid\": \"quarantine\" keep here what they refuse for its signature."),
      shown.length ? el("div", { class: "scroll" }, made) : null, next ? el("div", { class: "foot" }, more) : null);
  }
  await draw();
  redraw(place, title, holder);
  return draw;
}

async function one(place, wanted) {
  const kept = await get(`quarantine/${encodeURIComponent(wanted)}`);
  const back = () => location.assign("#/quarantine");
  const facts = { Received: moment(kept.received_at), Source: kept.source, From: kept.client,
    "Why it was refused": kept.reason, Request: kept.request };
  const headers = Object.entries(kept.headers).map(([name, value]) => `${name}: ${value}`).join("\n");
  const force = () => confirm(`Release request ${kept.number} unproven?`,
    "It becomes an event although nothing proves who sent it.", "Only for a request that you know to be genuine.",
    "Release unproven", async () => { if (await settle("release", [kept.number], { force: true })) back(); });
  redraw(place, el("div", { class: "title" }, el("h1", {}, `Quarantined request ${kept.number}`),
    el("div", { class: "buttons" },
      el("button", { id: "release", class: "primary",
        onclick: async () => { if (await settle("release", [kept.number])) back(); } }, "Release"),
      el("button", { id: "force", onclick: force }, "Release unproven"),
      el("button", { id: "discard", class: "quiet", onclick: () => discard([kept.number], back) }, "Discard"))),
  el("dl", { class: "facts" }, Object.entries(facts).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))),
  el("h2", {}, "Headers"), code(headers || "(none)", "Headers"),
  el("h2", {}, "Body"), code(kept.body === undefined ? `(base64)\n${kept.body_base64}` : pretty(kept.body), "Body"));
  return null;
}

/** Shows what is kept, or one of them; answers what brings the list up to date. */
export const quarantine = (place, wanted) => wanted ? one(place, wanted) : list(place);
