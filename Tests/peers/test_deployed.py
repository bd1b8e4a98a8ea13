"""The brokers as deploy/kubernetes/cluster sets them up, on loopback: with any token, and routes for those who have the password alone."""
import json
import os
import pathlib
import re
import socket
import subprocess
import tempfile
import unittest
import urllib.request

import yaml
from brokers import server
from ports import free_port
from relay import until

cluster = pathlib.Path(__file__).parents[2] / "deploy/kubernetes/cluster"


class DeployedBrokers(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def start(self, token, number=0, routes=None):
        """One of the brokers. Where it listens: for clients, for those who look at it."""
        routes = routes or [free_port() for _ in range(3)]
        clients, monitor = free_port(), free_port()
        text = (cluster / "nats.conf").read_text()
        store = os.path.join(self.directory, str(number))
        for pod, here in {
            "0.0.0.0:4222": f"127.0.0.1:{clients}",
            "0.0.0.0:8222": f"127.0.0.1:{monitor}",
            "0.0.0.0:6222": f"127.0.0.1:{routes[number]}",
            "/data": store,
        }.items():
            self.assertIn(pod, text)
            text = text.replace(pod, here)
        path = store + ".conf"
        pathlib.Path(path).write_text(text)
        kinds = yaml.safe_load_all((cluster / "brokers.yaml").read_text())
        pod = next(kind for kind in kinds if kind["kind"] == "StatefulSet")["spec"]["template"]["spec"]
        environment = {"POD_NAME": f"nats-{number}", "NATS_TOKEN": token, "NATS_ROUTE_PASSWORD": "0123"}
        for variable in pod["containers"][0]["env"]:
            if value := variable.get("value"):
                value = re.sub(r"\$\((\w+)\)", lambda match: environment[match[1]], value)
                value = re.sub(r"nats-(\d)\.nats:6222", lambda match: f"127.0.0.1:{routes[int(match[1])]}", value)
                environment[variable["name"]] = value
        process = subprocess.Popen([server, "--config", path], env=environment, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        until("the broker listens", lambda: process.poll() is not None or self.first_word(clients))
        self.assertIsNone(process.poll(), f"with the token {token}")
        return clients, monitor

    def first_word(self, port):
        try:
            with socket.create_connection(("127.0.0.1", port), 5) as client:
                return client.recv(4)
        except OSError:
            return None

    def answer(self, port, introduction):
        with socket.create_connection(("127.0.0.1", port), 5) as client, client.makefile("rb") as lines:
            lines.readline()
            client.sendall(b"CONNECT " + json.dumps({"verbose": False} | introduction).encode() + b"\r\nPING\r\n")
            return lines.readline()

    def test_any_token_is_taken_as_it_is(self):
        for token in "3f2a9c", "12345", "0123", "1e5", "10k", "true", "a b", 'a"b', "a\\nb", "a#b", "{a}", "a$b":
            clients, _ = self.start(token)
            self.assertEqual(self.answer(clients, {"auth_token": token}), b"PONG\r\n", token)
            self.assertIn(b"Authorization", self.answer(clients, {"auth_token": "another"}), token)
            self.doCleanups()
            self.setUp()

    def test_brokers_find_one_another_and_let_nobody_else_in(self):
        routes = [free_port() for _ in range(3)]
        started = [self.start("token", number, routes) for number in range(3)]
        for _, monitor in started:

            def neighbours():
                with urllib.request.urlopen(f"http://127.0.0.1:{monitor}/routez") as answer:
                    return {route["remote_name"] for route in json.load(answer)["routes"]}

            until("it has both others", lambda: len(neighbours()) == 2)
        self.assertIn(b"Authorization", self.answer(routes[0], {"name": "stranger"}))


if __name__ == "__main__":
    unittest.main()
