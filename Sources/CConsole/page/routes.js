// Routes: what each took, and a box to try an event on them.

import { get, post } from "./api.js";
import { badge, el, number, redraw, row, table } from "./dom.js";

const columns = ["Route", "State", "From", "Match", "To", "Taken"];

function line(route) {
  return row(columns, [
    el("a", { href: `#/audit?route=${encodeURIComponent(route.name)}` }, route.name),
    [badge(route.active ? "active" : "off", route.active ? "good" : "wait"), route.final ? el("small", {}, "final") : null],
    route.from.join(", ") || "any source", el("code", {}, route.match ? JSON.stringify(route.match) : "every event"),
    route.to.join(", ") || "nowhere", number(route.taken),
  ]);
}

function verdict(report) {
  const kept = ["Route", "Takes it", "Because"];
  const rows = [
    ...report.routes.map(name => row(kept, [name, badge("yes", "good"), ""])),
    ...report.not.map(({ route, because }) => row(kept, [route, badge("no", "wait"), because])),
  ];
  return [
    report.refused ? el("p", { class: "error" }, `The source would refuse it with 422: ${report.refused.join("; ")}`) : null,
    el("p", {}, "By source ", el("strong", {}, report.source), report.targets.length
      ? ` it goes to ${report.targets.join(", ")}.` : " it goes nowhere."),
    table("What the routes make of it", kept, rows, "verdict"),
  ];
}

function tryOut(sources, types, number) {
  const text = el("textarea", { id: "try-event", rows: 12, spellcheck: "false", "aria-describedby": "try-hint" });
  const source = el("select", { id: "try-source" }, sources.map(name => el("option", { value: name }, name)));
  const sample = el("select", { id: "try-sample" }, el("option", { value: "" }, "a sample…"),
    types.map(type => el("option", { value: type }, type)));
  const from = el("input", { id: "try-number", inputmode: "numeric", placeholder: "1042", value: number ?? "" });
  const result = el("div", { id: "try-result", "aria-live": "polite" });
  const attempt = async (work) => {
    try { await work(); } catch (problem) {
      redraw(result, el("p", { class: "error" }, problem.message), el("p", { class: "hint" }, problem.hint ?? ""));
    }
  };
  const load = () => attempt(async () => {
    const report = await get(`events/${encodeURIComponent(from.value)}`);
    text.value = report.body ?? "";
    if (sources.includes(report.source)) source.value = report.source;
    result.replaceChildren();
  });
  sample.addEventListener("change", () => sample.value && attempt(async () => {
    text.value = JSON.stringify(await get(`samples/${encodeURIComponent(sample.value)}`), null, 2);
    result.replaceChildren();
  }));
  const form = el("form", { class: "try" },
    el("label", { for: "try-event" }, "Event"), text,
    el("p", { class: "hint", id: "try-hint" }, "Paste one, or take it from the catalogue or from the log. Nothing is sent."),
    el("div", { class: "buttons" },
      el("label", {}, "Sample", sample), el("label", {}, "Event number", from),
      el("button", { type: "button", class: "quiet", onclick: load }, "Take it"),
      el("label", {}, "Source", source), el("button", { class: "primary" }, "Try")), result);
  form.addEventListener("submit", submit => {
    submit.preventDefault();
    attempt(async () => redraw(result, ...verdict(await post("match", { body: text.value, source: source.value }))));
  });
  if (number) load();
  return form;
}

/** Shows the routes; answers what draws their counts anew. */
export async function routes(place, rest, parameters) {
  const [first, samples] = await Promise.all([get("routes"), get("samples")]);
  const holder = el("div", {});
  let last = "";
  const draw = found => {
    const now = JSON.stringify(found);
    if (now === last) return;
    last = now;
    const some = found.total > found.routes.length
      ? `: the first ${number(found.routes.length)} of ${number(found.total)}` : "";
    redraw(holder, el("div", { class: "scroll" }, table(`Routes, in order${some}`, columns, found.routes.map(line), "routes")),
      el("p", { class: "hint" }, found.unmatched.length
        ? `What no route takes goes to ${found.unmatched.join(", ")}.` : "What no route takes is kept and goes nowhere."));
  };
  draw(first);
  redraw(place, el("div", { class: "title" }, el("h1", {}, "Routes")), holder, el("h2", {}, "Try an event"),
    tryOut(first.sources, samples.types, parameters.get("event")));
  return async () => draw(await get("routes"));
}
