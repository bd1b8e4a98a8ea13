"""A cluster's events without a daemon, and with one: shown, exported, and erased by what they hold."""
import json
import unittest

from brokers import BrokerAndReceiver
from ports import free_port
from relay import leave_to_long, until
from test_buffer import Buffered
from test_cluster import Relay, arrived


class Stored(BrokerAndReceiver):
    def relay(self, name, make=Relay):
        dead = {"http": {"url": f"http://127.0.0.1:{free_port()}/"}, "retry": {"first": "1h", "for": "48h"}, "breaker": {"after": 0}}
        relay = make(self.brokers.urls, {"crm": {"http": {"url": self.receiver.url + "/"}}, "down": dead}, replicas=1, name=name)
        self.addCleanup(relay.close)
        return relay

    def exported(self, relay, *words):
        answer = relay.verb("spool", "export", *words)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        return [json.loads(line) for line in answer.stdout.splitlines()]

    def test_events_are_exported_shown_and_erased_by_what_they_hold(self):
        relay = self.relay("stored")
        numbers = {}
        for name in ["jane", "john", "jane-2", "jack"]:
            status, body = relay.send({"type": "order", "id": name, "customer": {"email": f"{name[:4]}@example.com"}})
            self.assertEqual(status, 202)
            numbers[name] = json.loads(body)["event"]
        until("one target has them", lambda: set(numbers) <= set(arrived(self.receiver)))
        until("the other waits", lambda: sum(line["status"] == "RETRYING" for line in relay.lines("audit.ndjson")) >= 4)
        until("the brokers know", lambda: relay.status()["targets"]["crm"]["waiting"] == 0)

        def shown():
            return json.loads(relay.verb("show", str(numbers["jane"]), "--json").stdout)

        # The daemon's word is a second or two old.
        until("the daemon knows, too", lambda: [d["state"] for d in shown()["deliveries"] if d["target"] == "crm"] == ["done"])
        by_daemon = shown()
        pattern = '{"customer.email": ["jane@example.com"]}'

        def look():
            events = {event["event"]: event for event in self.exported(relay)}
            self.assertLessEqual(set(numbers.values()), set(events))
            jane = events[numbers["jane"]]
            self.assertEqual({d["target"]: d["state"] for d in jane["deliveries"]}, {"crm": "done", "down": "retrying"})
            self.assertEqual({key: by_daemon[key] for key in jane}, jane)
            self.assertEqual([e["event"] for e in self.exported(relay, "--match", pattern)], [numbers["jane"], numbers["jane-2"]])
            self.assertEqual([e["event"] for e in self.exported(relay, str(numbers["jack"]))], [numbers["jack"]])

        look()
        relay.kill()
        look()
        self.assertEqual(shown()["deliveries"], by_daemon["deliveries"])
        self.assertEqual(relay.verb("show", "99999").returncode, 1)
        refused = relay.verb("spool", "verify")
        self.assertEqual(refused.returncode, 78)
        self.assertIn("check --live", refused.stderr)
        foreseen = relay.verb("spool", "erase", "--match", pattern, "--dry-run")
        self.assertEqual(foreseen.stdout.count("would be erased"), 2)
        # Without a daemon, and with one.
        self.assertEqual(relay.verb("spool", "erase", str(numbers["jane"])).returncode, 0)
        relay.start()
        answer = relay.verb("spool", "erase", "--match", pattern)
        self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)
        self.assertIn(f"event {numbers['jane-2']}: erased", answer.stdout)
        self.assertEqual(self.exported(relay, "--match", pattern), [])
        left = {event["event"] for event in self.exported(relay)}
        self.assertEqual(left & set(numbers.values()), {numbers["john"], numbers["jack"]})

    def test_what_stands_in_a_buffer_is_exported_too(self):
        relay = self.relay("behind", Buffered)
        until("the cluster is used", lambda: "because" not in relay.buffer())
        relay.send({"type": "order", "id": "there"})
        self.brokers.all[0].kill()
        for number in range(3):
            self.assertEqual(relay.send({"type": "order", "id": f"here-{number}"})[0], 202)
        relay.kill()
        self.assertEqual(relay.verb("spool", "export").returncode, 69)
        self.assertEqual(relay.verb("spool", "verify").returncode, 0)
        self.brokers.all[0].start()
        until("the brokers answer", lambda: relay.verb("spool", "export").returncode == 0)
        events = [event["event"] for event in self.exported(relay)]
        self.assertEqual(len([number for number in events if number > 1 << 52]), 3)
        self.assertTrue([number for number in events if number < 1 << 52])
        relay.start()
        until("the buffer is empty", lambda: relay.buffer()["events"] == 0)
        self.assertEqual([number for number in [e["event"] for e in self.exported(relay)] if number > 1 << 52], [])


class StoredOnOldBroker(Stored):
    """The same on Debian's nats-server."""

    is_old = True


leave_to_long(StoredOnOldBroker, but="erased")

if __name__ == "__main__":
    unittest.main()
