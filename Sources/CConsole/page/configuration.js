// The configuration in force, and what a reload found wrong with the file.

import { get, post } from "./api.js";
import { code, el, moment, redraw, row, say, table } from "./dom.js";

const columns = ["Line", "Column", "Where", "What", "What to do"];

function findings(list) {
  return table("What was found", columns, list.map(finding => row(columns,
    [finding.line, finding.column, el("code", {}, finding.path || "the file"), finding.message, finding.hint || "–"],
    { class: finding.severity })), "findings");
}

function outcome(reload) {
  if (!reload.tried_at) return el("p", { class: "hint" }, "It was read at the start and not since.");
  const when = el("span", {}, moment(reload.tried_at));
  return el("section", { "aria-label": "The latest reload" }, reload.refused
    ? el("p", { class: "error", role: "alert" }, "The reload was refused, the old configuration stays in force: ", when)
    : el("p", {}, "Read anew and in force since ", when),
  reload.findings.length ? el("div", { class: "scroll" }, findings(reload.findings)) : null);
}

/** Shows the configuration; answers what draws it anew once another is in force. */
export async function configuration(place) {
  const holder = el("div", {});
  let last = "";
  async function draw() {
    const shown = await get("configuration");
    const now = JSON.stringify(shown);
    if (now === last) return;
    last = now;
    redraw(holder, outcome(shown.reload), el("h2", {}, "In force"), el("p", { class: "hint" }, shown.path),
      code(JSON.stringify(shown.document, null, 2), "The configuration, secrets blotted out"));
  }
  async function reload() {
    try {
      await post("reload");
      say("Read anew and in force.");
    } catch (problem) {
      say(problem.message, "error");
    }
    await draw();
  }
  await draw();
  redraw(place, el("div", { class: "title" }, el("h1", {}, "Configuration"),
    el("button", { id: "reload", onclick: reload }, "Reload")), holder);
  return draw;
}
