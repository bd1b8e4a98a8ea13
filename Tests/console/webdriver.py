"""Chromium by way of WebDriver (W3C), with nothing but the standard library."""

import base64
import json
import subprocess
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Escape": "\ue00c", "Right": "\ue014", "Space": "\ue00d"}


class Fault(Exception):
    """What the driver says went wrong."""


class Browser:
    """One window of a headless Chromium with a profile of its own. `close` ends it."""

    def __init__(self, profile, width=1440, height=1000):
        self.driver = subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        port = None
        while port is None:
            line = self.driver.stdout.readline()
            if not line:
                raise Fault("chromedriver did not start")
            if "successfully on port" in line:
                port = line.rsplit("port", 1)[1].strip(" .\n")
        self.root = f"http://127.0.0.1:{port}"
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                     "--no-proxy-server", f"--user-data-dir={profile}", f"--window-size={width},{height}"]
        options = {"args": arguments, "binary": "/usr/bin/chromium"}
        capabilities = {"alwaysMatch": {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}
        session = self._ask("POST", "/session", {"capabilities": capabilities})
        self.session = "/session/" + session["sessionId"]

    def close(self):
        try:
            self._ask("DELETE", self.session)
        finally:
            self.driver.terminate()
            self.driver.wait()

    def _ask(self, method, path, body=None):
        data = None if method != "POST" else json.dumps(body or {}).encode()
        request = urllib.request.Request(self.root + path, data, {"content-type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise Fault(json.load(error)["value"]["message"].split("\n")[0]) from None

    def ask(self, method, path, body=None):
        return self._ask(method, self.session + path, body)

    def open(self, url):
        self.ask("POST", "/url", {"url": url})

    @property
    def url(self):
        return self.ask("GET", "/url")

    def run(self, script, *arguments):
        """What a script returns; it is a function's body."""
        return self.ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def find(self, css):
        return self.ask("POST", "/element", {"using": "css selector", "value": css})[ELEMENT]

    def click(self, css, tries=10):
        try:
            self.ask("POST", f"/element/{self.find(css)}/click")
        except Fault as fault:
            # Drawn anew between being found and being clicked.
            if "stale element" not in str(fault) or tries == 1:
                raise
            self.click(css, tries - 1)

    def type(self, css, text):
        self.ask("POST", f"/element/{self.find(css)}/value", {"text": text})

    def press(self, *keys):
        """Keys, one after the other, to whatever has the keyboard."""
        actions = [{"type": kind, "value": KEYS.get(key, key)} for key in keys for kind in ("keyDown", "keyUp")]
        self.ask("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def text(self, css="body"):
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", css)

    def count(self, css):
        return self.run("return document.querySelectorAll(arguments[0]).length", css)

    def wait(self, what, script, *arguments, seconds=20):
        """Until a script's expression holds."""
        end = time.monotonic() + seconds
        while True:
            found = self.run(f"return ({script})", *arguments)
            if found:
                return found
            if time.monotonic() > end:
                raise Fault(f"it never came to pass that {what}; the page says: {self.text()[:600]}")
            time.sleep(0.05)

    def log(self):
        """What the page complained of since the last call."""
        return [entry["message"] for entry in self.ask("POST", "/se/log", {"type": "browser"})
                if entry["level"] == "SEVERE"]

    def devtools(self, command, **parameters):
        return self.ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def scheme(self, name):
        still = {"name": "prefers-reduced-motion", "value": "reduce"}
        self.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}, still])

    def size(self, width, height, mobile=False):
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)

    def picture(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.ask("GET", "/screenshot")))
