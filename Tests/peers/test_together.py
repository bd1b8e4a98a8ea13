"""What `--cluster` shows and does: all relays' records, whichever relay is asked, and whether the others live or not."""
import collections
import json
import os
import random
import unittest

from brokers import BrokerAndReceiver, Brokers
from ports import free_port
from relay import Receiver, until
from test_buffer import Buffered
from test_cluster import Relay, Sender, arrived


class Together(BrokerAndReceiver):
    """Two relays, of which the first can't reach its target; one broker."""

    def relay(self, url, name):
        target = {"http": {"url": url}, "retry": {"attempts": 1}, "breaker": {"after": 0}}
        relay = Relay(self.brokers.urls, {"crm": target}, replicas=1, name=name)
        self.addCleanup(relay.close)
        return relay

    def rows(self, relay, *words):
        answer = relay.verb(*words, "--cluster", "--json")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        return [json.loads(line) for line in answer.stdout.splitlines()]

    def cluster(self, relay):
        return self.rows(relay, "status")[0]

    def test_what_a_killed_relay_gave_up_is_shown_and_sent_again_by_another(self):
        first = self.relay(f"http://127.0.0.1:{free_port()}/", "killed")
        events = [json.loads(first.send({"type": "order", "id": f"k-{n}"})[1])["event"] for n in range(5)]
        until("all are given up", lambda: len(first.lines("failures.ndjson")) > 5)
        until("the brokers have them", lambda: len(self.rows(first, "failures")) > 5)
        first.kill()
        lost = first.lines("failures.ndjson")
        second = self.relay(self.receiver.url + "/", "killed")

        # The lines are those of the other's own file, and its own file has none of them.
        shown = self.rows(second, "failures")
        self.assertEqual(sorted(map(str, shown)), sorted(map(str, lost)))
        self.assertEqual([line for line in second.lines("failures.ndjson") if line in lost], [])
        self.assertEqual(len(self.rows(second, "failures", "--type", "order")), 5)
        self.assertEqual(self.rows(second, "failures", "--target", "other"), [])
        self.assertEqual(len(self.rows(second, "audit", "--type", "order", "--status", "failed", "--since", "1h")), 5)
        page = second.verb("failures", "--cluster", "--type", "order").stdout.splitlines()
        self.assertEqual(page[0].split()[-1], "RELAY")
        self.assertTrue(page[1].endswith(f":{first.port}"), page[1])
        self.assertEqual(self.rows(second, "failures", "--relay", "nobody"), [])

        # The attempts of an event are the other's; this one made none.
        own, all_relays = (json.loads(second.verb("show", str(events[0]), "--json", *words).stdout) for words in ([], ["--cluster"]))
        self.assertEqual(own["attempts"], [])
        self.assertEqual([attempt["status"] for attempt in all_relays["attempts"]], ["FAILED"])
        page = json.loads(second.get(f"/api/v1/events/{events[0]}/attempts"))
        self.assertEqual(page["attempts"], all_relays["attempts"])
        self.assertEqual([name.rsplit(":")[-1] for name in page["relays"]], [str(first.port)])
        self.assertTrue(page["complete"])

        until("failures are counted", lambda: self.cluster(second)["targets"]["crm"]["failed"] == len(lost))
        answer = second.verb("retry", "--cluster", "--failed", "--since", "1h", "--json")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        until("all are delivered", lambda: {f"k-{n}" for n in range(5)} <= set(arrived(self.receiver)))
        until(
            "both relays' attempts are shown",
            lambda: {(row["delivery"], row["status"]) for row in self.rows(second, "audit", "--type", "order")}
            == {(f"{event}/crm", status) for event in events for status in ("FAILED", "SUCCEEDED")},
        )
        # This relay's own come once, those that the brokers don't have yet included.
        page = json.loads(second.get(f"/api/v1/events/{events[0]}/attempts"))
        self.assertEqual([attempt["status"] for attempt in page["attempts"]], ["SUCCEEDED", "FAILED"])
        self.assertEqual([name.rsplit(":")[-1] for name in page["relays"]], [str(second.port), str(first.port)])
        until("nothing failed is left", lambda: self.cluster(second)["targets"]["crm"]["failed"] == 0)

        def states():
            relays = self.cluster(second)["relays"]
            return {relay["relay"].rsplit(":")[-1]: relay["state"] for relay in relays}

        until("the killed one is silent", lambda: states() == {str(first.port): "silent", str(second.port): "running"})
        # Without its daemon, too.
        second.kill()
        self.assertEqual(len(self.rows(second, "failures", "--type", "order")), 5)

    def test_a_relay_passes_on_what_it_wrote_while_it_was_cut_off(self):
        first = self.relay(f"http://127.0.0.1:{free_port()}/", "behind")
        second = self.relay(f"http://127.0.0.1:{free_port()}/", "behind")
        until("both are there", lambda: len(self.cluster(second)["relays"]) == 2)
        first.kill()
        # As if it had been killed before the brokers had its last line.
        line = {"status": "FAILED", "type": "late", "target": "crm", "delivery": "1/crm", "executed_at": "2026-01-01T00:00:00.000Z"}
        with open(os.path.join(first.directory.name, "spool", "failures.ndjson"), "a") as file:
            file.write(json.dumps(line, separators=(",", ":")) + "\n")
        first.start()
        until("the line is shown", lambda: self.rows(second, "failures", "--type", "late") == [line])
        first.close()
        until("it has taken its leave", lambda: len(self.cluster(second)["relays"]) == 1)

    def test_relays_brokers_and_replays_are_shown(self):
        first = self.relay(self.receiver.url + "/", "shown")
        second = self.relay(self.receiver.url + "/", "shown")
        status = until(
            "both relays are there",
            lambda: next((s for s in [self.cluster(first)] if len(s["relays"]) == 2), None),
        )
        self.assertEqual({relay["this"] for relay in status["relays"]}, {True, False})
        for relay in status["relays"]:
            self.assertEqual(relay["version"], status["version"])
            self.assertLess(relay["since"], relay["last_seen"])
            self.assertEqual(relay["broker"]["name"], "n0")
        self.assertEqual([(b["name"], b["role"], b["state"]) for b in status["brokers"]], [("n0", "leader", "current")])
        self.assertEqual(status["targets"]["crm"]["relays"], 2)
        page = second.verb("status", "--cluster").stdout
        self.assertIn(f":{first.port}", page)
        self.assertIn("n0", page)
        first.send({"type": "order", "id": "replayed"})
        until("it comes", lambda: arrived(self.receiver).get("replayed"))

        def replayed():
            # What waits, as far as the relay has heard, is left as it is.
            answer = second.verb("replay", "--cluster", "--since", "1h", "--to", "crm", "--wait")
            self.assertEqual(answer.returncode, 0, answer.stderr)
            return arrived(self.receiver)["replayed"] > 1

        until("it comes again", replayed)
        jobs = until("the other's replay is done", lambda: [j for j in self.rows(first, "replay", "list") if j["state"] == "done"])
        self.assertTrue(jobs[0]["relay"].endswith(f":{second.port}"))
        self.assertEqual((jobs[0]["state"], jobs[0]["to"]), ("done", ["crm"]))


class BehindABuffer(unittest.TestCase):
    """Relays with a local spool before the cluster."""

    def test_their_records_are_shown_and_they_themselves_too(self):
        brokers = Brokers(1)
        self.addCleanup(brokers.close)
        target = {"http": {"url": f"http://127.0.0.1:{free_port()}/"}, "retry": {"attempts": 1}, "breaker": {"after": 0}}
        relay = Buffered(brokers.urls, {"crm": target}, replicas=1)
        self.addCleanup(relay.close)
        relay.send({"type": "order", "id": "buffered"})
        until("it is given up", lambda: [line for line in relay.lines("failures.ndjson") if line["type"] == "order"])
        until(
            "the failures are shown",
            lambda: [json.loads(line) for line in relay.verb("failures", "--cluster", "--json").stdout.splitlines()]
            == relay.lines("failures.ndjson"),
        )
        answer = until(
            "the relay is shown",
            lambda: next((a for a in [relay.verb("status", "--cluster", "--json")] if a.returncode == 0), None),
        )
        status = json.loads(answer.stdout)
        self.assertEqual([relay["this"] for relay in status["relays"]], [True])
        self.assertEqual(status["targets"]["crm"]["relays"], 1)
        self.assertFalse(relay.said("can't be told of this one"))
        answer = relay.verb("retry", "--failed", "--cluster", "--since", "1h")
        self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)
        until("it has failed again", lambda: len(relay.lines("failures.ndjson")) > 3)


class TogetherOnOldBroker(Together):
    """The same on Debian's nats-server."""

    is_old = True


class TogetherOnThree(unittest.TestCase):
    """Two relays on three brokers, of which all go for a while."""

    def test_the_cluster_gets_every_line_of_all_relays_files_whatever_happens_meanwhile(self):
        brokers = Brokers(3)
        self.addCleanup(brokers.close)
        chance = random.Random(1)
        receiver = Receiver(lambda: chance.choice([200, 500]))
        self.addCleanup(receiver.close)
        target = {"http": {"url": receiver.url + "/"}, "retry": {"attempts": 2, "first": "50ms"}, "breaker": {"after": 0}}
        relays = []
        for _ in range(2):
            relays.append(Relay(brokers.urls, {"crm": target}, name="three"))
            self.addCleanup(relays[-1].close)
        senders = [Sender(relays, f"s{number}") for number in range(2)]
        for sender in senders:
            sender.start()
        until("some failures", lambda: all(len(relay.lines("failures.ndjson")) > 10 for relay in relays))
        relays[0].kill()
        for broker in brokers.all:
            broker.kill()
        until("events are refused", lambda: all(sender.refused for sender in senders))
        for broker in brokers.all:
            broker.start()
        relays[0].start()
        counts = [len(relay.lines("failures.ndjson")) for relay in relays]
        until("more failures", lambda: all(len(r.lines("failures.ndjson")) > c + 10 for r, c in zip(relays, counts)))
        for sender in senders:
            sender.stops.set()
        for sender in senders:
            sender.join()

        def asked(*words):
            """What the brokers answer, as soon as they do."""
            answer = until(
                "an answer",
                lambda: next((a for a in [relays[1].verb(*words, "--cluster", "--json")] if a.returncode == 0), None),
            )
            return [json.loads(line) for line in answer.stdout.splitlines()]

        def waiting():
            target = asked("status")[0]["targets"]["crm"]
            return target["waiting"] + target["in_flight"]

        until("nothing waits", lambda: waiting() == 0)
        for kind in ["audit", "failures"]:

            def missing():
                shown = collections.Counter(json.dumps(line) for line in asked(kind))
                written = collections.Counter(json.dumps(line) for relay in relays for line in relay.lines(f"{kind}.ndjson"))
                self.assertEqual(set(shown) - set(written), set())
                return written - shown

            until(f"every line of {kind}.ndjson", lambda: not missing())
        until("all brokers are current", lambda: [b["state"] for b in asked("status")[0]["brokers"]] == ["current"] * 3)
        status = asked("status")[0]
        self.assertEqual([broker["role"] for broker in status["brokers"]].count("leader"), 1)
        self.assertEqual([relay["passed_over"] for relay in status["relays"]], [0, 0])


if __name__ == "__main__":
    unittest.main()
