"""The API held against deploy/openapi.json by schemathesis: every endpoint, with requests that fit and requests that don't."""

import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from relay import Receiver, Relay

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,unsupported_method"
EXAMPLES = 40


def offered():
    """Every path of the API that the relay knows, a name in it as {}."""
    source = open("Sources/Relay/Admin/AdminEndpoints.swift").read()
    fixed = re.findall(r'case "(/api/[^"]*)":', source)
    named = re.findall(r'name\(in: path, between: "([^"]+)"(?:, "([^"]+)")?\)', source)
    return set(fixed) | {f"{start}{{}}{end}" for start, end in named}


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
        relay.ask("/api/v1/replays", {"since": "1h", "to": ["file"]})
        described = set(json.load(open("deploy/openapi.json"))["paths"])
        values = {"{event}": "1", "{type}": "voucher.created", "{number}": "1", "{replay}": "1"}
        gone = {path for path in described
                if all(relay.ask(re.sub(r"{\w+}", lambda found: values[found[0]], path), body)[0] == 404 for body in (None, {}))}
        if gone:
            sys.exit(f"described, and not there: {gone}")
        missing = offered() - {re.sub(r"{\w+}", "{}", path) for path in described}
        if missing:
            sys.exit(f"there, and not described: {missing}")
        command = [os.path.join(os.path.dirname(sys.executable), "schemathesis"), "run", "deploy/openapi.json",
                   "--url", relay.root, "--checks", CHECKS, "--max-examples", str(EXAMPLES), "--workers", "1", "--seed", "1",
                   "--generation-database", "none", "--no-color"]
        return subprocess.call(command)
    finally:
        relay.close()
        receiver.close()


if __name__ == "__main__":
    sys.exit(main())
