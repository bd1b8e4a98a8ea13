"""The API held against deploy/openapi.json by schemathesis: every endpoint, with requests that fit and requests that don't."""

import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../peers"))
from brokers import Brokers
from relay import Receiver, Relay, until

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
        return try_out(relay) or try_out_cluster()
    finally:
        relay.close()
        receiver.close()


def try_out(relay, *more):
    return subprocess.call(
        [os.path.join(os.path.dirname(sys.executable), "schemathesis"), "run", "deploy/openapi.json",
         "--url", relay.root, "--checks", CHECKS, "--max-examples", str(EXAMPLES), "--workers", "1", "--seed", "1",
         "--generation-database", "none", "--no-color", *more])


def try_out_cluster():
    """What only a relay on a cluster answers."""
    brokers = Brokers(1)
    try:
        relay = Relay({
            "spool": {"max_size": "500MB", "jetstream": {"servers": brokers.urls, "replicas": 1}},
            "sources": {"s": {"path": "/s"}}, "targets": {"file": {"file": {"path": "out.ndjson"}}},
            "routes": [{"name": "all", "to": ["file"]}]})
        try:
            until("the relay is on the list", lambda: relay.api("cluster").get("relays"))
            relay.ask("/api/v1/replays", {"since": "1h", "to": ["file"]})
            paths = ["cluster", "audit", "failures", "replays"]
            return try_out(relay, *[word for path in paths for word in ("--include-path", f"/api/v1/{path}")])
        finally:
            relay.close()
    finally:
        brokers.close()


if __name__ == "__main__":
    sys.exit(main())
