"""`order` of events on their way between logs: out of a buffer, and out of a cluster's partitions into a spool."""
import json
import random
import threading
import unittest

from brokers import Brokers
from relay import until
from test_buffer import Buffered
from test_cluster import Relay
from test_move import LocalRelay
from test_order import Keys, Ledger, hold, ordered


class Carried(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.brokers = Brokers(1)

    @classmethod
    def tearDownClass(cls):
        cls.brokers.close()

    def ledger(self, failing):
        ledger = Ledger(failing)
        self.addCleanup(ledger.close)
        return ledger

    def hold(self, ledger, keys, count):
        """All came once, and of each key none behind a later one."""
        until("all", lambda: all(len(set(ledger.of(key))) == count for key in keys), 120)
        for key in keys:
            self.assertEqual(ledger.of(key), list(range(count)), f"of {key}")

    def test_what_stood_in_a_buffer_comes_in_order_before_what_came_after(self):
        # Three: one that is killed alone forgets what it was told in its last second.
        brokers = Brokers(3)
        self.addCleanup(brokers.close)
        chance = random.Random(3)
        ledger = self.ledger(lambda key, number: chance.random() < 0.2)
        relay = Buffered(brokers.urls, ordered(ledger.url), name="buffered")
        self.addCleanup(relay.close)
        until("the cluster is used", lambda: "because" not in relay.buffer())
        senders = [Keys(f"k{key}", [relay], 80) for key in range(12)]
        for sender in senders:
            sender.start()
        until("some events", lambda: len(ledger.taken) > 60)
        for broker in brokers.all:
            broker.kill()
        until("events are buffered", lambda: relay.buffer()["events"] > 200)
        for broker in brokers.all:
            broker.start()
        for sender in senders:
            sender.join()
        until("the buffer is empty", lambda: relay.buffer()["events"] == 0, 120)
        hold(self, ledger, senders)

    def held(self, name, failing):
        """A relay on the cluster whose partitions each wait for a retry, with events behind it; killed."""
        ledger = self.ledger(failing)
        retry = {"first": "2s", "factor": 1, "for": "10m"}
        relay = LocalRelay(self.brokers.urls, ordered(ledger.url, retry), is_local=False, replicas=1, name=name, ack_wait="1s")
        self.addCleanup(relay.close)
        senders = [Keys(f"{name}{key}", [relay], 10) for key in range(30)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        until("retries wait", lambda: len({line["delivery"] for line in relay.lines("audit.ndjson") if line["status"] == "RETRYING"}) > 10)
        until("nothing is under way", lambda: relay.status()["targets"]["crm"]["in_flight"] == 0)
        relay.kill()
        return relay, ledger, [sender.key for sender in senders]

    def test_what_waits_in_partitions_comes_back_in_order_whatever_is_killed(self):
        down = threading.Event()
        relay, ledger, keys = self.held("back", lambda key, number: number >= 3 and not down.is_set())
        answer, killed = relay.move("local", kills=3)
        print(f"move back: killed {killed} times, then {answer['events']} events were left", flush=True)
        down.set()
        relay.configure(is_local=True)
        relay.start()
        self.hold(ledger, keys, 10)
        until("nothing waits", lambda: relay.status()["targets"]["crm"]["waiting"] == 0)

    def test_what_was_brought_forward_or_given_up_keeps_its_place(self):
        down = threading.Event()
        relay, ledger, keys = self.held("there", lambda key, number: not down.is_set())
        other = Relay(self.brokers.urls, relay_targets(relay), replicas=1, name="there", ack_wait="1s")
        self.addCleanup(other.close)
        # By hand, while another relay works them: the partitions' first ones are tried again, and wait again.
        first = {}
        for line in relay.lines("audit.ndjson"):
            if line["status"] == "RETRYING":
                first.setdefault(line["delivery"], line)
        self.assertEqual(other.verb("retry", *list(first)[:5]).returncode, 0)
        until("they have been tried", lambda: len([l for l in other.lines("audit.ndjson") if l["delivery"] in first]) >= 5)
        other.kill()
        relay.move("local", kills=1)
        down.set()
        relay.configure(is_local=True)
        relay.start()
        self.hold(ledger, keys, 10)


def relay_targets(relay):
    """The targets of another relay's configuration."""
    with open(relay.path) as file:
        return json.load(file)["targets"]


if __name__ == "__main__":
    unittest.main()
