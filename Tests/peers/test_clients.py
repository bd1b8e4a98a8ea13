"""Clients as other languages make them: Python's requests and Go's net/http."""
import gzip
import json
import os
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

    def test_go_is_understood(self):
        client = os.path.join(CLIENTS, "client.go")
        out = subprocess.run(["go", "run", client, self.url], capture_output=True, text=True, timeout=300)
        self.assertEqual(out.returncode, 0, out.stdout + out.stderr)


if __name__ == "__main__":
    unittest.main()
