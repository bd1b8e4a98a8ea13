"""Relays on a JetStream cluster: what was answered 202 arrives, whoever dies meanwhile."""
import base64
import binascii
import http.client
import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from brokers import Brokers
from ports import free_port
from relay import Receiver, until


class Relay:
    """One of several relays that share a cluster."""

    def __init__(self, urls, targets, **jetstream):
        self.directory = tempfile.TemporaryDirectory()
        self.port = free_port()
        self.path = os.path.join(self.directory.name, "routes.json")
        with open(self.path, "w") as file:
            json.dump(
                {
                    "listen": f"127.0.0.1:{self.port}",
                    "admin": None,
                    "spool": {
                        "max_size": "500MB",
                        "jetstream": {"servers": urls, "ack_wait": "3s"} | jetstream,
                    },
                    "sources": {"shop": {"path": "/shop", "dedupe": {"key": "id", "for": "60s"}}},
                    "targets": targets,
                    "routes": [{"name": "all", "to": list(targets)}],
                },
                file,
            )
        self.log = open(os.path.join(self.directory.name, "log"), "w+")
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    def start(self):
        """Starts it, and waits until it takes an event: one, which tests count."""
        self.launch()
        until("the relay is ready", lambda: self.send({"type": "ping"})[0] == 202)

    def start_unready(self):
        """Starts it, and waits until it answers, whatever that is."""
        self.launch()
        until("the relay answers", lambda: self.send({"type": "ping"})[0] != 0)

    def launch(self):
        self.process = subprocess.Popen(
            [os.environ["HOOKSWITCH_BINARY"], "run", "--config", self.path], stderr=self.log
        )

    def send(self, event):
        """The answer's status and body; 0 if there is none."""
        if self.process.poll() is not None:
            self.log.seek(0)
            raise AssertionError(self.log.read())
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("POST", "/shop", json.dumps(event), {"content-type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except OSError:
            return 0, b""
        finally:
            connection.close()

    def verb(self, *words):
        return subprocess.run(
            [os.environ["HOOKSWITCH_BINARY"], *words, "--config", self.path],
            capture_output=True,
            text=True,
            timeout=60,
        )

    def status(self):
        return json.loads(self.verb("status", "--json").stdout)

    def get(self, path):
        """What the operators' interface answers at a path."""
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(os.path.join(self.directory.name, "spool", "hookswitch.sock"))
            client.sendall(f"GET {path} HTTP/1.1\r\nhost: hookswitch\r\nconnection: close\r\n\r\n".encode())
            answer = http.client.HTTPResponse(client)
            answer.begin()
            return answer.read().decode()

    def lines(self, name):
        try:
            with open(os.path.join(self.directory.name, "spool", name)) as file:
                return [json.loads(line) for line in file if line.endswith("\n")]
        except FileNotFoundError:
            return []

    def kill(self):
        self.process.kill()
        self.process.wait(30)

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)
        self.log.close()
        self.directory.cleanup()

    def said(self, text):
        """Whether the daemon's log has a text."""
        with open(self.log.name) as file:
            return text in file.read()


class Sender(threading.Thread):
    """Sends events one after the other to the relays in turn, each until it is answered 202, and keeps what was."""

    def __init__(self, relays, name):
        super().__init__()
        self.relays, self.name_, self.accepted, self.refused, self.stops = relays, name, [], 0, threading.Event()

    def run(self):
        number = 0
        while not self.stops.is_set():
            key = f"{self.name_}-{number}"
            relay = self.relays[number % len(self.relays)]
            number += 1
            if relay.process.poll() is not None:
                continue
            if relay.send({"type": "order", "id": key})[0] == 202:
                self.accepted.append(key)
            else:
                self.refused += 1


def arrived(receiver):
    """What came, by key: how often."""
    counts = {}
    for _, _, body in list(receiver.requests):
        key = json.loads(body).get("id")
        if key:
            counts[key] = counts.get(key, 0) + 1
    return counts


class OneBroker(unittest.TestCase):
    """What needs no cluster."""

    @classmethod
    def setUpClass(cls):
        cls.brokers = Brokers(1)
        cls.receiver = Receiver()

    @classmethod
    def tearDownClass(cls):
        cls.receiver.close()
        cls.brokers.close()

    def relay(self, targets, **jetstream):
        relay = Relay(self.brokers.urls, targets, replicas=1, **jetstream)
        self.addCleanup(relay.close)
        return relay

    def test_an_event_is_accepted_once_and_delivered(self):
        relay = self.relay({"crm": {"http": {"url": self.receiver.url + "/once"}}}, name="once")
        status, body = relay.send({"type": "order", "id": "once-1"})
        self.assertEqual(status, 202)
        until("the delivery", lambda: arrived(self.receiver).get("once-1"))
        again = json.loads(relay.send({"type": "order", "id": "once-1"})[1])
        self.assertEqual(again.get("duplicate_of", again.get("event")), json.loads(body)["event"])
        until("nothing waits", lambda: relay.status()["targets"]["crm"]["waiting"] == 0)
        self.assertEqual(arrived(self.receiver)["once-1"], 1)

    def test_a_failure_is_kept_and_sent_again_by_hand(self):
        relay = self.relay(
            {"crm": {"http": {"url": f"http://127.0.0.1:{free_port()}/"}, "retry": {"attempts": 2, "first": "50ms"}}},
            name="fail",
        )
        relay.send({"type": "order", "id": "fail-1"})
        failure = until(
            "the failure",
            lambda: next((line for line in relay.lines("failures.ndjson")), None),
        )
        self.assertEqual(failure["target"], "crm")
        until("failures are counted", lambda: relay.status()["targets"]["crm"]["failed"] > 0)
        before = len(relay.lines("failures.ndjson"))
        answer = relay.verb("retry", failure["delivery"])
        self.assertEqual(answer.returncode, 0, answer.stderr)
        until("the second failure", lambda: len(relay.lines("failures.ndjson")) > before)

    def test_what_waits_outlives_the_relay(self):
        port = free_port()
        relay = self.relay(
            {"crm": {"http": {"url": f"http://127.0.0.1:{port}/"}, "retry": {"attempts": 50, "first": "100ms", "max": "1s"}}},
            name="wait",
        )
        for number in range(20):
            self.assertEqual(relay.send({"type": "order", "id": f"wait-{number}"})[0], 202)
        relay.kill()
        receiver = Receiver()
        self.addCleanup(receiver.close)
        with open(relay.path) as file:
            configuration = json.load(file)
        configuration["targets"]["crm"]["http"]["url"] = receiver.url + "/"
        with open(relay.path, "w") as file:
            json.dump(configuration, file)
        relay.start()
        until("all twenty", lambda: len([k for k in arrived(receiver) if k.startswith("wait-")]) == 20)


class OneOldBroker(OneBroker):
    """The same on Debian's nats-server, which is of 2023."""

    @classmethod
    def setUpClass(cls):
        cls.brokers = Brokers(1, is_old=True)
        cls.receiver = Receiver()

    def test_it_is_said_that_it_can_not_sync(self):
        relay = self.relay({"crm": {"http": {"url": self.receiver.url + "/old"}}}, name="old")
        self.assertTrue(relay.said("can't sync before they answer"))


class Durability(unittest.TestCase):
    """What is said of brokers whose 202 is worth less than it could be."""

    def findings(self, relay):
        answer = relay.verb("check", "--live", "--json")
        return answer.returncode, [json.loads(line) for line in answer.stdout.splitlines()]

    def relay(self, brokers, **jetstream):
        relay = Relay(brokers.urls, {"out": {"file": {"path": "out.ndjson"}}}, **jetstream)
        self.addCleanup(relay.close)
        return relay

    def test_one_replica_is_a_fault_and_no_broker_too(self):
        brokers = Brokers(1)
        relay = self.relay(brokers, replicas=1)
        self.assertTrue(relay.said("keeps each event on 1 broker"))
        code, findings = self.findings(relay)
        self.assertEqual(code, 78)
        self.assertIn("1 broker", [f["message"] for f in findings if f["severity"] == "error"][0])
        brokers.close()
        code, findings = self.findings(relay)
        self.assertEqual((code, findings[0]["path"]), (69, "spool.jetstream.servers"))

    def test_what_can_not_be_is_refused_before_the_stream_is_there(self):
        brokers = Brokers(1)
        self.addCleanup(brokers.close)
        relay = self.relay(brokers, replicas=1)
        with open(relay.path) as file:
            configuration = json.load(file)
        for replicas, message in (1, "keeps each event on 1 broker"), (3, "there is 1 broker"):
            configuration["spool"]["jetstream"] |= {"name": "fresh", "replicas": replicas}
            with open(relay.path, "w") as file:
                json.dump(configuration, file)
            code, findings = self.findings(relay)
            self.assertEqual(code, 78)
            self.assertIn(message, [f["message"] for f in findings if f["severity"] == "error"][0])
        # What no waiting changes ends the start at once; the brokers may take 20 s for what may change.
        relay.kill()
        began = time.monotonic()
        answer = relay.verb("run")
        self.assertEqual(answer.returncode, 69, answer.stderr)
        self.assertIn("not supported in non-clustered mode", answer.stderr)
        self.assertLess(time.monotonic() - began, 15)

    def test_a_stream_in_memory_is_a_fault_with_which_it_starts(self):
        brokers = Brokers(1)
        self.addCleanup(brokers.close)
        made = {"name": "memory", "subjects": ["memory.q.>"], "storage": "memory"}
        payload = json.dumps(made).encode()
        with socket.create_connection(("127.0.0.1", brokers.all[0].port), 10) as client, client.makefile("rb") as lines:
            client.sendall(
                b'CONNECT {"verbose":false}\r\nSUB answer 1\r\nPUB $JS.API.STREAM.CREATE.memory answer %d\r\n%b\r\n'
                % (len(payload), payload)
            )
            while not (line := lines.readline()).startswith(b"MSG"):
                self.assertTrue(line)
            self.assertNotIn(b'"error"', lines.readline())
        relay = self.relay(brokers, name="memory", replicas=1)
        self.assertTrue(relay.said("kept in memory, not in files"))
        self.assertEqual(relay.send({"type": "order", "id": "memory-1"})[0], 202)

    def test_of_three_only_their_sync_is_doubted_by_name(self):
        brokers = Brokers(3)
        self.addCleanup(brokers.close)
        relay = self.relay(brokers)
        self.assertTrue(relay.said("can't be confirmed of n0, n1, n2"))
        code, findings = self.findings(relay)
        self.assertEqual(code, 0, findings)
        self.assertIn("can't be confirmed of n0, n1, n2", findings[-1]["message"])


class Refused(unittest.TestCase):
    """What is said to the sender of an event that the brokers don't take."""

    def test_one_that_is_too_long_is_not_to_be_sent_again_and_one_in_the_dark_is(self):
        brokers = Brokers(1, extra="max_payload: 100KB")
        self.addCleanup(brokers.close)
        for source in {}, {"dedupe": {"key": "id", "for": "1h"}}:
            relay = Relay(brokers.urls, {"out": {"file": {"path": "out.ndjson"}}}, name=f"r{len(source)}", replicas=1)
            self.addCleanup(relay.close)
            with open(relay.path) as file:
                configuration = json.load(file)
            configuration["sources"]["shop"] = {"path": "/shop"} | source
            with open(relay.path, "w") as file:
                json.dump(configuration, file)
            relay.kill()
            relay.start()
            status, body = relay.send({"id": "long", "text": "x" * 200_000})
            self.assertEqual(status, 413, body)
            self.assertIn("max_payload is 102400 bytes", json.loads(body)["error"])
            self.assertEqual(relay.send({"id": "short"})[0], 202)
        brokers.all[0].process.send_signal(signal.SIGSTOP)
        status, body = relay.send({"id": "dark"})
        brokers.all[0].process.send_signal(signal.SIGCONT)
        self.assertEqual(status, 503, body)


class Secured(unittest.TestCase):
    """Brokers that want TLS, and to know who comes."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.certificate, self.key = os.path.join(directory.name, "c.pem"), os.path.join(directory.name, "k.pem")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
            + ["-subj", "/CN=broker", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", self.key]
            + ["-out", self.certificate],
            check=True,
            capture_output=True,
        )
        self.receiver = Receiver()
        self.addCleanup(self.receiver.close)

    def delivers(self, broker, **jetstream):
        brokers = Brokers(1, broker)
        self.addCleanup(brokers.close)
        targets = {"crm": {"http": {"url": self.receiver.url + "/"}}}
        relay = Relay(brokers.urls, targets, replicas=1, **jetstream)
        self.addCleanup(relay.close)
        self.assertEqual(relay.send({"type": "order", "id": "secured"})[0], 202)
        until("the delivery", lambda: arrived(self.receiver).get("secured"))

    def test_tls_with_a_password(self):
        self.delivers(
            f'tls {{ cert_file: "{self.certificate}", key_file: "{self.key}" }}\n'
            "authorization { user: relay, password: open }",
            tls={"ca": self.certificate},
            user="relay",
            password="open",
        )

    def test_tls_first_with_a_token(self):
        self.delivers(
            f'tls {{ cert_file: "{self.certificate}", key_file: "{self.key}", handshake_first: true }}\n'
            'authorization { token: "sesame" }',
            tls={"ca": self.certificate, "first": True},
            token="sesame",
        )

    def test_an_nkey(self):
        seed, public = nkey(bytes(range(32)))
        self.delivers(f"authorization {{ users: [ {{ nkey: {public} }} ] }}", nkey=seed)

    def test_a_broker_that_is_not_believed_is_not_used(self):
        brokers = Brokers(1, f'tls {{ cert_file: "{self.certificate}", key_file: "{self.key}" }}')
        self.addCleanup(brokers.close)
        with self.assertRaises(AssertionError) as raised:
            relay = Relay(brokers.urls, {}, replicas=1, tls={})
            self.addCleanup(relay.close)
        self.assertIn("self-signed certificate", str(raised.exception))


def nkey(seed):
    """A user's NKEY: its seed and its public key as NATS writes them."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()

    def text(data):
        return base64.b32encode(data + binascii.crc_hqx(data, 0).to_bytes(2, "little")).decode().rstrip("=")

    return text(bytes([18 << 3 | (20 << 3) >> 5, (20 << 3 & 31) << 3]) + seed), text(bytes([20 << 3]) + public)


class Cluster(unittest.TestCase):
    def setUp(self):
        self.brokers = Brokers(3)
        self.addCleanup(self.brokers.close)
        self.receiver = Receiver()
        self.addCleanup(self.receiver.close)

    def relays(self, count):
        relays = []
        for _ in range(count):
            relay = Relay(self.brokers.urls, {"crm": {"http": {"url": self.receiver.url + "/"}}})
            self.addCleanup(relay.close)
            relays.append(relay)
        return relays

    def check(self, senders, seconds=120):
        """All that was answered 202 has arrived."""
        accepted = {key for sender in senders for key in sender.accepted}
        try:
            until("every event answered 202", lambda: not accepted - set(arrived(self.receiver)), seconds)
        finally:
            counts = arrived(self.receiver)
            twice = sum(1 for key in counts if counts[key] > 1)
            refused = sum(sender.refused for sender in senders)
            print(
                f"{len(accepted)} answered 202, {refused} refused, {len(accepted - set(counts))} lost, "
                f"{twice} delivered more than once"
            )
        self.assertGreater(len(accepted), 50)

    def test_nothing_is_lost_when_a_relay_and_a_broker_are_killed(self):
        relays = self.relays(2)
        senders = [Sender(relays, f"s{number}") for number in range(4)]
        for sender in senders:
            sender.start()
        until("some events", lambda: len(self.receiver.requests) > 100)
        relays[0].kill()
        count = len(self.receiver.requests)
        until("the other relay goes on", lambda: len(self.receiver.requests) > count + 100)
        # In `Tests/run long` one after the other, whichever leads.
        is_long = os.environ.get("HOOKSWITCH_TESTS") == "long"
        for broker in self.brokers.all if is_long else self.brokers.all[:1]:
            broker.kill()
            accepted = sum(len(sender.accepted) for sender in senders)
            until("events are accepted by two brokers", lambda: sum(len(s.accepted) for s in senders) > accepted + 50)
            broker.start()
            # The next one is killed while this one catches up; at least it has heard of what it missed.
            accepted = sum(len(sender.accepted) for sender in senders)
            until("events are accepted by three brokers", lambda: sum(len(s.accepted) for s in senders) > accepted + 50)
        relays[0].start()
        self.brokers.all[1].freeze()
        accepted = sum(len(sender.accepted) for sender in senders)
        until("events are accepted beside a frozen broker", lambda: sum(len(s.accepted) for s in senders) > accepted + 50)
        self.brokers.all[1].thaw()
        for sender in senders:
            sender.stops.set()
        for sender in senders:
            sender.join()
        self.check(senders)

    def test_nothing_is_lost_when_all_brokers_go_and_come_back(self):
        relays = self.relays(1)
        sender = Sender(relays, "all")
        sender.start()
        until("some events", lambda: len(sender.accepted) > 100)
        for broker in self.brokers.all:
            broker.kill(signal.SIGKILL)
        until("events are refused", lambda: sender.refused > 0)
        for broker in self.brokers.all:
            broker.start()
        accepted = len(sender.accepted)
        until("events are accepted again", lambda: len(sender.accepted) > accepted + 100)
        sender.stops.set()
        sender.join()
        self.check([sender])


if __name__ == "__main__":
    unittest.main()
