"""Queues that are moved and dropped where relays share a cluster: what waits goes, in whosever hands it is."""
import json
import os
import threading
import unittest

from brokers import Brokers
from ports import free_port
from relay import Receiver, leave_to_long, until
from test_cluster import Relay, arrived
from test_order import Ledger

never = {"after": 0}
opens = {"after": 3, "probe": "1h"}
patient = {"first": "1h", "for": "48h"}


class Routed(Relay):
    """A relay whose events go to the first of its targets only."""

    def start(self):
        with open(self.path) as file:
            configuration = json.load(file)
        configuration["routes"] = [{"name": "all", "to": list(configuration["targets"])[:1]}]
        with open(self.path, "w") as file:
            json.dump(configuration, file)
        super().start()


class OneBroker(unittest.TestCase):
    is_old = False
    count = 1

    @classmethod
    def setUpClass(cls):
        cls.brokers = Brokers(cls.count, is_old=cls.is_old)

    @classmethod
    def tearDownClass(cls):
        cls.brokers.close()

    def receiver(self, *arguments):
        receiver = Receiver(*arguments)
        self.addCleanup(receiver.close)
        return receiver

    def slow_receiver(self, status):
        """One whose attempts last until `holds` is set; `begun` tells of the first."""
        holds, begun = threading.Event(), threading.Event()

        def slowly():
            begun.set()
            holds.wait(60)
            return status

        receiver = self.receiver(slowly)
        receiver.holds, receiver.begun = holds, begun
        self.addCleanup(holds.set)
        return receiver

    def relays(self, targets, name, count=2):
        relays = []
        for _ in range(count):
            relays.append(Routed(self.brokers.urls, targets, replicas=self.count, name=name))
            self.addCleanup(relays[-1].close)
        return relays

    def send(self, relays, name, numbers):
        for number in numbers:
            self.assertEqual(relays[number % len(relays)].send({"type": "order", "id": f"{name}-{number}"})[0], 202)

    def results(self, relay, *words):
        answer = relay.verb(*words, "--json")
        self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)
        return [json.loads(line) for line in answer.stdout.splitlines()]

    def waiting(self, relay, target):
        return relay.status()["targets"][target]["waiting"]

    def test_what_waits_goes_to_another_target_in_whosever_hands_it_is(self):
        live = self.receiver()
        dead = {"http": {"url": f"http://127.0.0.1:{free_port()}/"}, "retry": patient, "breaker": opens}
        relays = self.relays({"old": dead, "new": {"http": {"url": live.url + "/"}}}, "moved")
        # Some wait for a retry, some are in hand behind either relay's breaker, the rest are with the brokers.
        self.send(relays, "moved", range(300))
        for relay in relays:
            until("the breakers are open", lambda: relay.status()["targets"]["old"]["breaker"] == "open")
        until("all wait", lambda: self.waiting(relays[1], "old") >= 300)
        event = json.loads(relays[0].send({"type": "order", "id": "shown"})[1])["event"]
        self.results(relays[1], "move", "old", "new")
        wanted = {f"moved-{number}" for number in range(300)} | {"shown"}
        until("all have arrived", lambda: not wanted - set(arrived(live)))
        until("nothing waits", lambda: all(self.waiting(r, t) == 0 for r in relays for t in ("old", "new")))
        self.assertEqual([key for key in wanted if arrived(live)[key] != 1], [], "delivered more than once")
        shown = json.loads(relays[0].verb("show", str(event), "--json").stdout)["deliveries"]
        self.assertEqual([(d["target"], d["state"]) for d in shown if d["target"] == "old"], [("old", "done")])
        # A second time there is nothing, and what comes now stays.
        count = len(live.requests)
        self.results(relays[0], "move", "old", "new")
        self.send(relays, "later", range(4))
        until("what came later waits", lambda: self.waiting(relays[0], "old") == 4)
        self.assertEqual(len(live.requests), count)

    def test_what_is_under_way_at_another_relay_stays_there(self):
        slow, live = self.slow_receiver(200), self.receiver()
        old = {"http": {"url": slow.url + "/"}, "concurrency": 1, "breaker": never}
        relays = self.relays({"old": old, "new": {"http": {"url": live.url + "/"}}}, "held")
        self.send(relays[:1], "held", range(40))
        until("an attempt is under way", slow.begun.is_set)
        self.results(relays[1], "move", "old", "new")
        slow.holds.set()
        wanted = {f"held-{number}" for number in range(40)}
        until("all have arrived", lambda: wanted <= set(arrived(live)) | set(arrived(slow)))
        until("nothing waits", lambda: all(self.waiting(r, t) == 0 for r in relays for t in ("old", "new")))
        self.assertLessEqual(len(arrived(slow)), 4, "both relays' attempts, and those of the relays' start")
        self.assertEqual(set(arrived(live)) & set(arrived(slow)), set())

    def test_what_stands_in_an_order_behind_what_is_under_way_goes_too(self):
        slow, live = self.slow_receiver(503), self.receiver()
        old = {"http": {"url": slow.url + "/"}, "order": "type", "retry": patient, "breaker": never}
        relays = self.relays({"old": old, "new": {"http": {"url": live.url + "/"}}}, "behind")
        self.send(relays, "behind", range(10))
        until("an attempt is under way", slow.begun.is_set)
        threading.Timer(2, slow.holds.set).start()
        self.results(relays[1], "move", "old", "new")
        until("all have arrived", lambda: len(set(arrived(live))) == 10)
        until("nothing waits", lambda: all(self.waiting(r, t) == 0 for r in relays for t in ("old", "new")))

    def test_order_holds_among_what_was_moved(self):
        ledger = Ledger()
        self.addCleanup(ledger.close)
        dead = {"http": {"url": f"http://127.0.0.1:{free_port()}/"}, "retry": patient, "breaker": never}
        live = {"http": {"url": ledger.url}, "order": "key", "breaker": never}
        relays = self.relays({"old": dead | {"order": "key"}, "new": live}, "keys")
        for number in range(12):
            for key in "abcdef":
                event = {"type": "order", "id": f"{key}-{number}", "key": key, "number": number}
                self.assertEqual(relays[number % 2].send(event)[0], 202)
        until("the first of each key waits for its retry", lambda: sum(len(r.lines("audit.ndjson")) for r in relays) >= 6)
        self.results(relays[0], "move", "old", "new")
        until("all have arrived", lambda: all(len(ledger.of(key)) >= 12 for key in "abcdef"))
        self.assertEqual([ledger.of(key) for key in "abcdef"], [list(range(12))] * 6)
        until("nothing waits", lambda: all(self.waiting(r, t) == 0 for r in relays for t in ("old", "new")))

    def test_what_another_relay_has_in_hand_is_dropped_too(self):
        live = self.receiver()
        relays = self.relays({"old": {"http": {"url": live.url + "/"}, "breaker": never}}, "dropped")
        until("the relays' first events have come", lambda: all(self.waiting(r, "old") == 0 for r in relays))
        self.results(relays[0], "pause", "old")
        until("both wait", lambda: all(r.status()["targets"]["old"]["paused"] for r in relays))
        self.send(relays, "dropped", range(20))
        until("they wait", lambda: self.waiting(relays[0], "old") == 20)
        self.results(relays[0], "drop", "old", "--yes")
        self.results(relays[0], "resume", "old")
        until("both go on", lambda: not any(r.status()["targets"]["old"]["paused"] for r in relays))
        self.send(relays, "after", range(2))
        until("what came after", lambda: {"after-0", "after-1"} <= set(arrived(live)))
        self.assertEqual([key for key in arrived(live) if key.startswith("dropped")], [])
        # It counts as given up, and can be taken back.
        until("it is counted", lambda: all(r.status()["targets"]["old"]["failed"] == 20 for r in relays))
        self.results(relays[1], "retry", "--failed", "--target", "old")
        wanted = {f"dropped-{number}" for number in range(20)}
        until("all have arrived", lambda: wanted <= set(arrived(live)))
        until("nothing counts any more", lambda: all(r.status()["targets"]["old"]["failed"] == 0 for r in relays))
        self.assertEqual([arrived(live)[key] for key in wanted], [1] * 20)

    def test_what_waits_for_a_retry_is_dropped_and_what_is_under_way_is_not_tried_again(self):
        holds, begun, fails = threading.Event(), threading.Event(), [503]

        def slowly():
            if begun.is_set():
                return fails[0]
            begun.set()
            holds.wait(60)
            return 503

        slow = self.receiver(slowly)
        self.addCleanup(holds.set)
        old = {"http": {"url": slow.url + "/"}, "order": "id", "concurrency": 1, "breaker": never}
        relays = self.relays({"old": old | {"retry": {"first": "2s", "factor": 1, "for": "1h"}}}, "again")
        until("an attempt is under way", begun.is_set)
        self.send(relays, "again", range(20))
        until("some wait for a retry", lambda: sum(l["status"] == "RETRYING" for r in relays for l in r.lines("audit.ndjson")) > 4)
        self.results(relays[1], "drop", "old", "--yes")
        holds.set()
        until("nothing waits", lambda: all(self.waiting(r, "old") == 0 for r in relays))
        fails[0] = 200
        self.send(relays, "after", range(2))
        until("what came after", lambda: {"after-0", "after-1"} <= set(arrived(slow)))
        self.assertEqual([key for key in arrived(slow) if key.startswith("again")], [])
        until("all is given up", lambda: relays[0].status()["targets"]["old"]["failed"] >= 21)


class OneOldBroker(OneBroker):
    """The same on Debian's nats-server, which is of 2023."""

    is_old = True


class ThreeBrokers(OneBroker):
    """The same with replicas."""

    count = 3


leave_to_long(OneOldBroker, but="whosever")
leave_to_long(ThreeBrokers, but="whosever")

if __name__ == "__main__":
    unittest.main()
