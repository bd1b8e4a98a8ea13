"""The API held against deploy/openapi.json by schemathesis: every endpoint, with requests that fit and requests that don't."""

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from relay import Receiver, Relay

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,unsupported_method"
EXAMPLES = 40


def main():
    receiver = Receiver(500)
    relay = Relay({
        "sources": {"s": {"path": "/s"},
                    "q": {"path": "/q", "on_invalid": "quarantine", "verify": {"scheme": "github", "secret": "k"}}},
        "targets": {"file": {"file": {"path": "out.ndjson"}},
                    "down": {"http": {"url": receiver.url}, "retry": {"attempts": 1}, "breaker": {"after": 0}}},
        "routes": [{"name": "all", "to": ["file", "down"]}]})
    try:
        relay.post({"type": "t", "id": f"whs_{number}"} for number in range(50))
        relay.post([{"type": "t"}], "/q", 401)
        relay.wait_settled()
        described = set(json.load(open("deploy/openapi.json"))["paths"])
        answered = {path for path in described if relay.ask(path.replace("{event}", "1").replace("{type}", "voucher.created").replace("{number}", "1"))[0] != 404}
        if described - answered:
            sys.exit(f"described, and not there: {described - answered}")
        command = [os.path.join(os.path.dirname(sys.executable), "schemathesis"), "run", "deploy/openapi.json",
                   "--url", relay.root, "--checks", CHECKS, "--max-examples", str(EXAMPLES), "--workers", "1", "--seed", "1",
                   "--generation-database", "none", "--no-color"]
        return subprocess.call(command)
    finally:
        relay.close()
        receiver.close()


if __name__ == "__main__":
    sys.exit(main())
