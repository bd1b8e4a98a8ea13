"""What is owed again by hand on a cluster: nothing is sent twice that was owed already, and nothing is forgotten."""
import collections
import json
import signal
import unittest

from brokers import BrokerAndReceiver
from relay import Receiver, until
from test_cluster import Relay, arrived


class Again(BrokerAndReceiver):
    """Two relays, whose target can be told to fail; one broker."""

    def setUp(self):
        self.fails = False
        self.tried = []
        self.crm = Receiver(self.answer)
        self.addCleanup(self.crm.close)

    def answer(self):
        self.tried.append(1)
        return 500 if self.fails else 200

    def pair(self, name, **target):
        target = {"http": {"url": self.crm.url + "/"}, "retry": {"attempts": 1}, "breaker": {"after": 0}} | target
        relays = []
        for _ in range(2):
            relays.append(Relay(self.brokers.urls, {"crm": target}, replicas=1, name=name))
            self.addCleanup(relays[-1].close)
        return relays

    def send(self, relays, count, name="e"):
        return [
            json.loads(relays[n % len(relays)].send({"type": "order", "id": f"{name}-{n}"})[1])["event"] for n in range(count)
        ]

    def failed(self, relay):
        return relay.status()["targets"]["crm"]["failed"]

    def standings(self, relay):
        counts = collections.Counter()
        for line in relay.verb("spool", "export", "--match", '{"type":["order"]}').stdout.splitlines():
            for delivery in json.loads(line)["deliveries"]:
                counts[delivery["state"]] += 1
        return counts

    def test_failures_that_fail_again_at_once_are_failures_once_more(self):
        relays = self.pair("fails-again")
        self.fails = True
        # The pings that found the relays ready are deliveries, too.
        count = 100
        self.send(relays, count)
        until("all are given up", lambda: self.standings(relays[0])["failed"] == count)
        for relay in relays:
            until("they are counted", lambda: self.failed(relay) >= count)
            known = self.failed(relay)
            before = len(self.tried)
            answer = relay.verb("retry", "--failed")
            self.assertEqual(answer.returncode, 0, answer.stderr)
            self.assertIn(f"{known} sent again", answer.stdout)
            until("each was tried once more", lambda: len(self.tried) - before >= known)
            until("each is given up again", lambda: self.standings(relay)["failed"] == count)
            until("and counted", lambda: self.failed(relay) == known)
            self.assertEqual(len(self.tried) - before, known)
        self.fails = False
        self.assertEqual(relays[0].verb("retry", "--failed").returncode, 0)
        until("all are delivered", lambda: len(arrived(self.crm)) == count)
        until("none is called a failure", lambda: self.standings(relays[0]) == {"done": count})
        until("none is counted", lambda: self.failed(relays[0]) == 0)
        self.assertEqual(set(arrived(self.crm).values()), {1})

    def test_what_waits_in_a_relays_hands_is_not_sent_twice(self):
        relays = self.pair("in-hand")
        self.assertEqual(relays[0].verb("pause", "crm").returncode, 0)
        until("both pause", lambda: all(relay.status()["targets"]["crm"]["paused"] for relay in relays))
        events = self.send(relays, 60)
        for event in events[:20]:
            answer = relays[event % 2].verb("retry", f"{event}/crm")
            self.assertIn("waits as before", answer.stdout, answer.stderr)
        answer = relays[1].verb("replay", "--since", "1h", "--to", "crm", "--match", '{"type":["order"]}', "--wait", "--json")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertEqual(self.standings(relays[0]), {"waiting": 60})
        relays[1].verb("resume", "crm")
        until("all are delivered", lambda: len(arrived(self.crm)) == 60)
        until("all are done", lambda: self.standings(relays[0]) == {"done": 60})
        self.assertEqual(set(arrived(self.crm).values()), {1})
        # What was delivered is sent again.
        self.assertIn("sent again", relays[0].verb("retry", f"{events[0]}/crm").stdout)
        until("it came again", lambda: sorted(arrived(self.crm).values())[-1] == 2)

    def test_what_a_frozen_relay_had_in_hand_and_not_begun_it_does_not_begin_any_more(self):
        relays = self.pair("frozen")
        frozen, other = relays
        other.verb("pause", "crm")
        until("both pause", lambda: all(relay.status()["targets"]["crm"]["paused"] for relay in relays))
        self.send(relays, 60)
        until("all are in hand", lambda: self.standings(other) == {"waiting": 60})
        frozen.process.send_signal(signal.SIGSTOP)
        try:
            other.verb("resume", "crm")
            until("the other one delivers all of them", lambda: len(arrived(self.crm)) == 60)
        finally:
            frozen.process.send_signal(signal.SIGCONT)
        until("it hears that the queue goes on", lambda: not frozen.status()["targets"]["crm"]["paused"])
        # It delivers again what comes after.
        before = len(frozen.lines("audit.ndjson"))

        def works():
            self.send([frozen], 1, f"more-{len(self.tried)}")
            return len(frozen.lines("audit.ndjson")) > before

        until("it works", works)
        until("nothing waits", lambda: self.standings(other)["waiting"] == 0)
        self.assertEqual({count for key, count in arrived(self.crm).items() if key.startswith("e-")}, {1})

    def test_what_was_erased_is_not_delivered_by_whoever_has_it_in_hand(self):
        relays = self.pair("erased")
        relays[0].verb("pause", "crm")
        until("both pause", lambda: all(relay.status()["targets"]["crm"]["paused"] for relay in relays))
        events = self.send(relays, 20)
        until("all are handed out", lambda: self.standings(relays[0]) == {"waiting": 20})
        answer = relays[1].verb("spool", "erase", *map(str, events[:10]))
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertEqual(answer.stdout.count("1 deliveries that were still owed are not made"), 10, answer.stdout)
        relays[0].verb("resume", "crm")
        until("the others come", lambda: len(arrived(self.crm)) == 10)
        until("nothing waits", lambda: relays[0].status()["targets"]["crm"]["waiting"] == 0)
        self.assertEqual(set(arrived(self.crm)), {f"e-{n}" for n in range(10, 20)})

    def test_delivered_is_delivered_whatever_waits_before_it(self):
        relays = self.pair("before", retry={"first": "1h"})
        self.fails = True
        self.send(relays, 1, "first")
        until("the first waits for its retry", lambda: any("next_attempt_at" in line for r in relays for line in r.lines("audit.ndjson")))
        self.fails = False
        events = self.send(relays, 5)
        until("the others come", lambda: len(arrived(self.crm)) == 5)
        until("they are done", lambda: self.standings(relays[1])["done"] == 5)
        # An age is one of this event, not of the world.
        relays[0].verb("retry", f"{events[0]}/crm")
        age = relays[0].status()["targets"]["crm"]["oldest_seconds"]
        self.assertLess(age, 3600)

    def test_without_brokers_nothing_is_said_to_be_none(self):
        relays = self.pair("without")
        for broker in self.brokers.all:
            broker.kill()
        try:
            answer = relays[0].verb("retry", "--failed", "--target", "crm")
            self.assertNotEqual(answer.returncode, 0, answer.stdout)
        finally:
            for broker in self.brokers.all:
                broker.start()


if __name__ == "__main__":
    unittest.main()
