// Targets: what waits, how fast it goes, the last hour, and the switch that lets a queue wait.

import { get, post, query } from "./api.js";
import { age, badge, el, number, redraw, row, say, table } from "./dom.js";

const columns = ["Target", "State", "Backlog", "Oldest", "In flight", "Failed", "Rate", "p50", "p99", "Last hour", "Action"];

/** A bar a minute: deliveries, and on top of them the attempts that failed. */
function sparkline(name, minutes) {
  const highest = Math.max(1, ...minutes.map(minute => minute.succeeded + minute.failed));
  const succeeded = minutes.reduce((sum, minute) => sum + minute.succeeded, 0);
  const failed = minutes.reduce((sum, minute) => sum + minute.failed, 0);
  const bars = minutes.flatMap((minute, place) => {
    const good = minute.succeeded / highest * 28, bad = minute.failed / highest * 28;
    const bar = (kind, y, height) => height > 0 &&
      el("rect", { class: kind, x: place * 3, width: 2, y: Math.min(y, 27), height: Math.max(height, 1) });
    return [bar("good", 28 - good, good), bar("bad", 28 - good - bad, bad)];
  });
  const label = `${name}, the last hour: ${number(succeeded)} delivered, ${number(failed)} failed attempts`;
  return el("svg", { class: "spark", viewBox: "0 0 180 28", role: "img", "aria-label": label, preserveAspectRatio: "none" },
    el("title", {}, label), bars);
}

function state(target) {
  if (target.orphaned) return badge("not configured", "wait");
  if (target.paused) return badge("paused", "wait");
  if (target.breaker !== "closed") return badge(`breaker ${target.breaker}`, "bad");
  if (target.held_seconds > 0) return badge(`asked to wait ${age(target.held_seconds)}`, "wait");
  return badge("working", "good");
}

function line(target, act) {
  const action = target.paused ? "Resume" : "Pause";
  return row(columns, [
    [el("a", { href: `#/audit?${query({ target: target.name })}` }, target.name),
      el("small", {}, target.kind ? `${target.kind} ${target.place}` : "its backlog stays until it is moved or dropped")],
    [state(target), target.last_error && (target.failed || target.retried) ? el("small", {}, target.last_error) : null],
    number(target.waiting), target.waiting ? age(target.oldest_seconds) : "–", number(target.in_flight),
    target.failed ? el("a", { href: `#/failures?${query({ target: target.name })}` }, number(target.failed)) : "0",
    `${target.delivered_per_second.toFixed(1)}/s`, age(target.p50_seconds), age(target.p99_seconds),
    target.orphaned ? "–" : sparkline(target.name, target.minutes),
    target.orphaned ? "" : el("button", {
      id: `switch-${target.name}`, "aria-label": `${action} ${target.name}`, onclick: () => act(action, target.name),
    }, action),
  ], { "data-target": target.name });
}

/** Shows the targets; answers what draws them anew. */
export async function targets(place) {
  const holder = el("div", { class: "scroll" });
  async function draw() {
    const { targets } = await get("targets");
    redraw(holder, table("Targets and their queues", columns, targets.map(target => line(target, act)), "targets"));
  }
  async function act(action, name) {
    try {
      const answer = await post(action.toLowerCase(), { targets: [name] });
      say(`${name}: ${answer.results[0]?.result ?? action}`);
      await draw();
    } catch (problem) {
      say(`${name}: ${problem.message}`, "error");
    }
  }
  await draw();
  redraw(place, el("div", { class: "title" }, el("h1", {}, "Targets")), holder);
  return draw;
}
