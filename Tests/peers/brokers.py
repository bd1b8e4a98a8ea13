"""NATS brokers on loopback: three with JetStream in a cluster, or one with whatever its configuration says."""
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

from ports import free_port
from relay import Receiver, until

server = os.environ.get("NATS_SERVER", str(pathlib.Path(sys.executable).parent / "nats-server"))


# Debian's, which Tests/peers/run unpacks: 2.9, which can't sync before it answers.
old_server = str(pathlib.Path(sys.executable).parent.parent / "debian/usr/sbin/nats-server")


class Broker:
    def __init__(self, directory, name, port, extra, through=None, is_old=False):
        self.name, self.port, self.program = name, port, old_server if is_old else server
        self.store = os.path.join(directory, name)
        # What leads from it to the others, and from them to it.
        self.links = []
        # What clients are to come by.
        self.proxy = through(port) if through else None
        sync = "" if is_old else ", sync_interval: always"
        advertised = f'client_advertise: "127.0.0.1:{self.proxy.port}"' if self.proxy else ""
        self.path = os.path.join(directory, f"{name}.conf")
        self.log = os.path.join(directory, f"{name}.log")
        with open(self.path, "w") as file:
            file.write(
                f'server_name: {name}\nlisten: "127.0.0.1:{port}"\nmax_payload: 2MB\n'
                f'jetstream {{ store_dir: "{directory}/{name}", max_file_store: 8GB{sync} }}\n'
                f'log_file: "{self.log}"\n{advertised}\n{extra}\n'
            )
        self.process = None
        self.has_small_disk = False

    def start(self):
        self.process = subprocess.Popen([self.program, "-c", self.path])
        until("the broker listens", self._listens)

    def _listens(self):
        if self.process.poll() is not None:
            raise AssertionError(pathlib.Path(self.log).read_text() if os.path.exists(self.log) else "the broker ended")
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
            return True
        except OSError:
            return False

    def kill(self, number=signal.SIGKILL):
        self.process.send_signal(number)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            # One whose disk was full may never end by itself; a service manager would do the same.
            self.process.kill()
            self.process.wait(30)

    def part(self):
        """Cuts it off from the other brokers."""
        for link in self.links:
            link.stop_forwarding()

    def unite(self):
        for link in self.links:
            link.go_on()

    def give_small_disk(self, megabytes):
        """Gives it a file system of its own, if the system lets us; answers whether."""
        os.makedirs(self.store, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", self.store]
        self.has_small_disk = subprocess.run(command, capture_output=True).returncode == 0
        return self.has_small_disk

    def fill_disk(self):
        with open(os.path.join(self.store, "filler"), "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(1 << 20))
            except OSError:
                pass  # It is full.

    def empty_disk(self):
        os.unlink(os.path.join(self.store, "filler"))

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)


class Brokers:
    """`count` brokers: a cluster if there are several. `extra` goes into each one's configuration; clients, and the brokers
    among themselves, come by way of `through`. One of them may have a small disk, of so many megabytes."""

    def __init__(self, count=3, extra="", through=None, is_old=False, small_disk=0):
        self.directory = tempfile.TemporaryDirectory()
        ports = [free_port() for _ in range(count)]
        routes = [free_port() for _ in range(count)]
        self.all = []
        # From each to each, and for those who hear of a broker from another one.
        self.links = [[through(routes[to]) for to in range(count)] for _ in range(count)] if through and count > 1 else []
        for index in range(count):
            cluster = ""
            if count > 1:
                ways = [link.port for link in self.links[index]] if self.links else routes
                others = ", ".join(f'"nats://127.0.0.1:{port}"' for port in ways)
                advertised = f', advertise: "127.0.0.1:{ways[index]}"' if self.links else ""
                cluster = f'cluster {{ name: c, listen: "127.0.0.1:{routes[index]}", routes: [{others}]{advertised} }}'
            self.all.append(Broker(self.directory.name, f"n{index}", ports[index], f"{cluster}\n{extra}", through, is_old))
        for index, broker in enumerate(self.all):
            broker.links = [self.links[a][b] for a in range(count) for b in range(count) if index in (a, b)] if self.links else []
        if small_disk:
            self.all[0].give_small_disk(small_disk)
        for broker in self.all:
            broker.start()

    @property
    def urls(self):
        return [f"nats://127.0.0.1:{(broker.proxy or broker).port}" for broker in self.all]

    def close(self):
        for broker in self.all:
            broker.thaw()
            broker.kill()
            for proxy in broker.links + ([broker.proxy] if broker.proxy else []):
                proxy.close()
            if broker.has_small_disk:
                subprocess.run(["umount", broker.store], check=True)
        self.directory.cleanup()


class BrokerAndReceiver(unittest.TestCase):
    """What tests share that need one broker, and a receiver that takes everything."""

    is_old = False

    @classmethod
    def setUpClass(cls):
        cls.brokers = Brokers(1, is_old=cls.is_old)
        cls.receiver = Receiver()

    @classmethod
    def tearDownClass(cls):
        cls.receiver.close()
        cls.brokers.close()
