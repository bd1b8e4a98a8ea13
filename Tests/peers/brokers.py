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


class Broker:
    def __init__(self, directory, name, port, extra):
        self.port = port
        self.path = os.path.join(directory, f"{name}.conf")
        self.log = os.path.join(directory, f"{name}.log")
        with open(self.path, "w") as file:
            file.write(
                f'server_name: {name}\nlisten: "127.0.0.1:{port}"\nmax_payload: 2MB\n'
                f'jetstream {{ store_dir: "{directory}/{name}", max_file_store: 2GB, sync_interval: always }}\n'
                f'log_file: "{self.log}"\n{extra}\n'
            )
        self.process = None

    def start(self):
        self.process = subprocess.Popen([server, "-c", self.path])
        until("the broker listens", self._listens)

    def _listens(self):
        if self.process.poll() is not None:
            raise AssertionError(open(self.log).read() if os.path.exists(self.log) else "the broker ended")
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

    def __init__(self, count=3, extra=""):
        self.directory = tempfile.TemporaryDirectory()
        ports = [free_port() for _ in range(count)]
        routes = [free_port() for _ in range(count)]
        self.all = []
        for index in range(count):
            cluster = ""
            if count > 1:
                others = ", ".join(f'"nats://127.0.0.1:{port}"' for port in routes)
                cluster = f'cluster {{ name: c, listen: "127.0.0.1:{routes[index]}", routes: [{others}] }}'
            self.all.append(Broker(self.directory.name, f"n{index}", ports[index], f"{cluster}\n{extra}"))
        for broker in self.all:
            broker.start()

    @property
    def urls(self):
        return [f"nats://127.0.0.1:{broker.port}" for broker in self.all]

    def close(self):
        for broker in self.all:
            broker.thaw()
            broker.kill()
        self.directory.cleanup()
