// The page: which section is shown, and what the head says. The address bar holds all of it: #/audit?status=FAILED

import { get } from "./api.js";
import { badge, bytes, el, number, redraw, say } from "./dom.js";
import { records } from "./records.js";
import { event } from "./event.js";
import { targets } from "./targets.js";
import { routes } from "./routes.js";
import { replays } from "./replays.js";
import { quarantine } from "./quarantine.js";
import { cluster } from "./cluster.js";
import { configuration } from "./configuration.js";

const sections = {
  audit: { title: "Audit log", show: (place, rest, parameters) => records(place, "audit", parameters) },
  failures: { title: "Failures", show: (place, rest, parameters) => records(place, "failures", parameters) },
  events: { title: "Event", show: event },
  targets: { title: "Targets", show: targets },
  routes: { title: "Routes", show: routes },
  replays: { title: "Replays", show: replays },
  quarantine: { title: "Quarantine", show: quarantine },
  cluster: { title: "Cluster", show: cluster },
  configuration: { title: "Configuration", show: configuration },
};

/** How often what is shown is asked for again, in milliseconds. */
const period = 2000;
let refresh = null;
let shown = "";

async function route() {
  const [path, search] = location.hash.slice(2).split("?");
  const [name, rest] = path.split("/");
  const section = sections[name] ?? sections.audit;
  if (!sections[name]) return location.replace("#/audit");
  refresh = null;
  for (const link of document.querySelectorAll("nav a")) {
    const isHere = link.getAttribute("href") === `#/${name}`;
    if (isHere) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
  }
  document.title = `${section.title}${rest ? ` ${rest}` : ""} · Hookswitch`;
  const main = document.getElementById("main");
  const here = location.hash;
  try {
    const next = await section.show(main, rest, new URLSearchParams(search));
    if (location.hash === here) refresh = next;
  } catch (problem) {
    redraw(main, el("h1", {}, section.title), el("p", { class: "error" }, problem.message),
      problem.hint ? el("p", { class: "hint" }, problem.hint) : null);
  }
  // Whoever came by a link hears where they are.
  if (shown && shown !== path) main.focus();
  shown = path;
}

async function health() {
  const place = document.getElementById("health");
  try {
    const status = await get("status");
    const names = Object.values(status.targets);
    const failed = names.reduce((sum, target) => sum + target.failed, 0);
    const waiting = names.reduce((sum, target) => sum + target.waiting, 0);
    const closed = status.spool.closed;
    document.getElementById("cluster").hidden = status.spool.sync !== "jetstream";
    redraw(place, badge(closed ? "door closed" : "accepting", closed ? "bad" : "good"),
      el("span", {}, `${number(waiting)} waiting`), el("span", {}, `${number(failed)} failed`),
      el("span", {}, bytes(status.spool.bytes)), el("span", { class: "version" }, status.version));
    place.title = closed ?? "";
  } catch (problem) {
    redraw(place, badge("no answer", "bad"), el("span", {}, problem.message));
  }
}

async function tick() {
  if (document.visibilityState === "visible") {
    await health();
    try { await refresh?.(); } catch (problem) { if (problem.status) say(problem.message, "error"); }
  }
  setTimeout(tick, period);
}

document.getElementById("skip").addEventListener("click", click => {
  click.preventDefault();
  document.getElementById("main").focus();
});
addEventListener("hashchange", route);
document.getElementById("logout").hidden = !(await get("session").then(session => session.token, () => false));
await route();
tick();
