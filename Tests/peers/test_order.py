"""`order` where relays share a cluster: one key's events arrive one after another, whoever works them."""
import json
import random
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from brokers import Brokers
from relay import leave_to_long, until
from test_cluster import Relay


class Ledger:
    """A receiver that answers 503 now and then, and notes of each request the key, the number, and whether it was taken."""

    def __init__(self, failing=lambda key, number: False):
        self.taken, self.attempts, self.lock, self.failing = [], [], threading.Lock(), failing
        ledger = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                event = json.loads(self.rfile.read(int(self.headers["content-length"])))
                status = 200
                if "key" in event:
                    with ledger.lock:
                        fails = ledger.failing(event["key"], event["number"])
                        ledger.attempts.append((event["key"], event["number"]))
                        if not fails:
                            ledger.taken.append((event["key"], event["number"]))
                    status = 503 if fails else 200
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def of(self, key):
        with self.lock:
            return [number for taken, number in self.taken if taken == key]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Keys(threading.Thread):
    """Sends one key's events one after the other, each to a relay at random until it is answered 202: so many, or until it is stopped.
    Between two it may pause, in seconds: a key's events are delivered one at a time, and a buffer takes them faster."""

    def __init__(self, key, relays, limit=None, pause=0):
        super().__init__()
        self.key, self.relays, self.limit, self.pause = key, relays, limit, pause
        self.count, self.random = 0, random.Random(key)
        self.stops = threading.Event()

    def run(self):
        while self.count != self.limit and not self.stops.is_set():
            event = {"type": "order", "id": f"{self.key}-{self.count}", "key": self.key, "number": self.count}
            while not self.is_taken(event):
                self.stops.wait(0.02)
            self.count += 1
            self.stops.wait(self.pause)

    def is_taken(self, event):
        try:
            return self.random.choice(self.relays).send(event)[0] == 202
        except (AssertionError, OSError):
            return False  # It was killed: another one takes it.


def hold(test, ledger, senders, has_frozen=False, seconds=120):
    """All came, and of each key none behind a later one."""
    def missing():
        counts = {s.key: len(set(range(s.count)) - set(ledger.of(s.key))) for s in senders}
        return {key: count for key, count in counts.items() if count}

    try:
        until("all", lambda: not missing(), seconds)
    finally:
        test.assertEqual(missing(), {}, "keys, and how many of their events have not come")
    twice = 0
    for sender in senders:
        came = ledger.of(sender.key)
        # What a frozen relay had begun it ends when it is thawed: such a one comes a second time, and late.
        first = list(dict.fromkeys(came)) if has_frozen else came
        test.assertEqual(first, sorted(first), f"of {sender.key}")
        twice += len(came) - len(set(came))
    print(f"{sum(s.count for s in senders)} events of {len(senders)} keys in order, {twice} delivered more than once")


def ordered(url, retry={"first": "100ms", "factor": 1, "for": "10m"}):
    breaker = {"after": 1000, "probe": "1s"}
    return {"crm": {"http": {"url": url}, "order": "key", "retry": retry, "breaker": breaker}}


class OneBroker(unittest.TestCase):
    is_old = False

    @classmethod
    def setUpClass(cls):
        cls.brokers = Brokers(1, is_old=cls.is_old)

    @classmethod
    def tearDownClass(cls):
        cls.brokers.close()

    def ledger(self, failing=lambda key, number: False):
        ledger = Ledger(failing)
        self.addCleanup(ledger.close)
        return ledger

    def relay(self, targets, name, **jetstream):
        relay = Relay(self.brokers.urls, targets, replicas=1, name=name, **jetstream)
        self.addCleanup(relay.close)
        return relay

    def send(self, relay, key, number, id=None):
        event = {"type": "order", "id": id or f"{key}-{number}", "key": key, "number": number}
        status, body = relay.send(event)
        self.assertEqual(status, 202)
        return json.loads(body)["event"]

    def test_a_key_waits_for_its_failing_event_and_others_go_on(self):
        down = threading.Event()
        ledger = self.ledger(lambda key, number: key == "a" and number == 0 and not down.is_set())
        relays = [self.relay(ordered(ledger.url), "held") for _ in range(2)]
        for number in range(5):
            self.send(relays[number % 2], "a", number)
            self.send(relays[number % 2], "b", number)
        until("the other key", lambda: len(ledger.of("b")) == 5)
        until("some tries", lambda: ledger.attempts.count(("a", 0)) > 3)
        self.assertEqual((ledger.of("a"), ledger.of("b")), ([], [0, 1, 2, 3, 4]))
        # The number is the two relays' together.
        until("what waits is shown", lambda: all(r.status()["targets"]["crm"]["waiting"] == 5 for r in relays))
        down.set()
        until("the key", lambda: ledger.of("a") == [0, 1, 2, 3, 4])
        until("nothing waits", lambda: all(r.status()["targets"]["crm"]["waiting"] == 0 for r in relays))

    def test_retry_brings_one_forward_that_others_wait_for(self):
        down = threading.Event()
        ledger = self.ledger(lambda key, number: number == 0 and not down.is_set())
        patient = {"attempts": 2, "first": "1h"}
        relays = [self.relay(ordered(ledger.url, retry=patient), "retry") for _ in range(2)]
        number = self.send(relays[0], "a", 0)
        self.send(relays[1], "a", 1)
        def state():
            shown = json.loads(relays[1].verb("show", str(number), "--json").stdout)["deliveries"][0]
            return shown["state"], shown.get("attempts")

        def hurry(relay):
            answer = relay.verb("retry", f"{number}/crm")
            self.assertEqual(answer.returncode, 0, answer.stderr)

        until("the first retry is planned", lambda: state() == ("retrying", 1))
        # In an hour, but for this word.
        hurry(relays[0])
        until("the second retry is planned", lambda: state() == ("retrying", 2))
        self.assertEqual(ledger.attempts, [("a", 0), ("a", 0)])
        down.set()
        hurry(relays[1])
        until("the rest", lambda: ledger.of("a") == [0, 1])

    def test_one_that_is_given_up_lets_the_next_pass(self):
        ledger = self.ledger(lambda key, number: number == 0)
        relays = [self.relay(ordered(ledger.url, retry={"attempts": 2, "first": "50ms"}), "failed") for _ in range(2)]
        for number in range(3):
            self.send(relays[number % 2], "a", number)
        until("the rest", lambda: ledger.of("a") == [1, 2])
        self.assertEqual(ledger.attempts, [("a", 0), ("a", 0), ("a", 1), ("a", 2)])

    def test_a_target_that_gets_its_order_by_a_reload_has_it_from_then_on(self):
        down = threading.Event()
        ledger = self.ledger(lambda key, number: not down.is_set())
        plain = ordered(ledger.url)
        del plain["crm"]["order"]
        relay = self.relay(plain, "reload")
        self.send(relay, "a", 0)
        until("a try", lambda: ledger.attempts)
        with open(relay.path) as file:
            configuration = json.load(file)
        configuration["targets"] = ordered(ledger.url)
        with open(relay.path, "w") as file:
            json.dump(configuration, file)
        answer = relay.verb("reload")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        for number in range(1, 6):
            self.send(relay, "a", number)
        down.set()
        until("all six", lambda: len(set(ledger.of("a"))) == 6)
        later = [number for number in ledger.of("a") if number]
        self.assertEqual(later, [1, 2, 3, 4, 5])

    def test_a_relay_that_stood_still_holds_up_nothing(self):
        ledger = self.ledger(lambda key, number: False)
        relays = [self.relay(ordered(ledger.url), "still", ack_wait="1s") for _ in range(2)]
        senders = [Keys(f"k{key}", [relays[1]], 60) for key in range(8)]
        for sender in senders:
            sender.start()
        for _ in range(2):
            count = len(ledger.taken)
            until("some events", lambda: len(ledger.taken) > count + 40)
            relays[0].process.send_signal(19)
            count = len(ledger.taken)
            until("the other one goes on", lambda: len(ledger.taken) > count + 40 or not any(s.is_alive() for s in senders))
            relays[0].process.send_signal(18)
        for sender in senders:
            sender.join()
        hold(self, ledger, senders, has_frozen=True)

    def chaos(self, relays, ledger, count):
        senders = [Keys(f"k{key}", relays, count) for key in range(12)]
        for sender in senders:
            sender.start()
        until("some events", lambda: len(ledger.taken) > count)
        relays[0].kill()
        taken = len(ledger.taken)
        until("the other relay goes on", lambda: len(ledger.taken) > taken + 2 * count)
        relays[0].start()
        taken = len(ledger.taken)
        until("both go on", lambda: len(ledger.taken) > taken + count or not any(s.is_alive() for s in senders))
        relays[1].kill()
        taken = len(ledger.taken)
        until("the first goes on", lambda: len(ledger.taken) > taken + count or not any(s.is_alive() for s in senders))
        relays[1].start()
        for sender in senders:
            sender.join()
        hold(self, ledger, senders)

    def test_order_holds_while_the_target_fails_and_relays_are_killed(self):
        chance = random.Random(8)
        ledger = self.ledger(lambda key, number: chance.random() < 0.2)
        relays = [self.relay(ordered(ledger.url), "chaos") for _ in range(2)]
        self.chaos(relays, ledger, 40)


class OneOldBroker(OneBroker):
    """The same on Debian's nats-server, which is of 2023."""

    is_old = True


class ThreeBrokers(OneBroker):
    """The same with replicas."""

    @classmethod
    def setUpClass(cls):
        cls.brokers = Brokers(3)

    def relay(self, targets, name, **jetstream):
        relay = Relay(self.brokers.urls, targets, name=name, **jetstream)
        self.addCleanup(relay.close)
        return relay

    def test_order_holds_while_brokers_are_killed(self):
        chance = random.Random(9)
        ledger = self.ledger(lambda key, number: chance.random() < 0.2)
        relays = [self.relay(ordered(ledger.url), "leaders") for _ in range(2)]
        senders = [Keys(f"k{key}", relays, 150) for key in range(12)]
        for sender in senders:
            sender.start()
        for broker in self.brokers.all * 2:
            taken = len(ledger.taken)
            until("events go on", lambda: len(ledger.taken) > taken + 100 or not any(s.is_alive() for s in senders))
            broker.kill()
            taken = len(ledger.taken)
            until("two brokers do", lambda: len(ledger.taken) > taken + 100 or not any(s.is_alive() for s in senders))
            broker.start()
        for sender in senders:
            sender.join()
        hold(self, ledger, senders)


leave_to_long(OneOldBroker, but="relays_are_killed")
leave_to_long(ThreeBrokers, but="relays_are_killed")

if __name__ == "__main__":
    unittest.main()
