"""A browser for tests: Chromium by chromedriver, spoken to by the WebDriver protocol over plain HTTP.

    with Browser(width=1280, height=900) as browser:
        browser.open("http://127.0.0.1:1234/")
        browser.wait("document.querySelectorAll('.run-row').length > 0")
"""

import base64
import http.client
import json
import os
import shutil
import subprocess
import tempfile
import time

from serving import free_port

SKIPPED = 77  # what CTest takes as skipped
PATIENCE = 20.0
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


def programs():
    """Paths of chromium and chromedriver, None where either is missing."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    driver = os.environ.get("CHROMEDRIVER") or shutil.which("chromedriver")
    return (chromium, driver) if chromium and driver else None


class Failed(Exception):
    """What the driver says went wrong, or what did not come about in time."""


class Browser:
    def __init__(self, width=1280, height=900, dark=False, arguments=()):
        chromium, driver = programs()
        self.profile = tempfile.mkdtemp(prefix="stet-browser-")
        self.port = free_port()
        self.log = open(os.path.join(self.profile, "driver.log"), "w")
        self.driver = subprocess.Popen([driver, f"--port={self.port}"], stdout=self.log, stderr=self.log)
        self.session = None
        try:
            self._start(chromium, width, height, dark, arguments)
        except BaseException:
            self.close()
            raise

    def _start(self, chromium, width, height, dark, arguments):
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars=false", "--force-color-profile=srgb", "--no-first-run",
                   "--disable-background-networking", "--disable-component-update", "--disable-extensions", f"--user-data-dir={self.profile}/profile", f"--window-size={width},{height}", *arguments]
        if dark:
            options.append("--blink-settings=preferredColorScheme=0")
        capabilities = {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": {"binary": chromium, "args": options}, "goog:loggingPrefs": {"browser": "ALL"}}}
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self.session = self._call("POST", "/session", {"capabilities": capabilities})["sessionId"]
                break
            except (ConnectionError, OSError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        self.resize(width, height)
        if dark:
            self.devtools("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.session:
            try:
                self._call("DELETE", f"/session/{self.session}")
            except (Failed, OSError, http.client.HTTPException):
                pass
            self.session = None
        self.driver.terminate()
        try:
            self.driver.wait(10)
        except subprocess.TimeoutExpired:
            self.driver.kill()
            self.driver.wait()
        self.log.close()
        shutil.rmtree(self.profile, ignore_errors=True)

    def _call(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, json.dumps(body if body is not None else {}) if method == "POST" else None, {"Content-Type": "application/json"})
            answer = json.loads(connection.getresponse().read() or b"{}")
        finally:
            connection.close()
        value = answer.get("value")
        if isinstance(value, dict) and "error" in value:
            raise Failed(f"{value['error']}: {value.get('message', '')}")
        return value

    def command(self, method, path, body=None):
        return self._call(method, f"/session/{self.session}{path}", body)

    def devtools(self, command, parameters):
        return self.command("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def open(self, address):
        self.command("POST", "/url", {"url": address})

    def resize(self, width, height):
        """The page's own size, whatever the window's frame takes."""
        self.devtools("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})

    def run(self, script, *arguments):
        """The value of an expression, or of statements with a `return`."""
        text = script if "return" in script else f"return ({script});"
        return self.command("POST", "/execute/sync", {"script": text, "args": list(arguments)})

    def wait(self, condition, why="", patience=PATIENCE):
        """Until an expression is true."""
        deadline = time.monotonic() + patience
        while True:
            value = self.run(condition)
            if value:
                return value
            if time.monotonic() > deadline:
                raise Failed(f"not within {patience:g} s: {why or condition}\n{self.text('body')[:2000]}")
            time.sleep(0.03)

    def media(self, **features):
        """What the system prefers: media(forced_colors="active"); nothing in particular without any."""
        self.devtools("Emulation.setEmulatedMedia", {"features": [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]})

    def find(self, role, name, within="document"):
        """The visible element of a role and an accessible name (or its beginning)."""
        script = """
          const [role, name, within] = arguments;
          const roles = {button: "button,[role=button]", link: "a[href]", textbox: "input[type=text],textarea", searchbox: "input[type=search]", checkbox: "input[type=checkbox]", heading: "h1,h2,h3",
                         slider: "input[type=range]", select: "select"};
          const all = [...document.querySelectorAll(`${roles[role] ?? ""}${roles[role] ? "," : ""}[role=${role}]`)];
          const label = (e) => (e.getAttribute("aria-label") || e.textContent || "").trim().replace(/\\s+/g, " ");
          const seen = all.filter((e) => e.getClientRects().length && getComputedStyle(e).visibility !== "hidden");
          return seen.find((e) => label(e) === name) || seen.find((e) => label(e).startsWith(name)) || null;"""
        deadline = time.monotonic() + PATIENCE
        while True:
            found = self.command("POST", "/execute/sync", {"script": script, "args": [role, name, within]})
            if found:
                return found
            if time.monotonic() > deadline:
                raise Failed(f"no {role} called '{name}'\n{self.text('body')[:2000]}")
            time.sleep(0.03)

    def click(self, role, name):
        element = self.find(role, name)
        self.run("return arguments[0].scrollIntoView({block: 'nearest'})", element)
        try:
            self.command("POST", f"/element/{element[ELEMENT]}/click", {})
        except Failed:
            # Where another layer lies above its middle, or it shows on hover alone.
            self.run("return arguments[0].click()", element)

    def type(self, element, text):
        self.command("POST", f"/element/{element[ELEMENT]}/value", {"text": text})

    def key(self, key):
        """Presses a key where the focus is."""
        self.command("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]}]})

    def drag(self, x0, y0, x1, y1):
        """Presses at one place and lets go at another, in the page's pixels."""
        steps = [{"type": "pointerMove", "duration": 0, "x": int(x0), "y": int(y0)}, {"type": "pointerDown", "button": 0},
                 {"type": "pointerMove", "duration": 50, "x": int((x0 + x1) / 2), "y": int((y0 + y1) / 2)}, {"type": "pointerMove", "duration": 50, "x": int(x1), "y": int(y1)}, {"type": "pointerUp", "button": 0}]
        self.command("POST", "/actions", {"actions": [{"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": steps}]})

    def hover(self, x, y):
        self.command("POST", "/actions", {"actions": [{"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": [{"type": "pointerMove", "duration": 0, "x": int(x), "y": int(y)}]}]})

    def hover_over(self, selector):
        """The pointer rests on the first element of a selector, which may show more then."""
        x, y, width, height = self.box(selector)
        self.hover(x + width / 2, y + height / 2)

    def box(self, selector):
        """x, y, width, height of the first element of a selector."""
        return self.run("const b = document.querySelector(arguments[0]).getBoundingClientRect(); return [b.x, b.y, b.width, b.height]", selector)

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def texts(self, selector):
        return self.run("return [...document.querySelectorAll(arguments[0])].filter((e) => e.getClientRects().length).map((e) => e.innerText.trim())", selector)

    def address(self):
        return self.run("location.href")

    def back(self):
        self.command("POST", "/back", {})

    def errors(self):
        """What the console has had to say since the last call, but for hints."""
        entries = self.command("POST", "/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries if entry["level"] in ("SEVERE", "WARNING")]

    def screenshot(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.command("GET", "/screenshot")))
