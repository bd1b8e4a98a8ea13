"""What promtool says of the metrics, of the alert rules and of their tests; and whether rules and dashboard name only what is there."""

import json
import re
import socket
import subprocess
import sys
import os

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from relay import Receiver, Relay

MONITORING = "deploy/monitoring"
OPENMETRICS = {"accept": "application/openmetrics-text; version=1.0.0"}


def say(fault):
    sys.exit(f"metrics: {fault}")


def scrapes():
    """Both formats of one relay, which has something to count."""
    receiver = Receiver(503)
    relay = Relay({
        "sources": {"s": {"path": "/s"}},
        "targets": {"file": {"file": {"path": "out.ndjson"}},
                    "down": {"http": {"url": receiver.url}, "retry": {"attempts": 1}, "breaker": {"after": 0}}},
        "routes": [{"name": "all", "to": ["file", "down"]}]})
    try:
        # Nothing that a stranger sends becomes a label: neither a path, nor a method, nor a type.
        for number in range(300):
            relay.post([{"type": f"stranger-{number}", "id": f"stranger-{number}"}])
            relay.root, root = f"http://127.0.0.1:{relay.door}", relay.root
            relay.ask(f"/stranger-{number}", b"{}", {"user-agent": f"stranger-{number}"})
            relay.root = root
        relay.wait_settled()
        return relay.ask("/metrics")[2].decode(), relay.ask("/metrics", headers=OPENMETRICS)[2].decode()
    finally:
        relay.close()
        receiver.close()


def deaf_collector():
    """A collector that takes connections and never answers holds nothing up: what does not fit is dropped and counted."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        relay = Relay({
            "otlp": {"endpoint": f"http://127.0.0.1:{deaf.getsockname()[1]}"}, "sources": {"s": {"path": "/s"}},
            "targets": {"file": {"file": {"path": "out.ndjson"}}}, "routes": [{"name": "all", "to": ["file"]}]})
        try:
            relay.post({"type": "t"} for _ in range(4000))
            relay.wait_settled()
            dropped = re.search(r'spans_dropped_total{reason="queue_full"} (\d+)', relay.ask("/metrics")[2].decode())
            # An acceptance and an attempt each; one batch is under way, and as many wait as may.
            if int(dropped[1]) != 8000 - 512 - 4096:
                say(f"of 8000 spans {dropped[1]} were dropped")
        finally:
            relay.close()


def main():
    deaf_collector()
    text, openmetrics = scrapes()
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, capture_output=True)
    if checked.returncode or checked.stdout or checked.stderr:
        say(checked.stdout + checked.stderr)
    if not openmetrics.endswith("# EOF\n"):
        say("OpenMetrics has no end")
    if "stranger" in text:
        say("what a stranger sent has become a label")
    expected = ['hookswitch_events_accepted_total{source="s"} 300', 'hookswitch_requests_refused_total{reason="path"} 300',
                'hookswitch_events_routed_total{route="all"} 300', 'hookswitch_deliveries_succeeded_total{target="file"} 300',
                'hookswitch_deliveries_failed_total{target="down",cause="http_5xx"} 300',
                'hookswitch_answer_duration_seconds_count 300',
                'hookswitch_delivery_duration_seconds_count{target="file"} 300',
                'hookswitch_attempt_duration_seconds_count{target="down"} 300', 'hookswitch_spans_sent_total 0']
    # Each event was answered after a sync of its own.
    syncs = re.search(r"^hookswitch_spool_sync_duration_seconds_count (\d+)$", text, re.M)
    if not syncs or int(syncs[1]) < 300:
        say(f"300 syncs at least are not counted: {syncs and syncs[0]}")
    for line in expected:
        if line not in text.splitlines():
            say(f"this is missing: {line}")
    subprocess.run(["promtool", "check", "rules", f"{MONITORING}/alerts.yml"], check=True)
    subprocess.run(["promtool", "test", "rules", f"{MONITORING}/alerts.test.yml"], check=True)
    known = set(re.findall(r"^([a-z_]+)(?:\{| )", text, re.M))
    for path in ["alerts.yml", "dashboard.json"]:
        content = open(f"{MONITORING}/{path}").read()
        if path.endswith(".json"):
            json.loads(content)
        unknown = set(re.findall(r"\b(?:hookswitch|process)_[a-z_]+", content)) - known
        if unknown:
            say(f"{path} names what is not there: {unknown}")


if __name__ == "__main__":
    main()
