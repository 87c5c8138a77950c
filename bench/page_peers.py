"""How long MLflow's and Aim's pages take until they show runs, on the stores that bench/trackers.py made: what bench/page_bars.py measures of `stet ui`.

    bench/page_peers.py SCRATCH [N]      N as it was given to trackers.py

Needs mlflow and aim beside the Python that runs this, chromium and chromedriver. Prints seconds from the navigation until the first rows of the table stand there, of three.
"""

import os
import pathlib
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/tracking/ui"))
from browser import Browser, free_port  # noqa: E402


def wait_for(address):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            return urllib.request.urlopen(address, timeout=2).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise SystemExit(f"{address} does not answer")


def measure(name, command, place, shown):
    port = free_port()
    server = subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        base = f"http://127.0.0.1:{port}/"
        wait_for(base)
        times = []
        with Browser(width=1280, height=900) as browser:
            for _ in range(3):
                browser.open("about:blank")
                start = time.monotonic()
                browser.open(base + place)
                browser.wait(f"document.body.innerText.includes({shown!r})", name, 60)
                times.append(time.monotonic() - start)
        print(f"| {name} | {', '.join(f'{each:.1f}' for each in times)} |", flush=True)
    finally:
        os.killpg(server.pid, signal.SIGKILL)


def main():
    scratch, number = pathlib.Path(sys.argv[1]).absolute(), sys.argv[2] if len(sys.argv) > 2 else "1000"
    programs = pathlib.Path(sys.executable).parent
    os.environ["PATH"] = f"{programs}:{os.environ['PATH']}"
    print("| page | seconds until runs stand there |\n| --- | --- |")
    measure("mlflow", [programs / "mlflow", "server", "--backend-store-uri", f"sqlite:///{scratch}/mlflow.db", "--workers", "1"], "#/experiments/1/runs", "trial-")
    measure("aim", [programs / "aim", "up", "--repo", scratch / f"aim{number}"], "runs", "Run: ")


main()
