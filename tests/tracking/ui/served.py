"""Runs made by the scenario program, `stet ui` over them, and a port that leads to another as `ssh -L` does."""

import json
import os
import pathlib
import re
import socket
import subprocess
import tempfile
import threading

LONG = "a name of two hundred characters " * 6 + "ab"
MARKUP = '<i onclick="alert(1)">slanted</i> & <script>document.title=1</script>'
# Each run's name, and what the scenario is told; all of the same seed but one.
RUNS = [("alpha", []), ("beta", []), ("seed", ["--seed", "2"]), ("rate", ["--lr", "0.06"]), ("measured", ["--form", "measures"]), ("parted", ["--form", "outside"]), ("torn", ["--form", "nan"]),
        (LONG, ["--hidden", "7"]), (MARKUP, [])]


class Served:
    """A folder of runs with `stet ui` over it, until it is closed."""

    def __init__(self, stet, scenario, runs=RUNS):
        self.stet, self.scenario = os.path.abspath(stet), os.path.abspath(scenario)
        self.folder = tempfile.TemporaryDirectory(prefix="stet-page-")
        self.runs = pathlib.Path(self.folder.name) / "runs"
        self.runs.mkdir()
        self.environment = {**os.environ, "XDG_CACHE_HOME": f"{self.folder.name}/cache", "XDG_STATE_HOME": f"{self.folder.name}/state", "COLUMNS": ""}
        self.server = None
        self.forwarders = []
        for name, flags in runs:
            self.train(name, *flags)

    def words(self, name, *flags):
        return [self.scenario, "--runs", "runs", "--name", name, "--checkpoint-every", "7", "--quiet", "--threads", "1", *flags]

    def train(self, name, *flags):
        return subprocess.run(self.words(name, *flags), cwd=self.folder.name, env=self.environment, capture_output=True, text=True)

    def start_training(self, name, *flags):
        return subprocess.Popen(self.words(name, *flags), cwd=self.folder.name, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def serve(self, *flags):
        """The address with the token, once the server answers."""
        self.server = subprocess.Popen([self.stet, "ui", "--runs", self.runs, *flags], env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.server.stdout.readline()
        found = re.search(r"http://\S+", line)
        assert found, (line, self.server.poll())
        return found.group()

    def ask(self, *words):
        """What `stet … --json` prints."""
        done = subprocess.run([self.stet, words[0], "--runs", self.runs, *words[1:], "--json"], env=self.environment, capture_output=True, text=True)
        assert done.stdout, (words, done.stderr)
        return json.loads(done.stdout)

    def id_of(self, name):
        return next(run["id"] for run in self.ask("ls") if run["name"] == name)

    def forward(self, port):
        """Another port on loopback that leads to this one."""
        forwarder = Forwarder(port)
        self.forwarders.append(forwarder)
        return forwarder.port

    def close(self):
        for forwarder in self.forwarders:
            forwarder.close()
        if self.server:
            self.server.terminate()
            self.server.wait(20)
            self.server.stdout.close()
            self.server.stderr.close()
        self.folder.cleanup()


class Forwarder:
    def __init__(self, target):
        self.target = target
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listening.accept()
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                return
            for a, b in ((near, far), (far, near)):
                threading.Thread(target=self._pass, args=(a, b), daemon=True).start()

    @staticmethod
    def _pass(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self.listening.close()
