"""Brokers whose user may not do all that a relay needs: it is said in the broker's own words, and soon."""
import json
import pathlib
import re
import time
import unittest

from brokers import Brokers
from relay import Receiver, until
from test_cluster import Relay

# Each user with what it may not publish to, and listen to.
users = {
    "whole": ([], []),
    "no-streams": (["$JS.API.STREAM.CREATE.>"], []),
    "no-questions": (["$JS.API.STREAM.INFO.>"], []),
    "no-answers": ([], ["_INBOX.>"]),
    "no-events": (["limited.q.>"], []),
    "no-pulls": (["$JS.API.CONSUMER.MSG.NEXT.>"], []),
    "no-records": (["$JS.API.STREAM.INFO.limited_audit"], []),
    "no-words": ([], ["limited.w.*"]),
}


documentation = pathlib.Path(__file__).parents[2] / "Sources/Relay/Relay.docc/Cluster.md"
# What the documentation says a relay needs, of a stream of that name.
least = re.search(r"user: relay.*?permissions: (\{.*?\n\})", documentation.read_text(), re.DOTALL)[1].replace("hookswitch", "limited")


def user(name):
    publish, subscribe = ('", "'.join(subjects) for subjects in users[name])
    denied = [f'{act}: {{ deny: ["{subjects}"] }}' for act, subjects in [("publish", publish), ("subscribe", subscribe)] if subjects]
    return f'{{ user: {name}, password: p, permissions: {{ {", ".join(denied)} }} }}'


class Permissions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.brokers = Brokers(1, extra=f'authorization {{ users: [ {", ".join(user(name) for name in users)}'
                               f", {{ user: least, password: p, permissions: {least} }} ] }}")
        cls.receiver = Receiver()

    @classmethod
    def tearDownClass(cls):
        cls.receiver.close()
        cls.brokers.close()

    def relay(self):
        crm = {"http": {"url": self.receiver.url + "/"}}
        relay = Relay(self.brokers.urls, {"crm": crm}, replicas=1, name="limited", user="whole", password="p")
        self.addCleanup(relay.close)
        return relay

    def become(self, relay, user, **keys):
        with open(relay.path) as file:
            configuration = json.load(file)
        configuration["spool"]["jetstream"] |= {"user": user}
        with open(relay.path, "w") as file:
            json.dump(configuration | keys, file)

    def test_a_start_that_is_not_allowed_ends_with_the_brokers_words(self):
        relay = self.relay()
        relay.kill()
        for name, words, seconds in [
            ("no-streams", 'Permissions Violation for Publish to "$JS.API.STREAM.CREATE.limited"', 10),
            ("no-answers", 'Permissions Violation for Subscription to "_INBOX.', 40),
        ]:
            with self.subTest(name):
                self.become(relay, name)
                began = time.monotonic()
                answer = relay.verb("run")
                self.assertEqual(answer.returncode, 69, answer.stderr)
                self.assertIn(words, answer.stderr.splitlines()[-1].replace('\\"', '"'))
                self.assertLess(time.monotonic() - began, seconds)

    def test_what_the_documentation_lists_is_enough(self):
        relay = self.relay()
        relay.kill()
        self.become(relay, "least", on_failure=["crm"])
        with open(relay.path) as file:
            configuration = json.load(file)
        dead = {"http": {"url": "http://127.0.0.1:1/"}, "order": "id", "retry": {"attempts": 1}, "breaker": {"after": 0}}
        configuration["targets"]["dead"] = dead
        configuration["routes"][0]["to"].append("dead")
        with open(relay.path, "w") as file:
            json.dump(configuration, file)
        relay.start()
        event = json.loads(relay.send({"type": "order", "id": "least"})[1])["event"]
        until("it fails", lambda: any(line["delivery"] == f"{event}/dead" for line in relay.lines("failures.ndjson")))
        until("it is there", lambda: relay.verb("failures", "--cluster", "--json").stdout)
        for verb in (
            [["show", str(event), "--cluster"], ["status", "--cluster"], ["audit", "--cluster"], ["pause", "crm"], ["resume", "crm"]]
            + [["retry", f"{event}/dead"], ["replay", "--since", "1h", "--to", "crm", "--wait"], ["replay", "list"]]
            + [["move", "dead", "crm"], ["drop", "crm", "--yes"], ["spool", "export"], ["spool", "erase", str(event)]]
        ):
            with self.subTest(verb=verb):
                answer = relay.verb(*verb)
                self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)
        self.assertNotIn("Permissions", relay.verb("check", "--live").stdout)
        self.assertFalse(relay.said("Permissions Violation"))

    def test_a_check_and_the_verbs_say_it_too(self):
        relay = self.relay()
        event = json.loads(relay.send({"type": "order", "id": "one"})[1])["event"]
        relay.kill()
        for name, words in [
            ("no-questions", 'Permissions Violation for Publish to "$JS.API.STREAM.INFO.'),
            ("no-answers", 'Permissions Violation for Subscription to "_INBOX.'),
        ]:
            self.become(relay, name)
            with self.subTest(name, verb="check"):
                answer = relay.verb("check", "--live", "--json")
                self.assertEqual(answer.returncode, 78, answer.stderr)
                finding = json.loads(answer.stdout)
                self.assertEqual(finding["severity"], "error")
                self.assertIn(words, finding["message"])
                self.assertIn("permissions", finding["hint"])
            for verb in ["audit", "--cluster"], ["spool", "export"], ["show", str(event)]:
                with self.subTest(name, verb=verb):
                    answer = relay.verb(*verb)
                    self.assertEqual(answer.returncode, 69, answer.stdout + answer.stderr)
                    self.assertIn(words, answer.stderr)

    def test_an_event_that_may_not_be_published_is_refused_at_once_with_the_reason(self):
        relay = self.relay()
        relay.kill()
        for dedupe in {}, {"dedupe": {"key": "id", "for": "60s"}}:
            self.become(relay, "no-events", sources={"shop": {"path": "/shop"} | dedupe})
            relay.start_unready()
            began = time.monotonic()
            status, body = relay.send({"type": "order", "id": "denied"})
            self.assertEqual(status, 503)
            self.assertIn("Permissions Violation for Publish to", json.loads(body)["error"])
            self.assertLess(time.monotonic() - began, 3)
            answer = relay.verb("send", "--type", "order")
            self.assertEqual(answer.returncode, 69, answer.stderr)
            self.assertIn("Permissions Violation", answer.stdout)
            relay.kill()

    def test_attempts_that_the_brokers_do_not_tell_of_are_not_called_complete(self):
        relay = self.relay()
        relay.kill()
        self.become(relay, "no-records")
        relay.start()
        event = json.loads(relay.send({"type": "order", "id": "own"})[1])["event"]

        def page():
            return json.loads(relay.get(f"/api/v1/events/{event}/attempts"))

        until("its own attempt", lambda: [attempt["status"] for attempt in page()["attempts"]] == ["SUCCEEDED"])
        self.assertFalse(page()["complete"])
        self.assertIn("Permissions Violation", page()["obstacle"])

    def test_what_is_done_without_being_asked_is_said_in_the_log(self):
        relay = self.relay()
        relay.kill()
        for name, words in [("no-pulls", "$JS.API.CONSUMER.MSG.NEXT.limited"), ("no-words", "limited.w.*")]:
            self.become(relay, name)
            relay.start()
            until("it is said", lambda: relay.said("the brokers don't allow what the relay needs") and relay.said(words))
            relay.kill()


if __name__ == "__main__":
    unittest.main()
