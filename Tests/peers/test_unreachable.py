"""What verbs say, and end with, where the brokers can't be reached."""
import json
import unittest

from brokers import Brokers
from relay import Receiver, until
from test_buffer import Buffered
from test_cluster import Relay


class Unreachable(unittest.TestCase):
    """A relay whose only broker is gone."""

    def relay(self, make=Relay):
        brokers = Brokers(1)
        self.addCleanup(brokers.close)
        crm = Receiver()
        self.addCleanup(crm.close)
        relay = make(brokers.urls, {"crm": {"http": {"url": crm.url + "/"}}}, replicas=1)
        self.addCleanup(relay.close)
        return relay, brokers.all[0]

    def assert_unreachable(self, relay, *words):
        answer = relay.verb(*words)
        self.assertEqual(answer.returncode, 69, f"{words}: {answer.stdout}{answer.stderr}")
        self.assertRegex(answer.stderr, r"^hookswitch: .*broker", words)
        self.assertEqual(answer.stderr.count("\n"), 2, answer.stderr)
        self.assertRegex(answer.stderr, r"\n  hint: .*(are the brokers there|are they started|check --live)", words)
        return answer

    def test_every_verb_that_needs_the_brokers_ends_with_69_and_says_why(self):
        relay, broker = self.relay()
        event = json.loads(relay.send({"type": "order", "id": "there"})[1])["event"]
        self.assertEqual(relay.verb("replay", "list", "--json").stdout, "")
        replay = ["replay", "--since", "1h", "--to", "crm"]
        self.assertEqual(relay.verb(*replay).returncode, 0)
        self.assertEqual(len(relay.verb("replay", "list", "--json").stdout.splitlines()), 1)
        broker.kill()
        until("the relay knows", lambda: relay.said("no connection to the brokers"))
        for words in (
            [["show", str(event)], ["status", "--cluster"], ["audit", "--cluster"]]
            + [["retry", f"{event}/crm"], ["retry", "--failed"]]
            + [replay, ["replay", "list"], ["replay", "list", "--json"], ["replay", "pause", "1"]]
            + [["pause", "crm"], ["resume", "crm"], ["drop", "crm", "--yes"], ["spool", "erase", str(event)]]
            + [["check", "--live"]]
        ):
            with self.subTest(words=words):
                self.assertNotIn("1", self.assert_unreachable(relay, *words).stdout.splitlines()[:1])
        answer = relay.verb("send", "--type", "order")
        self.assertEqual(answer.returncode, 69, answer.stderr)
        self.assertIn("takes no events now", answer.stderr)
        # What the relay knows by itself it still says.
        self.assertEqual(relay.verb("status").returncode, 0)
        self.assertEqual(relay.verb("audit").returncode, 0)
        relay.kill()
        for words in ["show", str(event)], ["failures", "--cluster"]:
            with self.subTest(words=words, daemon="none"):
                self.assert_unreachable(relay, *words)

    def test_behind_a_buffer_that_never_saw_the_brokers_nothing_is_called_empty(self):
        relay, broker = self.relay(Buffered)
        relay.kill()
        broker.kill()
        relay.start()
        for words in ["replay", "list"], ["retry", "--failed"], ["status", "--cluster"]:
            with self.subTest(words=words):
                self.assert_unreachable(relay, *words)
        # Of what waits in the buffer it is known that nobody has tried it.
        event = json.loads(relay.send({"type": "order", "id": "buffered"})[1])["event"]
        page = json.loads(relay.get(f"/api/v1/events/{event}/attempts"))
        self.assertEqual(page, {"attempts": [], "relays": [], "complete": True})


if __name__ == "__main__":
    unittest.main()
