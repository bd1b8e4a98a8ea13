"""A spool that is carried into a cluster and back while the one who carries it is killed: each delivery that was owed is made, once."""
import json
import os
import random
import shutil
import subprocess
import unittest

from brokers import Brokers
from ports import free_port
from relay import Receiver, until
from test_cluster import Relay as ClusterRelay
from test_cluster import arrived
from test_rules import request


class LocalRelay(ClusterRelay):
    """The same relay on a spool of its own, until it is told of the cluster."""

    def __init__(self, urls, targets, is_local=True, **jetstream):
        self.is_local = is_local
        super().__init__(urls, targets, **jetstream)

    def start(self):
        self.configure()
        super().start()

    def configure(self, targets=None, is_local=None):
        """Writes the configuration anew."""
        self.is_local = self.is_local if is_local is None else is_local
        with open(self.path) as file:
            configuration = json.load(file)
        configuration["targets"] = targets or configuration["targets"]
        self.jetstream = configuration["spool"].get("jetstream") or self.jetstream
        configuration["spool"] = {"max_size": "500MB"} | ({} if self.is_local else {"jetstream": self.jetstream})
        with open(self.path, "w") as file:
            json.dump(configuration, file)

    def stop(self):
        self.process.terminate()
        self.process.wait(60)

    def trace(self, to):
        """What changes in the spool's directory with each round: the note of how far it came, or the segment's bytes."""
        segments = os.path.join(self.directory.name, "spool", "segments")
        if not os.path.exists(segments):
            return []
        found = []
        for name in sorted(os.listdir(segments)):
            if name == "notes" if to == "cluster" else name.endswith(".segment"):
                with open(os.path.join(segments, name), "rb") as file:
                    found.append((name, hash(file.read())))
        return found

    def move(self, to, kills, patience=120):
        """Carries the spool, killed so many times at random moments; answers how it ended at last, as JSON."""
        command = [os.environ["HOOKSWITCH_BINARY"], "spool", "move", "--to", to, "--json", "--config", self.path]
        killed = 0
        while killed < kills:
            before = self.trace(to)
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            until("something was carried", lambda: process.poll() is not None or self.trace(to) != before)
            try:
                process.wait(random.uniform(0, 0.05))
                assert process.returncode == 0, process.stderr.read()
                process.stderr.close()
                break  # It was faster.
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(30)
                process.stderr.close()
                killed += 1
        answer = subprocess.run(command, capture_output=True, text=True, timeout=patience)
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout), killed


never = {"after": 1000000, "probe": "1s"}


def dead():
    """A target that nobody listens at, with a schedule that outlives the test."""
    return {"http": {"url": f"http://127.0.0.1:{free_port()}/"}, "retry": {"attempts": 50, "first": "1s", "max": "5s"}} | {"breaker": never}


class Move(unittest.TestCase):
    count = 3000 if os.environ.get("HOOKSWITCH_TESTS") == "long" else 1000

    @classmethod
    def setUpClass(cls):
        cls.brokers = Brokers(3)
        # Brokers are waited for, so this one has the others' time to find out that there are none.
        cls.alone = LocalRelay(cls.brokers.urls, {"crm": dead()}, name="none")
        cls.alone.stop()
        words = ["spool", "move", "--to", f"nats://127.0.0.1:{free_port()}", "--config", cls.alone.path]
        cls.attempt = subprocess.Popen(
            [os.environ["HOOKSWITCH_BINARY"], *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )

    @classmethod
    def tearDownClass(cls):
        cls.attempt.wait(60)
        cls.attempt.stderr.close()
        cls.alone.close()
        cls.brokers.close()

    def filled(self, name, **more):
        """A local relay with events that one target has, one waits for, and one gave up; stopped."""
        live = Receiver()
        self.addCleanup(live.close)
        targets = {
            "live": {"http": {"url": live.url + "/"}},
            "crm": dead(),
            "given-up": dead() | {"retry": {"attempts": 1, "first": "50ms"}},
        }
        relay = LocalRelay(self.brokers.urls, targets, name=name, **more)
        self.addCleanup(relay.close)
        for number in range(self.count if not more else 300):
            self.assertEqual(relay.send({"type": "order", "id": f"{name}-{number}"})[0], 202)
        until("the live target has all", lambda: relay.status()["targets"]["live"]["waiting"] == 0)
        until("the others are given up", lambda: relay.status()["targets"]["given-up"]["waiting"] == 0)
        return relay, live

    def receivers(self, relay, *names, is_local=False):
        """Every target of the relay goes to a receiver of its own from now on."""
        receivers = {name: Receiver() for name in names}
        for receiver in receivers.values():
            self.addCleanup(receiver.close)
        relay.configure({name: {"http": {"url": r.url + "/"}} for name, r in receivers.items()}, is_local=is_local)
        return receivers

    def test_what_a_spool_owes_goes_into_the_cluster_whatever_is_killed(self):
        relay, live = self.filled("in")
        relay.configure(is_local=False)
        refused = relay.verb("spool", "move", "--to", "cluster")
        self.assertEqual(refused.returncode, 1, refused.stderr)
        self.assertIn("another hookswitch", refused.stderr)
        relay.stop()
        received = len(live.requests)
        answer, killed = relay.move("cluster", kills=3)
        print(f"move: killed {killed} times, then {answer['events']} events were left", flush=True)
        self.assertGreaterEqual(len(relay.verb("spool", "export").stdout.splitlines()), self.count, "the cluster has them")
        relay.configure(is_local=True)
        self.assertEqual(relay.verb("spool", "export").stdout, "", "the spool is empty")
        relay.configure(is_local=False)
        receivers = self.receivers(relay, "live", "crm", "given-up")
        relay.start()
        wanted = {f"in-{number}" for number in range(self.count)}
        until("all that waited has arrived", lambda: not wanted - set(arrived(receivers["crm"])), 120)
        until("nothing waits", lambda: relay.status()["targets"]["crm"]["waiting"] == 0)
        counts = arrived(receivers["crm"])
        self.assertEqual([key for key in wanted if counts[key] > 1], [], "delivered more than once")
        attempts = {int(headers["webhook-attempt"]) for _, headers, body in receivers["crm"].requests if b'"id"' in body}
        self.assertGreater(max(attempts), 1, "the schedules go on where they stood")
        self.assertEqual([k for k in arrived(receivers["live"]) if k in wanted], [], "what was delivered is not again")
        self.assertEqual(len(live.requests), received)
        self.assertEqual([k for k in arrived(receivers["given-up"]) if k in wanted], [])
        until("failures are there", lambda: relay.status()["targets"]["given-up"]["failed"] >= self.count)
        self.assertEqual(relay.verb("retry", "5/given-up", "6/given-up").returncode, 0)
        until("what was given up is sent by hand", lambda: len(arrived(receivers["given-up"])) == 2)
        ids = [headers["webhook-id"] for _, headers, _ in receivers["crm"].requests]
        self.assertEqual(len(ids), len(set(ids)))

    def test_failures_are_carried_by_the_next_who_carries_where_the_first_one_died_before_them(self):
        relay, _ = self.filled("died", ack_wait="3s")
        relay.stop()
        spool = os.path.join(relay.directory.name, "spool")
        shutil.copytree(spool, spool + ".before")
        relay.configure(is_local=False)
        relay.move("cluster", kills=0)
        # As after a death: it is noted how the deliveries stand, not yet that they failed, nor in the spool how far it came.
        request(self.brokers, "$JS.API.STREAM.PURGE.died_standings", {"filter": "died.f.>"})
        for _ in range(2):
            shutil.rmtree(spool)
            shutil.copytree(spool + ".before", spool)
            relay.move("cluster", kills=0)
        relay.start()
        until("failures are there", lambda: relay.status()["targets"]["given-up"]["failed"] >= 300)
        counted = request(self.brokers, "$JS.API.STREAM.INFO.died_standings", {"subjects_filter": "died.f.>"})
        failures = counted["state"]["subjects"].values()
        self.assertEqual((len(failures) >= 300, set(failures)), (True, {1}), "each is noted once")

    def test_what_the_cluster_owes_comes_back_whatever_is_killed(self):
        relay, _ = self.filled("out", ack_wait="2s")
        relay.stop()
        relay.configure(is_local=False)
        relay.move("cluster", kills=0)
        relay.start()
        for number in range(300, 400):
            self.assertEqual(relay.send({"type": "order", "id": f"out-{number}"})[0], 202)
        until("the live target has all", lambda: relay.status()["targets"]["live"]["waiting"] == 0)
        until("retries wait", lambda: sum(1 for line in relay.lines("audit.ndjson") if line["status"] == "RETRYING") > 400)
        relay.stop()
        answer, killed = relay.move("local", kills=4)
        print(f"move back: killed {killed} times, then {answer['events']} events were left", flush=True)
        receivers = self.receivers(relay, "live", "crm", "given-up", is_local=True)
        relay.start()
        wanted = {f"out-{number}" for number in range(400)}
        until("all that waited has arrived", lambda: not wanted - set(arrived(receivers["crm"])), 60)
        until("nothing waits", lambda: relay.status()["targets"]["crm"]["waiting"] == 0)
        counts = arrived(receivers["crm"])
        self.assertEqual([key for key in wanted if counts[key] > 1], [], "delivered more than once")
        self.assertEqual([k for k in arrived(receivers["live"]) if k in wanted], [], "what was delivered is not again")
        self.assertEqual(relay.status()["targets"]["given-up"]["failed"], 400 + 2, "those of the two starts, too")

    def test_where_no_broker_is_nothing_is_lost(self):
        self.assertEqual(self.attempt.wait(60), 69, self.attempt.stderr.read())
        self.assertEqual(len(self.alone.verb("spool", "export").stdout.splitlines()), 1)
        for words in (["move"], ["move", "--to", "nowhere"], ["verify", "--to", "cluster"]):
            self.assertEqual(self.alone.verb("spool", *words).returncode, 64, words)
        self.assertEqual(self.alone.verb("spool", "move", "--to", "cluster").returncode, 78)


if __name__ == "__main__":
    unittest.main()
