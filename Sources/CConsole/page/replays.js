// Events of the past sent to targets again, as jobs: begun after a count, watched, paused, resumed, cancelled.

import { get, post, query } from "./api.js";
import { badge, confirm, el, moment, number, redraw, row, say, table } from "./dom.js";

const columns = ["Replay", "State", "To", "Received from", "Until", "Pattern", "Rate", "Looked at", "Matched", "Handed over",
  "Waited already", "Action"];
/** Where relays share a cluster, it is also said which one runs a job. */
const withRelay = [...columns.slice(0, -1), "Relay", "Action"];
const kinds = { running: "wait", paused: "wait", done: "good", cancelled: "" };
/** How often a count is asked for until it is there, in milliseconds. */
const period = 300;

function actions(job, act) {
  const words = { running: ["Pause", "Cancel"], paused: ["Resume", "Cancel"] }[job.state] ?? [];
  return words.length ? el("div", { class: "buttons" }, words.map(word => el("button", {
    id: `${word.toLowerCase()}-${job.replay}`, class: word === "Cancel" ? "quiet" : null,
    "aria-label": `${word} replay ${job.replay}`, onclick: () => act(job.replay, word.toLowerCase()),
  }, word))) : "";
}

function line(job, isShared, act) {
  return row(isShared ? withRelay : columns, [job.replay,
    [badge(job.dry_run ? "counted" : job.state, kinds[job.state] ?? ""), job.obstacle ? el("small", {}, job.obstacle) : null],
    job.to.join(", "), moment(job.since), moment(job.until), job.match ? el("code", {}, job.match) : "every event",
    job.rate ?? "–", number(job.seen), number(job.matched), number(job.handed_over), number(job.waited),
    ...(isShared ? [job.relay ?? "–"] : []), actions(job, act),
  ], { "data-replay": job.replay });
}

/** A request of the form's values; those that are empty are left out. */
function wanted(form) {
  const values = new FormData(form);
  const texts = Object.fromEntries(new URLSearchParams(query({
    since: values.get("since"), until: values.get("until"), match: values.get("match"), rate: values.get("rate") })));
  return { ...texts, to: values.getAll("to") };
}

/** Counts what a request would send: a job that sends nothing, waited for. */
async function count(request) {
  let job = await post("replays", { ...request, dry_run: true });
  while (job.state === "running") {
    await new Promise(done => setTimeout(done, period));
    job = (await get("replays")).replays.find(one => one.replay === job.replay) ?? { ...job, state: "done" };
  }
  return job;
}

function form(targets, parameters, draw) {
  const text = (name, label, hint, needed) => el("label", {}, label,
    el("input", { name, placeholder: hint, required: needed, value: parameters.get(name) ?? "", autocomplete: "off", spellcheck: "false" }));
  const made = el("form", { class: "filters", "aria-label": "A new replay" },
    text("since", "Received since", "1h or 2026-01-01", true), text("until", "Until", "now"),
    text("match", "Event pattern", '{"type": ["order.paid"]}'), text("rate", "Rate", "100/s"),
    el("fieldset", {}, el("legend", {}, "To"), targets.map(name => el("label", { class: "choice" },
      el("input", { type: "checkbox", name: "to", value: name, checked: parameters.getAll("to").includes(name) }), name))),
    el("div", { class: "buttons" }, el("button", { id: "replay", class: "primary" }, "Replay")));
  made.addEventListener("submit", async submit => {
    submit.preventDefault();
    const request = wanted(made);
    if (!request.to.length) return say("Choose a target.", "error");
    const button = made.querySelector("#replay");
    button.disabled = true;
    try {
      const counted = await count(request);
      if (!counted.matched) say("No event matches: nothing is to be sent.");
      else ask(request, counted.matched, draw);
    } catch (problem) {
      say([problem.message, problem.hint].filter(Boolean).join(" – "), "error");
    }
    button.disabled = false;
  });
  return made;
}

function ask(request, matched, draw) {
  const what = matched === 1 ? "1 event" : `${number(matched)} events`;
  confirm(`Send ${what} to ${request.to.join(", ")}?`, "They are sent whether or not a route would send them there.",
    "Receivers know a repetition by its webhook-id. A delivery that still waits is left as it is.", `Replay ${what}`,
    async () => {
      try {
        say(`Replay ${(await post("replays", request)).replay} has begun.`);
      } catch (problem) {
        say(problem.message, "error");
      }
      await draw();
    });
}

/** Shows the jobs, and the form that begins one; answers what draws the jobs anew. */
export async function replays(place, rest, parameters) {
  const holder = el("div", { class: "scroll" });
  const { targets } = await get("targets");
  let last = "";
  async function draw() {
    const { replays } = await get("replays");
    const now = JSON.stringify(replays);
    if (now === last) return;
    last = now;
    const isShared = replays.some(job => job.relay);
    redraw(holder, table("Replays, the latest first", isShared ? withRelay : columns,
      replays.reverse().map(job => line(job, isShared, act)), "replays"));
  }
  async function act(id, action) {
    try {
      const job = await post(`replays/${id}/${action}`);
      say(`Replay ${id} is ${job.state}.`);
    } catch (problem) {
      say(problem.message, "error");
    }
    await draw();
  }
  await draw();
  redraw(place, el("div", { class: "title" }, el("h1", {}, "Replays")),
    form(targets.filter(target => !target.orphaned).map(target => target.name), parameters, draw), holder);
  return draw;
}
