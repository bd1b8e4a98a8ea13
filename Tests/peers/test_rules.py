"""What relays of one cluster agree on: which events are repetitions, and which queues wait."""
import json
import socket
import unittest

from brokers import BrokerAndReceiver
from relay import leave_to_long, until
from test_cluster import Relay, arrived


def request(brokers, subject, payload=None):
    """Asks JetStream something, by hand."""
    with socket.create_connection(("127.0.0.1", brokers.all[0].port)) as connection, connection.makefile("rb") as lines:
        data = json.dumps(payload).encode() if payload is not None else b""
        connection.sendall(b'CONNECT {"verbose": false}\r\nSUB inbox 1\r\n')
        connection.sendall(f"PUB {subject} inbox {len(data)}\r\n".encode() + data + b"\r\n")
        for line in lines:
            if line.startswith(b"MSG"):
                answer = json.loads(lines.read(int(line.split()[-1])))
                assert "error" not in answer, answer
                return answer
    raise AssertionError("no answer")


class OneBroker(BrokerAndReceiver):
    def relays(self, name, count=2, **target):
        relays = []
        for _ in range(count):
            relay = Relay(
                self.brokers.urls,
                {"crm": {"http": {"url": self.receiver.url + "/"}} | target},
                replicas=1,
                name=name,
            )
            self.addCleanup(relay.close)
            relays.append(relay)
        return relays

    def configure(self, relay, change):
        with open(relay.path) as file:
            configuration = json.load(file)
        change(configuration)
        with open(relay.path, "w") as file:
            json.dump(configuration, file)

    def answer(self, relay, key):
        status, body = relay.send({"type": "order", "id": key})
        self.assertEqual(status, 202, body)
        return json.loads(body)

    def restart(self, relays, **times):
        """Has the source `shop`, and one more for each of `times`, remember its keys for so long."""
        for relay in relays:
            relay.process.terminate()
            relay.process.wait(60)

            def change(configuration):
                for source, time in times.items():
                    known = {"path": f"/{source}", "dedupe": {"key": "id", "for": time}}
                    configuration["sources"][source] = known

            self.configure(relay, change)
            relay.start()

    def test_a_key_beyond_the_streams_window_is_known_to_all_relays_and_after_restarts(self):
        relays = self.relays("long")
        self.restart(relays, shop="24h")
        first = self.answer(relays[0], "long-1")["event"]
        again = {"event": first, "duplicate_of": first, "routes": [], "targets": []}
        for relay in relays * 2:
            self.assertEqual(self.answer(relay, "long-1"), again)
        # The stream is told to forget at once what it else forgets after eleven minutes. That it has, is seen by another key,
        # which the bucket is made to forget too.
        before = self.keys("long")
        self.answer(relays[0], "long-2")
        (probe,) = self.keys("long") - before
        config = request(self.brokers, "$JS.API.STREAM.INFO.long")["config"]
        request(self.brokers, "$JS.API.STREAM.UPDATE.long", config | {"duplicate_window": 100_000_000})

        def forgotten():
            request(self.brokers, "$JS.API.STREAM.PURGE.KV_long_keys", {"filter": probe})
            return "duplicate_of" not in self.answer(relays[1], "long-2")

        until("the stream has forgotten", forgotten)
        for relay in relays:
            self.assertEqual(self.answer(relay, "long-1"), again)
        self.restart(relays, shop="24h")
        self.assertEqual(self.answer(relays[1], "long-1"), again)
        until("the delivery", lambda: arrived(self.receiver).get("long-1"))
        self.assertEqual(arrived(self.receiver)["long-1"], 1)

    def keys(self, name):
        """The subjects in the bucket of keys."""
        answer = request(self.brokers, f"$JS.API.STREAM.INFO.KV_{name}_keys", {"subjects_filter": ">"})
        return set(answer["state"].get("subjects", {}))

    def test_without_the_bucket_an_event_is_refused_and_its_next_try_is_taken_once(self):
        relay = self.relays("away", count=1)[0]
        self.restart([relay], shop="24h")
        config = request(self.brokers, "$JS.API.STREAM.INFO.KV_away_keys")["config"]
        request(self.brokers, "$JS.API.STREAM.DELETE.KV_away_keys")
        status, body = relay.send({"type": "order", "id": "away-1"})
        self.assertEqual(status, 503, body)
        request(self.brokers, "$JS.API.STREAM.CREATE.KV_away_keys", config)
        until("it is taken", lambda: relay.send({"type": "order", "id": "away-1"})[0] == 202)
        self.assertIn("duplicate_of", self.answer(relay, "away-1"))
        until("the delivery", lambda: arrived(self.receiver).get("away-1"))
        until("nothing waits", lambda: relay.status()["targets"]["crm"]["waiting"] == 0)
        self.assertEqual(arrived(self.receiver)["away-1"], 1)

    def test_times_of_several_sources_are_kept_exactly(self):
        relays = self.relays("short", count=1)
        self.restart(relays, shop="2s", other="60s")
        first = self.answer(relays[0], "short-1")["event"]
        self.assertEqual(self.answer(relays[0], "short-1").get("duplicate_of"), first)
        numbers = lambda answer: answer["event"] if "duplicate_of" not in answer else None
        second = until("the key is new again", lambda: numbers(self.answer(relays[0], "short-1")))
        self.assertGreater(second, first)
        self.assertEqual(self.answer(relays[0], "short-1").get("duplicate_of"), second)
        until("both deliveries", lambda: arrived(self.receiver).get("short-1") == 2)

    def test_pause_and_resume_hold_on_all_relays_and_after_a_restart(self):
        relays = self.relays("pause")
        paused = lambda relay: relay.status()["targets"]["crm"]["paused"]
        self.assertEqual(relays[0].verb("pause", "crm").returncode, 0)
        until("the other one waits", lambda: paused(relays[1]))
        self.answer(relays[1], "pause-1")
        # A relay that starts has it from the beginning, whatever its own disk says.
        third = self.relays("pause", count=1)[0]
        self.assertTrue(paused(third))
        relays[0].kill()
        relays[0].start()
        self.assertTrue(paused(relays[0]))
        self.assertNotIn("pause-1", arrived(self.receiver))
        self.assertEqual(relays[1].verb("resume", "crm").returncode, 0)
        until("all go on", lambda: not any(paused(relay) for relay in [*relays, third]))
        until("the delivery", lambda: arrived(self.receiver).get("pause-1"))

    def test_a_reload_that_pauses_has_spoken_last(self):
        relays = self.relays("word")
        paused = lambda relay: relay.status()["targets"]["crm"]["paused"]
        self.assertEqual(relays[0].verb("pause", "crm").returncode, 0)
        until("the other one waits", lambda: paused(relays[1]))
        self.assertEqual(relays[0].verb("resume", "crm").returncode, 0)
        until("the other one goes on", lambda: not paused(relays[1]))
        for relay in relays:
            self.configure(relay, lambda configuration: configuration["targets"]["crm"].update(paused=True))
            self.assertEqual(relay.verb("reload").returncode, 0)
            self.assertTrue(paused(relay))
        relays[0].kill()
        relays[0].start()
        self.assertTrue(paused(relays[0]))
        self.assertEqual(relays[1].verb("resume", "crm").returncode, 0)
        until("both go on", lambda: not any(paused(relay) for relay in relays))


class OneOldBroker(OneBroker):
    """The same on Debian's nats-server, which is of 2023."""

    is_old = True


leave_to_long(OneOldBroker, but="beyond")

if __name__ == "__main__":
    unittest.main()
