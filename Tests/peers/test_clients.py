"""Clients as other languages make them: Python's http.client and requests, Go's net/http, Node's fetch, Java's HttpClient."""
import gzip
import http.client
import json
import os
import shutil
import subprocess
import unittest

import requests
from relay import Relay

CLIENTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clients")
BODY = json.dumps({"x": "y" * 100_000}).encode()


class ClientTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.relay = Relay({"archive": {"file": {"path": "archive.ndjson"}}})
        cls.url = f"http://127.0.0.1:{cls.relay.port}/shop"

    @classmethod
    def tearDownClass(cls):
        cls.relay.close()

    def test_requests_of_python_is_understood(self):
        with requests.Session() as kept:
            for post in (kept.post, requests.post):
                for _ in range(3):
                    for body, headers in (
                        (BODY, {}),
                        (iter([BODY[:70_000], BODY[70_000:]]), {}),
                        (gzip.compress(BODY), {"content-encoding": "gzip"}),
                        (BODY, {"connection": "close"}),
                        (BODY, {"expect": "100-continue"}),
                    ):
                        answer = post(self.url, data=body, headers=headers, timeout=30)
                        self.assertEqual(answer.status_code, 202, answer.text)
                        self.assertGreater(answer.json()["event"], 0)

    def test_http_client_of_python_is_understood(self):
        bodies = (
            (BODY, {}),
            (iter([BODY[:70_000], BODY[70_000:]]), {"transfer-encoding": "chunked"}),
            (gzip.compress(BODY), {"content-encoding": "gzip"}),
            (BODY, {"expect": "100-continue"}),
            (BODY, {"connection": "close"}),
        )
        connection = http.client.HTTPConnection("127.0.0.1", self.relay.port, timeout=30)
        for body, headers in bodies:
            connection.request("POST", "/shop", body, headers, encode_chunked="transfer-encoding" in headers)
            answer = connection.getresponse()
            self.assertEqual(answer.status, 202, headers)
            self.assertGreater(json.load(answer)["event"], 0)
        self.assertIsNone(connection.sock)

    def understood(self, *command):
        out = subprocess.run([*command, self.url], capture_output=True, text=True, timeout=300)
        self.assertEqual(out.returncode, 0, out.stdout + out.stderr)

    def test_go_is_understood(self):
        self.understood("go", "run", os.path.join(CLIENTS, "client.go"))

    def test_fetch_of_node_is_understood(self):
        self.understood("node", os.path.join(CLIENTS, "client.mjs"))

    @unittest.skipUnless(shutil.which("javac"), "there is no JDK: Tests/run long installs one")
    def test_java_is_understood(self):
        self.understood("java", os.path.join(CLIENTS, "Client.java"))


if __name__ == "__main__":
    unittest.main()
