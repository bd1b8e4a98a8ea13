"""Replays where relays share a cluster: any of them pauses, resumes and cancels one, and goes on with it where its relay is gone."""
import json
import unittest

from brokers import BrokerAndReceiver
from relay import leave_to_long, until
from test_buffer import Buffered
from test_cluster import Relay, arrived


class Replays(BrokerAndReceiver):
    def relays(self, name, make=Relay):
        relays = []
        for _ in range(2):
            target = {"crm": {"http": {"url": f"{self.receiver.url}/{name}"}, "breaker": {"after": 0}}}
            relays.append(make(self.brokers.urls, target, replicas=1, name=name))
            self.addCleanup(relays[-1].close)
        return relays

    def begun(self, relay, name, rate, count=40):
        """A replay of some events that have all come, once."""
        for number in range(count):
            self.assertEqual(relay.send({"type": "order", "id": f"{name}-{number}"})[0], 202)
        wanted = {f"{name}-{number}" for number in range(count)}
        until("all have come", lambda: wanted <= set(arrived(self.receiver)))
        until("nothing waits", lambda: relay.status()["targets"]["crm"]["waiting"] == 0)
        answer = relay.verb(
            "replay", "--since", "1h", "--match", '{"type": ["order"]}', "--to", "crm", "--rate", rate, "--json"
        )
        self.assertEqual(answer.returncode, 0, answer.stderr)
        return json.loads(answer.stdout)["replay"]

    def job(self, relay, number):
        answer = relay.verb("replay", "list", "--json")
        jobs = {job["replay"]: job for job in map(json.loads, answer.stdout.splitlines())}
        return jobs.get(number, {})

    def word(self, relay, word, number):
        answer = relay.verb("replay", word, str(number), "--json")
        self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)
        return json.loads(answer.stdout)

    def count(self, name):
        """How often each event of a name came."""
        return {key: n for key, n in arrived(self.receiver).items() if key.startswith(name + "-")}

    def test_any_relay_pauses_resumes_and_cancels(self):
        first, second = self.relays("any")
        number = self.begun(first, "any", "10/s")
        until("some have come again", lambda: sum(self.count("any").values()) > 45)
        self.assertEqual(self.word(second, "pause", number)["state"], "paused")
        until("its relay has heard", lambda: self.job(first, number)["state"] == "paused")
        # The step that was under way ends, and is told of within a second.
        until("what was handed over has come", lambda: 40 + self.job(second, number)["handed_over"] == sum(self.count("any").values()))
        self.assertLess(sum(self.count("any").values()), 80)
        resumed = self.word(second, "resume", number)
        self.assertTrue(resumed["relay"].endswith(f":{second.port}"))
        until("it is done", lambda: self.job(first, number)["state"] == "done")
        until("each came twice", lambda: set(self.count("any").values()) == {2})
        page = first.verb("replay", "list", "--cluster").stdout.splitlines()
        self.assertEqual(page[0].split()[-1], "RELAY")
        self.assertTrue(page[1].endswith(f":{second.port}"), page[1])
        other = self.begun(first, "any", "1/m", count=0)
        self.assertEqual(other, number + 1)
        self.assertEqual(self.word(second, "cancel", other)["state"], "cancelled")
        self.assertEqual(second.verb("replay", "pause", "77").returncode, 1)

    def dies(self, name, make, end):
        first, second = self.relays(name, make)
        number = self.begun(first, name, "2/s")
        until("some have come again", lambda: sum(self.count(name).values()) > 44)
        # What one relay lists is what the brokers have now: of one that has just taken its leave nobody runs the replay.
        self.assertTrue(self.job(second, number)["relay"].endswith(f":{first.port}"))
        end(first)
        until("another relay runs it", lambda: self.job(second, number).get("relay", "").endswith(f":{second.port}"))
        self.assertLess(self.job(second, number)["handed_over"], 40)
        until("it is done", lambda: self.job(second, number)["state"] == "done", 90)
        until("each came again", lambda: min(self.count(name).values()) >= 2)
        # What the last step before the end handed over may have come twice.
        self.assertLessEqual(sum(self.count(name).values()), 2 * 40 + 2)

    def test_one_whose_relay_is_killed_goes_on_at_another(self):
        self.dies("killed", Relay, Relay.kill)

    def test_one_whose_relay_ends_goes_on_at_another_behind_a_buffer(self):
        def end(relay):
            relay.process.terminate()
            relay.process.wait(60)

        self.dies("ended", Buffered, end)


class ReplaysOnOldBroker(Replays):
    """The same on Debian's nats-server."""

    is_old = True


leave_to_long(ReplaysOnOldBroker, but="killed")

if __name__ == "__main__":
    unittest.main()
