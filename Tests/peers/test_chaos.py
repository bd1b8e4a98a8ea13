"""Three relays on three brokers while something is killed, frozen or cut off at random all the time: what was answered 202 arrives, and
of each key in order.

Two minutes, in `Tests/run long` an hour; `HOOKSWITCH_CHAOS_SECONDS` says otherwise, and `HOOKSWITCH_CHAOS_SEED` repeats a run's order."""
import json
import os
import random
import signal
import socket
import threading
import time
import unittest

from brokers import Brokers
from proxy import Proxy
from relay import Receiver, until
from test_buffer import Buffered
from test_cluster import Relay, arrived
from test_order import Keys, Ledger, hold, ordered

is_long = os.environ.get("HOOKSWITCH_TESTS") == "long"
seconds = int(os.environ.get("HOOKSWITCH_CHAOS_SECONDS", 3600 if is_long else 120))
frozen_seconds = 10


class Sender(threading.Thread):
    """Sends to the relays in turn, whatever becomes of them, and keeps what was answered 202."""

    def __init__(self, relays, name):
        super().__init__(daemon=True)
        self.relays, self.name_, self.accepted, self.refused, self.stops = relays, name, [], 0, threading.Event()

    def run(self):
        number = 0
        while not self.stops.is_set():
            key = f"{self.name_}-{number}"
            number += 1
            try:
                status = self.relays[number % len(self.relays)].send({"type": "order", "id": key})[0]
            except (AssertionError, OSError):
                status = 0  # It has just been killed.
            if status == 202:
                self.accepted.append(key)
            else:
                self.refused += 1
            self.stops.wait(0.02)


class Leader:
    """Who leads the stream, asked of a broker as a client does."""

    def __init__(self, brokers):
        self.brokers = brokers

    def __call__(self):
        for broker in self.brokers.all:
            try:
                with socket.create_connection(("127.0.0.1", broker.port), timeout=2) as connection:
                    connection.settimeout(2)
                    connection.sendall(
                        b'CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\nSUB in 1\r\n'
                        b"PUB $JS.API.STREAM.INFO.hookswitch in 0\r\n\r\nPING\r\n"
                    )
                    text = b""
                    while b'"leader":"' not in text:
                        more = connection.recv(65536)
                        if not more:
                            break
                        text += more
                    name = text.split(b'"leader":"', 1)[1].split(b'"', 1)[0].decode()
                    return next(b for b in self.brokers.all if b.name == name)
            except (OSError, IndexError, StopIteration):
                continue
        return None


class Chaos(unittest.TestCase):
    def setUp(self):
        self.brokers = Brokers(3, through=Proxy, small_disk=2000 if seconds > 600 else 300)
        self.addCleanup(self.brokers.close)
        self.seed = int(os.environ.get("HOOKSWITCH_CHAOS_SEED", random.randrange(1 << 32)))
        self.random = random.Random(self.seed)
        chance = random.Random(self.seed)
        # Targets that fail now and then, one of which wants order.
        self.receiver = Receiver(lambda: 500 if chance.random() < 0.05 else 200)
        self.addCleanup(self.receiver.close)
        self.ledger = Ledger(lambda key, number: chance.random() < 0.05)
        self.addCleanup(self.ledger.close)
        target = {"http": {"url": self.receiver.url + "/"}, "retry": {"first": "200ms", "max": "2s"}}
        targets = {"crm": target, "ledger": ordered(self.ledger.url)["crm"]}
        self.relays = []
        for relay_class in (Relay, Relay, Buffered):
            relay = relay_class(self.brokers.urls, targets)
            self.addCleanup(relay.close)
            self.relays.append(relay)

    # What can go wrong. Each one is over, and mended, when it returns.

    def kill_a_relay(self):
        relay = self.random.choice(self.relays)
        relay.kill()
        relay.start()

    def kill_a_broker(self, broker=None):
        broker = broker or self.random.choice(self.brokers.all)
        broker.kill()
        self.goes_on("two brokers")
        broker.start()

    def kill_the_leader(self):
        self.kill_a_broker(Leader(self.brokers)())

    def kill_a_relay_and_a_broker(self):
        broker = self.random.choice(self.brokers.all)
        relay = self.random.choice(self.relays)
        broker.kill()
        relay.kill()
        broker.start()
        relay.start()

    def freeze_a_broker(self):
        broker = self.random.choice(self.brokers.all)
        broker.freeze()
        self.stops.wait(frozen_seconds)
        broker.thaw()

    def freeze_a_relay(self):
        relay = self.random.choice(self.relays)
        relay.process.send_signal(signal.SIGSTOP)
        self.stops.wait(frozen_seconds)
        relay.process.send_signal(signal.SIGCONT)

    def kill_all_brokers(self):
        for broker in self.brokers.all:
            broker.kill()
        for broker in self.brokers.all:
            broker.start()

    def cut_a_broker_off_from_the_relays(self):
        broker = self.random.choice(self.brokers.all)
        broker.proxy.stop_forwarding()
        self.stops.wait(frozen_seconds)
        broker.proxy.go_on()

    def cut_a_broker_off_from_the_others(self):
        broker = self.random.choice(self.brokers.all)
        broker.part()
        self.stops.wait(frozen_seconds)
        broker.unite()

    def cut_the_leader_off_from_the_others(self):
        broker = Leader(self.brokers)() or self.random.choice(self.brokers.all)
        broker.part()
        self.goes_on("the other two, or the buffer")
        broker.unite()

    def fill_a_brokers_disk(self):
        """A broker whose disk is full gives up JetStream until it is started again."""
        broker = self.brokers.all[0]
        broker.fill_disk()
        self.goes_on("two brokers")
        broker.empty_disk()
        broker.kill(signal.SIGTERM)
        broker.start()

    def restart_all_brokers_one_after_the_other(self):
        for broker in self.brokers.all:
            broker.kill(signal.SIGTERM)
            broker.start()
            self.goes_on("the others")

    def reload_one_relay_before_the_other(self):
        self.random.choice(self.relays).process.send_signal(signal.SIGHUP)

    def goes_on(self, whom):
        count = sum(len(sender.accepted) for sender in self.senders)
        until(f"{whom} accept events", lambda: sum(len(s.accepted) for s in self.senders) > count + 5, 90)

    def test_nothing_is_lost(self):
        print(f"chaos: seed {self.seed}, {seconds} s", flush=True)
        self.stops = threading.Event()
        self.senders = [Sender(self.relays, f"s{number}") for number in range(4)]
        # What waits in a buffer comes behind what another relay accepts meanwhile: a key's events stay with the buffer, or keep clear of it.
        keys = [Keys(f"k{number}", self.relays[:2] if number else self.relays[2:], pause=0.1) for number in range(4)]
        for sender in self.senders + keys:
            sender.start()
        deeds = [
            self.kill_a_relay, self.kill_a_broker, self.kill_the_leader, self.kill_a_relay_and_a_broker,
            self.freeze_a_broker, self.freeze_a_relay, self.kill_all_brokers, self.cut_a_broker_off_from_the_relays,
            self.restart_all_brokers_one_after_the_other, self.reload_one_relay_before_the_other,
            self.cut_a_broker_off_from_the_others, self.cut_the_leader_off_from_the_others,
        ]  # fmt: skip
        if self.brokers.all[0].has_small_disk:
            deeds.append(self.fill_a_brokers_disk)
        else:
            print("chaos: no broker's disk is filled: no file system may be mounted here", flush=True)
        end, done = time.monotonic() + seconds, []
        while time.monotonic() < end:
            # All of them before one comes twice.
            left = [deed for deed in deeds if deed.__name__ not in done[len(done) // len(deeds) * len(deeds) :]]
            deed = self.random.choice(left)
            done.append(deed.__name__)
            deed()
            self.goes_on("the relays")
        for sender in self.senders + keys:
            sender.stops.set()
        for sender in self.senders + keys:
            sender.join(60)
        accepted = {key for sender in self.senders for key in sender.accepted}
        accepted |= {f"{sender.key}-{number}" for sender in keys for number in range(sender.count)}
        try:
            until("every event answered 202", lambda: not accepted - set(arrived(self.receiver)), 180)
        finally:
            counts = arrived(self.receiver)
            print(
                f"chaos: {len(done)} deeds, {len(accepted)} answered 202, {sum(s.refused for s in self.senders)} refused, "
                f"{len(accepted - set(counts))} lost, {sum(1 for key in counts if counts[key] > 1)} delivered more than once, "
                f"{len(set(counts) - accepted)} delivered though not answered 202\n  {', '.join(done)}"
            )
        self.assertGreater(len(accepted), 100)
        self.explain_repetitions()
        hold(self, self.ledger, keys, has_frozen=True, seconds=180)

    def explain_repetitions(self):
        """Whatever came twice is one event, and came twice for a reason that is known: its outcome got lost with the relay that knew it,
        or with what the brokers were told; or the answer got lost, and it was tried again."""
        copies = {}
        for _, headers, body in list(self.receiver.requests):
            key = json.loads(body).get("id")
            if key:
                copies.setdefault(key, []).append((headers["webhook-id"], int(headers["webhook-attempt"])))
        same = again = 0
        for key, found in copies.items():
            if len(found) == 1:
                continue
            self.assertEqual(len({webhook_id for webhook_id, _ in found}), 1, f"{key} was stored twice")
            if len({attempt for _, attempt in found}) < len(found):
                same += 1
            else:
                again += 1
        print(f"chaos: of those, {same} were the same attempt once more (its outcome was lost), {again} a later one (its answer was)")


if __name__ == "__main__":
    unittest.main()
