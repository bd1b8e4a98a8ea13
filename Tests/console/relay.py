"""The built binary in a directory of its own, and receivers for it, on ports that nobody has."""

import http.server
import json
import os
import signal
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

from ports import free_port

BINARY = os.environ.get("HOOKSWITCH_BINARY", os.path.join(os.getcwd(), ".build/release/hookswitch"))


def until(what, condition, seconds=60):
    """Waits for a condition."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"it never came to pass that {what}")
        time.sleep(0.02)


class Receiver:
    """An endpoint that answers what it is told to: `status` may be changed at any time."""

    def __init__(self, status=200):
        self.status = status
        self.count = 0
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                self.rfile.read(int(self.headers.get("content-length", 0)))
                receiver.count += 1
                answer = b"<script>document.title='stolen'</script>" if receiver.status >= 400 else b"ok"
                self.send_response(receiver.status)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Relay:
    """A running daemon. `configuration` lacks the addresses, which are added."""

    def __init__(self, configuration):
        self.directory = tempfile.TemporaryDirectory(prefix="hookswitch-console-")
        self.path = os.path.join(self.directory.name, "routes.json")
        self.door = free_port()
        self.admin = free_port()
        self.root = f"http://127.0.0.1:{self.admin}"
        self.configure(configuration)
        self.log = open(os.path.join(self.directory.name, "log"), "w+")
        self.process = subprocess.Popen(
            [BINARY, "run", "--config", self.path], stderr=self.log, cwd=self.directory.name)
        until("the relay is ready", self.is_ready)

    def configure(self, configuration):
        whole = {"listen": f"127.0.0.1:{self.door}", "admin": f"127.0.0.1:{self.admin}", **configuration}
        with open(self.path, "w") as file:
            json.dump(whole, file, indent=2)

    def is_ready(self):
        if self.process.poll() is not None:
            self.log.seek(0)
            raise RuntimeError(self.log.read())
        try:
            return self.ask("/readyz")[0] == 200
        except OSError:
            return False

    def ask(self, path, body=None, headers=None, method=None):
        """Status, headers and body of an answer; redirects are not followed."""
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.root + path, data, headers or {}, method=method)
        try:
            with urllib.request.build_opener(Stay).open(request, timeout=60) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def api(self, path, body=None):
        return json.loads(self.ask("/api/v1/" + path, body)[2])

    def post(self, events, path="/s", status=202):
        """Sends events over one connection; each is answered this status."""
        connection = __import__("http.client").client.HTTPConnection("127.0.0.1", self.door, timeout=60)
        for event in events:
            connection.request("POST", path, event if isinstance(event, bytes) else json.dumps(event).encode())
            answer = connection.getresponse()
            answer.read()
            assert answer.status == status, answer.status
        connection.close()

    def wait_settled(self):
        def is_settled():
            return all(target["waiting"] == 0 for target in self.api("status")["targets"].values())
        until("everything is delivered or given up", is_settled, 120)

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self.log.close()
        self.directory.cleanup()


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments):
        return None
