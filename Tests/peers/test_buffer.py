"""A relay with a buffer before its cluster: senders are answered 202 whatever becomes of the brokers, and everything arrives."""
import json
import threading
import unittest

from brokers import Brokers
from relay import Receiver, until
from test_cluster import Relay, arrived


class Buffered(Relay):
    """A relay that has its buffer; it starts without a broker, too."""

    def __init__(self, urls, targets, spool={}, **jetstream):
        self.spool = {"buffer": True} | spool
        super().__init__(urls, targets, **jetstream)

    def start(self):
        with open(self.path) as file:
            configuration = json.load(file)
        configuration["spool"] |= self.spool
        with open(self.path, "w") as file:
            json.dump(configuration, file)
        super().start()

    def buffer(self):
        return self.status()["spool"]["buffer"]


class Steady(threading.Thread):
    """Sends one event after the other, and keeps every answer that is not a 202."""

    def __init__(self, relay, name):
        super().__init__(daemon=True)
        self.relay, self.name_, self.accepted, self.other, self.stops = relay, name, [], [], threading.Event()

    def run(self):
        while not self.stops.wait(0.002):
            key = f"{self.name_}-{len(self.accepted)}"
            status, body = self.relay.send({"type": "order", "id": key})
            if status == 202:
                self.accepted.append(key)
            else:
                self.other.append((status, body))


class Buffer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.brokers = Brokers(3)

    @classmethod
    def tearDownClass(cls):
        cls.brokers.close()

    def setUp(self):
        self.receiver = Receiver()
        self.addCleanup(self.receiver.close)

    def relay(self, **more):
        more.setdefault("name", self.id().rsplit("_", 1)[1])
        relay = Buffered(self.brokers.urls, {"crm": {"http": {"url": self.receiver.url + "/"}, "concurrency": 1}}, **more)
        self.addCleanup(relay.close)
        return relay

    def numbers(self, name):
        """The numbers behind a name that have come."""
        keys = [key for key in arrived(self.receiver) if key.startswith(name)]
        return sorted(int(key.rsplit("-", 1)[1]) for key in keys)

    def test_senders_see_202_while_all_brokers_are_gone_and_everything_arrives(self):
        relay = self.relay()
        until("the cluster is used", lambda: "because" not in relay.buffer())
        sender = Steady(relay, "steady")
        sender.start()
        until("some events", lambda: len(sender.accepted) > 50)
        for broker in self.brokers.all:
            broker.kill()
        count = len(sender.accepted)
        until("events are buffered", lambda: len(sender.accepted) > count + 200)
        status = relay.status()
        self.assertGreater(status["spool"]["buffer"]["events"], 100)
        self.assertIn("because", status["spool"]["buffer"])
        self.assertGreater(status["targets"]["crm"]["waiting"], 100)
        self.assertIn("wait here for the cluster", relay.verb("status").stdout)
        for broker in self.brokers.all:
            broker.start()
        until("the cluster is used again", lambda: "because" not in relay.buffer(), 120)
        count = len(sender.accepted)
        until("events go on", lambda: len(sender.accepted) > count + 100)
        sender.stops.set()
        sender.join()
        self.assertEqual(sender.other, [])
        until("everything", lambda: not set(sender.accepted) - set(arrived(self.receiver)), 120)
        counts = arrived(self.receiver)
        print(f"buffer: {len(sender.accepted)} answered 202, {sum(n > 1 for n in counts.values())} delivered twice", flush=True)
        self.assertEqual(self.numbers("steady"), list(range(len(sender.accepted))))
        self.assertEqual(relay.buffer()["events"], 0)

    def test_what_stands_in_the_buffer_outlives_the_relay_and_the_brokers(self):
        relay = self.relay()
        for broker in self.brokers.all:
            broker.kill()
        relay.kill()
        # It starts without them.
        relay.start()
        for number in range(100):
            self.assertEqual(relay.send({"type": "order", "id": f"kept-{number}"})[0], 202)
        relay.kill()
        relay.start()
        self.assertGreaterEqual(relay.buffer()["events"], 100)
        self.assertEqual(relay.verb("show", str((1 << 52) + 2)).returncode, 0)
        for broker in self.brokers.all:
            broker.start()
        until("everything", lambda: self.numbers("kept") == list(range(100)), 120)
        until("the buffer is empty", lambda: relay.buffer()["events"] == 0)
        self.assertEqual(max(n for key, n in arrived(self.receiver).items() if key.startswith("kept")), 1)

    def test_a_full_buffer_is_a_503_that_says_so(self):
        relay = self.relay(spool={"max_size": "8MiB"})
        for broker in self.brokers.all:
            broker.kill()
        text = "x" * 900_000
        answers = [relay.send({"type": "order", "id": f"full-{number}", "text": text}) for number in range(12)]
        refused = [body for status, body in answers if status == 503]
        self.assertTrue(refused)
        self.assertIn(b"the spool is full", refused[-1])
        accepted = {f"full-{number}" for number, answer in enumerate(answers) if answer[0] == 202}
        self.assertTrue(accepted)
        for broker in self.brokers.all:
            broker.start()
        until("what was accepted", lambda: not accepted - set(arrived(self.receiver)), 120)
        until("the door is open", lambda: relay.send({"type": "order", "id": "again"})[0] == 202)


if __name__ == "__main__":
    unittest.main()
