// Sending again: one delivery at once, many after a look at how many they are.

import { post, query } from "./api.js";
import { confirm, el, number, say } from "./dom.js";

/** A button that sends one delivery again. */
export function retryButton(delivery) {
  const button = el("button", {
    "aria-label": `Retry ${delivery}`, "data-delivery": delivery,
    onclick: async () => {
      button.disabled = true;
      try {
        const answer = await post("retry", { deliveries: [delivery] });
        say(`${delivery}: ${answer.results[0]?.result ?? "nothing to do"}`);
      } catch (problem) {
        say(`${delivery}: ${problem.message}`, "error");
      }
      button.disabled = false;
    },
  }, "Retry");
  return button;
}

/** Counts what matches, asks, and sends it again. */
export async function retryAll(filter) {
  const match = Object.fromEntries(new URLSearchParams(query(filter)));
  // Only what was given up is sent again; a filter on another status leaves nothing.
  if (match.status && match.status !== "FAILED") return say("Only failures are sent again: choose status FAILED.", "error");
  const request = { match };
  try {
    const counted = await post("retry", { ...request, dry_run: true });
    if (!counted.retried) return say("No failure matches: nothing is to be sent again.");
    ask(counted.retried, match, () => send(request));
  } catch (problem) {
    say(problem.message, "error");
  }
}

async function send(request) {
  try {
    const answer = await post("retry", { ...request, dry_run: false });
    say(`${number(answer.retried)} ${answer.retried === 1 ? "delivery is" : "deliveries are"} sent again.`);
  } catch (problem) {
    say(problem.message, "error");
  }
}

function ask(count, match, then) {
  const what = count === 1 ? "1 delivery" : `${number(count)} deliveries`;
  const conditions = Object.entries(match).map(([name, value]) => `${name} ${value}`).join(", ");
  confirm(`Send ${what} again?`, conditions ? `All that was given up with ${conditions}.` : "All that was given up.",
    "Each target takes them at its own pace. Receivers know a repetition by its webhook-id.", `Retry ${what}`, then);
}
