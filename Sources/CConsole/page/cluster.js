// A cluster: its relays, whether they are heard of, and the brokers that keep the events.

import { get } from "./api.js";
import { age, badge, el, moment, number, redraw, row, table } from "./dom.js";

const relayColumns = ["Relay", "State", "Last seen", "Since", "Version", "In flight", "Accepted", "Refused", "Broker"];
const brokerColumns = ["Broker", "State", "Role", "Behind by", "Version", "Relays connected"];

function relayLine(relay) {
  const isSilent = relay.state === "silent";
  return row(relayColumns, [
    [relay.relay, relay.this ? el("small", {}, "this page's") : null],
    [badge(relay.state, isSilent ? "bad" : "good"), isSilent ? el("small", {}, `for ${age(relay.silent_seconds)}`) : null],
    moment(relay.last_seen), moment(relay.since), relay.version, number(relay.in_flight), number(relay.door.accepted),
    number(relay.door.refused), relay.broker?.name ?? "–",
  ], { "data-relay": relay.relay });
}

function brokerLine(broker) {
  return row(brokerColumns, [
    broker.name, badge(broker.state, broker.state === "current" ? "good" : "bad"), broker.role,
    broker.lag ? `${number(broker.lag)} operations` : "–", broker.version ?? "–", broker.relays.join(", ") || "–",
  ], { "data-broker": broker.name });
}

/** Shows relays and brokers; answers what draws them anew. */
export async function cluster(place) {
  const holder = el("div", { class: "scroll" });
  async function draw() {
    const { relays, brokers } = await get("cluster");
    redraw(holder, table("The relays that share the spool", relayColumns, relays.map(relayLine), "relays"),
      table("The brokers that keep the events", brokerColumns, brokers.map(brokerLine), "brokers"));
  }
  await draw();
  redraw(place, el("div", { class: "title" }, el("h1", {}, "Cluster")), holder);
  return draw;
}
