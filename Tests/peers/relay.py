"""The relay under test, a receiver, and a wait for what is to come."""
import http.client
import http.server
import json
import os
import socket
import subprocess
import tempfile
import threading
import time

from ports import free_port


def until(what, condition, seconds=60):
    """Waits until a condition holds, and answers what it came to."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"never came: {what}")
        time.sleep(0.02)


def leave_to_long(suite, but=""):
    """Each test of a suite costs seconds: all of them in `Tests/run long`, else those with this word in their names."""
    if os.environ.get("HOOKSWITCH_TESTS") != "long":
        for name in [name for name in dir(suite) if name.startswith("test_") and (not but or but not in name)]:
            setattr(suite, name, None)


class Receiver:
    """An HTTP server on loopback that keeps what it gets, and answers 200, or what `status` says; only what is answered 200 is kept."""

    def __init__(self, status=lambda: 200):
        self.requests = []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                answer = status()
                if answer == 200:
                    receiver.requests.append((self.path, self.headers, body))
                self.send_response(answer)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def request(self, path):
        """The first request at a path, once it has come."""
        return until(f"a request at {path}", lambda: next((r for r in self.requests if r[0] == path), None))

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Relay:
    """The built relay, with targets that each get every event, or those that are `later` the events of type later; `more` are
    further keys of its configuration."""

    def __init__(self, targets, later=(), **more):
        self.directory = tempfile.TemporaryDirectory()
        self.port = free_port()
        path = os.path.join(self.directory.name, "routes.json")
        retry = {"attempts": 1, "first": "50ms"}
        with open(path, "w") as file:
            json.dump(
                {
                    "listen": f"127.0.0.1:{self.port}",
                    "admin": None,
                    "sources": {"shop": {"path": "/shop"}},
                    "targets": {name: {"retry": retry} | target for name, target in targets.items()},
                    "routes": [
                        {"name": "all", "to": [name for name in targets if name not in later]},
                        {"name": "later", "match": {"type": ["later"]}, "to": list(later)},
                    ][: 2 if later else 1],
                }
                | more,
                file,
            )
        self.log = open(os.path.join(self.directory.name, "log"), "w+")
        self.process = subprocess.Popen([os.environ["HOOKSWITCH_BINARY"], "run", "--config", path], stderr=self.log)
        until("the relay is ready", self._answers)

    def _answers(self):
        if self.process.poll() is not None:
            self.log.seek(0)
            raise AssertionError(self.log.read())
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
            return True
        except OSError:
            return False

    def send(self, event, headers={"content-type": "application/json"}):
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        body = event if isinstance(event, bytes) else json.dumps(event, ensure_ascii=False).encode()
        connection.request("POST", "/shop", body, headers)
        answer = connection.getresponse()
        assert answer.status == 202, answer.read()
        number = json.load(answer)["event"]
        connection.close()
        return number, body

    def record(self, target):
        """The first line of the audit about a target, once it is there."""
        return until(f"the record of {target}", lambda: next(self._records(target), None))

    def _records(self, target):
        try:
            with open(os.path.join(self.directory.name, "spool", "audit.ndjson")) as file:
                for line in file:
                    if line.endswith("\n") and json.loads(line)["target"] == target:
                        yield json.loads(line)
        except FileNotFoundError:
            return

    def close(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()
        self.directory.cleanup()
