"""What the page of `stet ui` costs in a real browser: headless Chromium, rendering in software, against a real server.

    bench/page_bars.py BIN [--runs FOLDER] [--work FOLDER] [--follow SECONDS] [--only WORDS]

BIN holds stet, make_runs and tracking_scenario. FOLDER holds 10,000 runs, which are made below WORK if it isn't given; WORK keeps what was made. Prints a row of Markdown each:
medians of five in milliseconds, the bar, and whether it holds. --only takes the rows whose names begin so.
"""

import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/tracking/ui"))
from browser import Browser  # noqa: E402

FLAGS = ["--js-flags=--expose-gc", "--enable-precise-memory-info"]

# In the page: the time at which what a condition says is drawn, two frames after it holds first; `usable` since navigation, `after` since an action.
WATCH = """
  window.bars = {usable: null};
  window.barsWatch = (condition) => { const look = () => { try { if (condition()) { requestAnimationFrame(() => requestAnimationFrame(() => { bars.usable = performance.now(); })); return; } } catch {} requestAnimationFrame(look); }; look(); };
  window.barsAfter = (act, condition, done) => {
    const begin = performance.now();
    act();
    const look = () => { if (condition()) done(performance.now() - begin); else if (performance.now() - begin > 30000) done(null); else requestAnimationFrame(look); };
    requestAnimationFrame(look);
  };
  window.barsRows = () => [...document.querySelectorAll('.t-scroll .virtual .t-row:not([hidden]):not(.waiting)')];
  window.barsNames = () => barsRows().map((row) => row.querySelector('a.name')?.textContent).join('|');
  window.barsDrawn = (count) => { const panels = [...document.querySelectorAll('.panel')]; return panels.length >= count && panels.some((p) => p.querySelector('[role=img][aria-label]')) && !document.querySelector('[aria-busy=true]')
    && document.querySelectorAll('.run-row').length > 0; };
"""


class Server:
    """`stet ui` over a folder of runs, with an index of its own that outlives it."""

    def __init__(self, stet, runs, work):
        self.environment = {**os.environ, "XDG_CACHE_HOME": f"{work}/cache", "XDG_STATE_HOME": f"{work}/state"}
        subprocess.run([stet, "ls", "--runs", runs, "--limit", "1"], env=self.environment, stdout=subprocess.DEVNULL, check=True)
        self.process = subprocess.Popen([stet, "ui", "--runs", runs], env=self.environment, stdout=subprocess.PIPE, text=True)
        self.address = re.search(r"http://\S+", self.process.stdout.readline()).group()
        self.base = self.address.split("?")[0]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)


class Page:
    """A browser on a server's page, whose every new document is watched."""

    def __init__(self, browser, server):
        self.browser, self.server = browser, server
        browser.devtools("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
        browser.command("POST", "/timeouts", {"script": 60000})
        browser.open(server.address)
        browser.wait("document.querySelectorAll('.run-row').length > 0", "the list of runs", 120)

    def opened(self, place, condition):
        """Milliseconds from the navigation until the condition holds, of five."""
        times = []
        for _ in range(5):
            self.browser.open("about:blank")
            self.browser.open(f"{self.server.base}#/{place}")
            self.browser.run(f"return barsWatch(() => {condition})")
            times.append(self.browser.wait("bars.usable", f"{place}: {condition}", 60))
        return times

    def after(self, act, condition):
        """Milliseconds from an action until the condition holds."""
        return self.browser.command("POST", "/execute/async", {"script": f"const done = arguments[arguments.length - 1]; const before = barsNames(); barsAfter(() => {{ {act} }}, () => {condition}, done)", "args": []})

    def heap(self):
        """MB in use after a collection."""
        return self.browser.run("gc(); gc(); return performance.memory.usedJSHeapSize") / 1e6


def print_row(name, times, bar, unit="ms"):
    if None in times:
        print(f"| {name} | not within 30 s | {bar} {unit} | no |", flush=True)
        return
    value = statistics.median(times)
    print(f"| {name} | {value:,.0f} {unit} | {bar} {unit} | {'yes' if value <= bar else 'no'} |", flush=True)


def table(page):
    print_row("10,000 runs: the table is usable", page.opened("runs", "barsRows().length > 0"), 1000)
    labels = page.browser.run("return [...document.querySelectorAll('.t-head .t-cell')].map((cell) => cell.title).filter(Boolean)")
    label = next(each for each in ("lr", "params.lr", "steps", "made") if each in labels)
    press = f"[...document.querySelectorAll('.t-head .t-cell')].find((cell) => cell.title === {json.dumps(label)}).querySelector('button').click()"
    settled = "barsRows().length > 0 && !document.querySelector('.t-row.waiting:not([hidden])') && barsNames() !== before"
    print_row(f"sort by {label}", [page.after(press, settled) for _ in range(5)], 100)
    queries = ["params.lr < 1e-3", "params.lr < 1e-4", "params.lr >= 1e-3", 'params.model == "mlp"', ""]
    print_row("filter by a parameter", [page.after(type_query(query), settled) for query in queries], 100)
    frames(page)


def type_query(query):
    """Script that types a query at once, and enters it."""
    return f"""const field = document.querySelector('input.query'); field.focus(); Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(field, {json.dumps(query)});
      field.dispatchEvent(new InputEvent('input', {{bubbles: true}})); field.dispatchEvent(new KeyboardEvent('keydown', {{key: 'Enter', bubbles: true, cancelable: true}}));"""


def frames(page):
    """The 95th percentile of frames while the table is scrolled from its top, 25 rows a frame."""
    script = """
      const done = arguments[arguments.length - 1], scroller = document.querySelector('.t-scroll'), times = [];
      scroller.scrollTop = 0;
      let last = null;
      const step = (now) => { if (last !== null) times.push(now - last); last = now; if (times.length >= 200) { done(times); return; } scroller.scrollTop += 700; requestAnimationFrame(step); };
      requestAnimationFrame(step);"""
    found = []
    for _ in range(5):
        times = sorted(page.browser.command("POST", "/execute/async", {"script": script, "args": []}))
        found.append(times[int(0.95 * len(times))])
    print_row("scrolling: 95th percentile of frames", found, 50)


def drag(share):
    """Script that zooms the first chart to the middle share of its width, as a pointer does."""
    return f"""const root = document.querySelector('.panel .chart'), box = root.getBoundingClientRect();
      const at = (type, x) => root.dispatchEvent(new PointerEvent(type, {{clientX: box.left + x * box.width, clientY: box.top + box.height / 2, pointerId: 1, button: 0, bubbles: true}}));
      root.setPointerCapture = () => {{}};
      at('pointerdown', {0.5 - share / 2}); at('pointermove', 0.5); at('pointermove', {0.5 + share / 2}); at('pointerup', {0.5 + share / 2});"""


def curves(page, name, place):
    print_row(f"{name}: shown", page.opened(place, "barsDrawn(1)"), 2000)
    # The answer to a zoom ends the busy state that the question began.
    answered = "/zoom=/.test(location.hash) && !document.querySelector('[aria-busy=true]')"
    time.sleep(1)
    times = []
    for share in (0.6, 0.5, 0.4, 0.3, 0.2):
        times.append(page.after(drag(share), answered))
        page.browser.run("history.back(); return 1")
        page.browser.wait("!/zoom=/.test(location.hash) && !document.querySelector('[aria-busy=true]')")
    print_row(f"{name}: a zoom is answered", times, 300)
    print_row(f"{name}: heap", [page.heap()], 500, "MB")


def wide(page):
    page.opened("home", "barsDrawn(1)")
    times = []
    for number in (3, 7, 11, 15, 19):
        act = f"""const field = document.querySelector('.board-tools input'); Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(field, 'block{number}/*');
          field.dispatchEvent(new InputEvent('input', {{bubbles: true}})); field.dispatchEvent(new Event('change', {{bubbles: true}})); field.dispatchEvent(new KeyboardEvent('keydown', {{key: 'Enter', bubbles: true}}));"""
        times.append(page.after(act, f"document.querySelectorAll('.panel').length >= 12 && decodeURIComponent(location.hash).includes('block{number}/') && barsDrawn(12)"))
    print_row("1,000 metric names: twelve charts chosen", times, 1000)


def follow(page, binaries, runs, seconds, environment):
    """The heap before and after a running training was followed."""
    training = subprocess.Popen([binaries / "tracking_scenario", "--runs", runs, "--name", "followed", "--quiet", "--threads", "1", "--epochs", "100000000"], env=environment,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        page.browser.open("about:blank")
        page.browser.open(f"{page.server.base}#/home")
        page.browser.wait("[...document.querySelectorAll('.run-row')].some((row) => /followed/.test(row.textContent))", "the run that goes on", 60)
        time.sleep(10)
        before = page.heap()
        time.sleep(seconds)
        after = page.heap()
    finally:
        training.terminate()
        training.wait()
    print_row(f"a run followed for {seconds} s: more heap", [after - before], 5, "MB")


def made(binaries, folder, *words):
    """The folder, with runs made in it unless they are there."""
    if not folder.exists():
        subprocess.run([binaries / "make_runs", folder, *map(str, words)], check=True, stdout=subprocess.DEVNULL)
    return folder


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binaries", type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("--runs", type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("--work", type=pathlib.Path)
    parser.add_argument("--follow", type=int, default=180)
    parser.add_argument("--only", default="table,million,hundred,wide,follow")
    options = parser.parse_args()
    only = options.only.split(",")
    kept = tempfile.TemporaryDirectory(prefix="stet-bars-") if options.work is None else None
    work = pathlib.Path(kept.name) if kept else options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    binaries = options.binaries
    folders = {
        "table": lambda: options.runs or made(binaries, work / "ten-thousand", 10000),
        "million": lambda: made(binaries, work / "million", "--long", 1_000_000, 8),
        "hundred": lambda: made(binaries, work / "hundred", "--long", 100_000, 200),
        "wide": lambda: made(binaries, work / "wide", "--wide", 1000, 10),
        "follow": lambda: made(binaries, work / "followed", 3),
    }
    measures = {
        "table": lambda page, _: table(page),
        "million": lambda page, _: curves(page, "8 curves of a million points", "home?n=8"),
        "hundred": lambda page, _: curves(page, "200 curves of 100,000 points", "home?n=200"),
        "wide": lambda page, _: wide(page),
        "follow": lambda page, runs: follow(page, binaries, runs, options.follow, page.server.environment),
    }
    print("| what | measured | bar | holds |\n| --- | ---: | ---: | --- |", flush=True)
    for name in only:
        runs = folders[name]()
        with Server(binaries / "stet", runs, work) as server, Browser(1280, 900, arguments=FLAGS) as browser:
            measures[name](Page(browser, server), runs)
    if kept:
        kept.cleanup()


if __name__ == "__main__":
    main()
