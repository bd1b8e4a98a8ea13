"""A failure's record that the full stream does not take, whose event then leaves by its age: it is said, and counted."""
import json
import re
import unittest

from brokers import BrokerAndReceiver
from ports import free_port
from relay import until
from test_cluster import Relay


class Small(Relay):
    """A relay whose stream holds little, and not for long; the failures of one target go to the other."""

    def start(self):
        with open(self.path) as file:
            configuration = json.load(file)
        configuration["spool"] |= {"max_size": "3MiB", "retain": "40s"}
        configuration["targets"]["dead"]["on_failure"] = ["pager"]
        configuration["routes"] = [{"name": "all", "match": {"type": ["order"]}, "to": ["dead"]}]
        with open(self.path, "w") as file:
            json.dump(configuration, file)
        super().start()


class Unrecorded(BrokerAndReceiver):
    def test_a_failure_whose_event_leaves_unrecorded_is_named_and_counted(self):
        retry = {"attempts": 2, "first": "8s", "factor": 1}
        dead = {"http": {"url": f"http://127.0.0.1:{free_port()}/"}, "retry": retry, "breaker": {"after": 0}}
        pager = {"http": {"url": self.receiver.url + "/"}}
        relay = Small(self.brokers.urls, {"dead": dead, "pager": pager}, name="small", replicas=1)
        self.addCleanup(relay.close)
        counter = 'hookswitch_failures_unrecorded_total{target="dead"} '
        self.assertIn(counter + "0\n", relay.get("/metrics"))
        events = [json.loads(relay.send({"type": "order", "id": f"e{number}"})[1])["event"] for number in range(3)]
        # The rest of the stream, down to the last bytes.
        for size in 900_000, 90_000, 9_000, 900, 90:
            while relay.send({"type": "filler", "text": "x" * size})[0] == 202:
                pass
        until("it is said", lambda: relay.said("before a failure's record could be stored"))
        with open(relay.log.name) as file:
            line = next(line for line in file if "before a failure's record could be stored" in line)
        self.assertIn("target=dead", line)
        # Those that fail later are said a minute later; they are counted now.
        named = re.search(r"event (\d+) (leaves|the first, leave) the stream", line)
        self.assertIn(int(named[1]), events)
        self.assertTrue(relay.said("records are not taken"))
        until("all are counted", lambda: counter + "3\n" in relay.get("/metrics"))
        failures = [failure["delivery"] for failure in relay.lines("failures.ndjson")]
        self.assertLessEqual({f"{event}/dead" for event in events}, set(failures))
        until("they have left", lambda: relay.verb("show", str(events[2])).returncode == 1)
        self.assertIn(counter + "3\n", relay.get("/metrics"))


if __name__ == "__main__":
    unittest.main()
