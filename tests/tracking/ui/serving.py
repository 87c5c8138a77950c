"""Starts `stet ui` on a free port, for tests; as a program it prints the address and serves until it is interrupted.

    serving.py STET RUNS [--read-only] [PAGE]

PAGE is a folder that page.html, page.css and page.js are served from, in the place of those in the program.
"""

import http.client
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import urllib.parse


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def listed(*names):
    """A list of names in one parameter."""
    return ",".join(re.sub(r"([\\,])", r"\\\1", name) for name in names)


def quoted(text):
    """As the page's encodeURIComponent."""
    return urllib.parse.quote(text, safe="-_.!~*'()")


class Server:
    """`stet ui` with caches and state of its own."""

    def __init__(self, stet, runs, *flags, page=None, home=None):
        self.own_home = None if home else tempfile.TemporaryDirectory(prefix="stet-served-")
        self.home = home or self.own_home.name
        environment = {**os.environ, "XDG_CACHE_HOME": self.home + "/cache", "XDG_STATE_HOME": self.home + "/state"}
        if "ASAN_OPTIONS" in environment:  # which keeps what was freed for a while
            environment["ASAN_OPTIONS"] += ":quarantine_size_mb=16"
        if page:
            environment["STET_UI_PAGE"] = str(page)
        self.port = free_port()
        self.process = subprocess.Popen([stet, "ui", "--runs", runs, "--port", str(self.port), *flags], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, env=environment)
        self.address = self.process.stdout.readline().strip()
        if not self.address:
            raise RuntimeError(self.process.stderr.read())
        self.token = urllib.parse.parse_qs(urllib.parse.urlsplit(self.address).query)["token"][0]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.status = self.process.wait(20)
        self.process.stdout.close()
        self.process.stderr.close()
        if self.own_home:
            self.own_home.cleanup()

    def ask(self, method, target, headers=None, body=None, token=True, seconds=60):
        """Status, headers and bytes of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        if token:
            headers = {"Authorization": "Bearer " + self.token, **(headers or {})}
        connection.request(method, target, body=body, headers=headers or {})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, answer.headers, content

    def get(self, path, **parameters):
        status, _, content = self.ask("GET", f"/api/{path}?{urllib.parse.urlencode(parameters)}")
        if status != 200:
            raise AssertionError((path, parameters, status, content))
        return json.loads(content)

    def post(self, path, body, status=200, **headers):
        got, _, content = self.ask("POST", f"/api/{path}", {"X-Stet": "1", "Content-Type": "application/json", **headers}, json.dumps(body))
        if got != status:
            raise AssertionError((path, body, got, content))
        return json.loads(content)

    def memory(self):
        """Megabytes that it holds now."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024


if __name__ == "__main__":
    words = [word for word in sys.argv[3:] if not word.startswith("--")]
    with Server(sys.argv[1], sys.argv[2], *[word for word in sys.argv[3:] if word.startswith("--")], page=words[0] if words else None) as server:
        print(server.address, flush=True)
        try:
            server.process.wait()
        except KeyboardInterrupt:
            pass
