"""NATS brokers on loopback: three with JetStream in a cluster, or one with whatever its configuration says."""
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile

from relay import free_port, until

server = os.environ.get("NATS_SERVER", str(pathlib.Path(sys.executable).parent / "nats-server"))


# Debian's, which Tests/peers/run unpacks: 2.9, which can't sync before it answers.
old_server = str(pathlib.Path(sys.executable).parent.parent / "debian/usr/sbin/nats-server")


class Broker:
    def __init__(self, directory, name, port, extra, through=None, is_old=False):
        self.name, self.port, self.program = name, port, old_server if is_old else server
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
        self.process.wait(30)

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)


class Brokers:
    """`count` brokers: a cluster if there are several. `extra` goes into each one's configuration."""

    def __init__(self, count=3, extra="", through=None, is_old=False):
        self.directory = tempfile.TemporaryDirectory()
        ports = [free_port() for _ in range(count)]
        routes = [free_port() for _ in range(count)]
        self.all = []
        for index in range(count):
            cluster = ""
            if count > 1:
                others = ", ".join(f'"nats://127.0.0.1:{port}"' for port in routes)
                cluster = f'cluster {{ name: c, listen: "127.0.0.1:{routes[index]}", routes: [{others}] }}'
            self.all.append(Broker(self.directory.name, f"n{index}", ports[index], f"{cluster}\n{extra}", through, is_old))
        for broker in self.all:
            broker.start()

    @property
    def urls(self):
        return [f"nats://127.0.0.1:{(broker.proxy or broker).port}" for broker in self.all]

    def close(self):
        for broker in self.all:
            broker.thaw()
            broker.kill()
            if broker.proxy:
                broker.proxy.close()
        self.directory.cleanup()
