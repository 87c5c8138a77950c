"""What the page's charts cost in a real browser: headless Chromium, rendering in software.

    bench/chart_bars.py [RATIO]

RATIO is device pixels to one of CSS, 1 by default. Prints a row of Markdown each: medians of five in milliseconds, of fifteen for the pointer. Drawing is measured from new data
until the canvases hold their pixels; the heap after a collection, with the chart still there. Chromium, chromedriver and esbuild are
wanted.
"""

import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/tracking/ui"))
from browser import Browser  # noqa: E402

PAGE = """<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="chart.css"><style>body { margin: 0; font: 13px sans-serif; }</style><script src="bars.js"></script>"""
MEASURE = "const done = arguments[arguments.length - 1]; measure(arguments[0]).then((times) => { gc(); done([times, performance.memory.usedJSHeapSize]); })"


def median(times):
    """Milliseconds as a cell of the table."""
    return f"{statistics.median(times):.1f}" if times else ""


def main():
    ratio = float(sys.argv[1]) if len(sys.argv) > 1 else 1
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        (work / "index.html").write_text(PAGE)
        (work / "chart.css").write_text((ROOT / "tracking/ui/page/chart/chart.css").read_text())
        subprocess.run(["esbuild", ROOT / "bench/chart_bars.ts", "--bundle", "--minify", "--format=iife", "--log-level=warning", f"--outfile={work}/bars.js"], check=True)
        with Browser(1280, 900, arguments=["--js-flags=--expose-gc", "--enable-precise-memory-info", "--allow-file-access-from-files"]) as browser:
            browser.devtools("Emulation.setDeviceMetricsOverride", {"width": 1280, "height": 900, "deviceScaleFactor": ratio, "mobile": False})
            browser.command("POST", "/timeouts", {"script": 120000})
            browser.open(f"file://{work}/index.html")
            print("| chart | draw, ms | zoom or brush, ms | hover, ms | heap, MB |\n| --- | ---: | ---: | ---: | ---: |")
            for scene in browser.run("return scenes"):
                times, heap = browser.command("POST", "/execute/async", {"script": MEASURE, "args": [scene]})
                print(f"| {scene} | {median(times['draw'])} | {median(times['zoom'])} | {median(times['hover'])} | {heap / 1e6:.1f} |", flush=True)


if __name__ == "__main__":
    main()
