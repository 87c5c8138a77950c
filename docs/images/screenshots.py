"""Makes the pictures of the page that README shows, of runs that it trains first.

    docs/images/screenshots.py BIN        the folder of stet and char_gpt, such as build/release/bin

Six small trainings of a language model on this project's own texts take a minute or two. Two of them have the same schedule
until their learning rate has risen, and part there: docs/images/divergence.png. All are on docs/images/curves.png.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "tracking" / "ui"))

from browser import Browser, programs  # noqa: E402

SMALL = ["--width", "48", "--layers", "2", "--heads", "4", "--block", "32", "--warm-up", "60", "--evaluate-every", "25", "--checkpoint-every", "20", "--threads", "1", "--quiet"]
RUNS = [("short", ["--steps", "240"]), ("long", ["--steps", "300"]), ("slow", ["--steps", "300", "--lr", "3e-4"]), ("fast", ["--steps", "300", "--lr", "3e-3"]), ("hot", ["--steps", "300", "--lr", "1e-2"]),
        ("one layer", ["--steps", "300", "--layers", "1"])]


def train(bin, folder):
    text = folder / "input.txt"
    text.write_text("".join(path.read_text() for path in sorted((ROOT / "docs").glob("*.md"))))
    for name, flags in RUNS:
        words = [bin / "char_gpt", "--runs", folder / "runs", "--data", text, "--name", name, *SMALL, *flags]
        # A flag may be given once: a run's own take the place of the common ones.
        for flag in flags[::2]:
            if flag in SMALL:
                at = words.index(flag)
                del words[at:at + 2]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
        print(f"trained {name}", flush=True)


def main():
    bin = pathlib.Path(sys.argv[1]).resolve()
    if not programs():
        sys.exit("there is no Chromium with its driver; on Debian they are the packages chromium and chromium-driver")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        train(bin, folder)
        server = subprocess.Popen([bin / "stet", "ui", "--runs", folder / "runs"], stdout=subprocess.PIPE, text=True)
        try:
            address = re.search(r"http://\S+", server.stdout.readline()).group()
            take(address)
        finally:
            server.terminate()
            server.wait()


def take(address):
    base = address.split("?")[0]
    with Browser(width=1280, height=420) as browser:
        browser.open(address)
        browser.wait("document.querySelectorAll('.run-row').length > 5")
        browser.open("about:blank")
        browser.open(f"{base}#/home?smooth=10&sort=made&apart=1&metrics=loss")
        browser.wait("document.querySelectorAll('.panel .chart canvas').length > 0 && !document.querySelector('[aria-busy=true]')")
        ids = browser.run("Object.fromEntries([...document.querySelectorAll('.run-row a.name')].map((a) => [a.textContent, new URLSearchParams(a.hash.split('?')[1]).get('id')]))")
        x, y, width, height = browser.box(".panel .chart-place")
        browser.hover(x + 0.3 * width, y + 0.5 * height)
        browser.wait("/ at /.test(document.querySelector('.list-columns .what').textContent)")
        browser.screenshot(HERE / "curves.png")
        browser.open("about:blank")
        browser.resize(1280, 760)
        browser.open(f"{base}#/compare?sel={ids['short']},{ids['long']}")
        browser.wait("document.querySelector('.strip-place canvas') && !document.querySelector('[aria-busy=true]')")
        browser.run("return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        browser.screenshot(HERE / "divergence.png")


if __name__ == "__main__":
    main()
