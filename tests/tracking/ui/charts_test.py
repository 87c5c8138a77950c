"""Charts in a real browser: pointer, keys, linked charts, files, tables.

    charts_test.py

Chromium, its driver and esbuild are wanted; where one is missing, the test says so and is skipped.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from browser import SKIPPED, Browser, programs

HERE = pathlib.Path(__file__).resolve().parent
CSS = HERE.parents[2] / "tracking/ui/page/chart/chart.css"
PAGE = '<!doctype html><meta charset="utf-8"><title>charts</title><link rel="stylesheet" href="chart.css"><style>body { margin: 0; }</style><body><script src="page.js"></script>'
ARROW_RIGHT, SHIFT = "\ue014", "\ue008"
failures = []


def check(actual, expected, what):
    if actual != expected:
        failures.append(f"{what}: {actual!r}, not {expected!r}")


def near(actual, expected, tolerance, what):
    if actual is None or abs(actual - expected) > tolerance:
        failures.append(f"{what}: {actual!r}, not {expected!r} within {tolerance}")


class Page:
    def __init__(self, browser):
        self.browser = browser

    def said(self, name):
        """What a chart has said since the last call, once it has."""
        for _ in range(100):
            values = self.browser.run("return said[arguments[0]].splice(0)", name)
            if values:
                return values
            time.sleep(0.03)
        return []

    def box(self, chart):
        self.browser.run("return document.getElementById(arguments[0]).scrollIntoView()", chart)
        return self.browser.box(f"#{chart}")

    def hover(self, chart, x, y):
        left, top, _, _ = self.box(chart)
        self.browser.hover(left + x, top + y)

    def drag(self, chart, x0, y0, x1, y1):
        left, top, _, _ = self.box(chart)
        self.browser.drag(left + x0, top + y0, left + x1, top + y1)

    def click(self, chart, x, y, times=1):
        left, top, _, _ = self.box(chart)
        press = [{"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}] * times
        self.browser.command("POST", "/actions", {"actions": [{"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"},
                                                               "actions": [{"type": "pointerMove", "duration": 0, "x": int(left + x), "y": int(top + y)}, *press]}]})

    def tooltip(self, chart):
        return self.browser.text(f"#{chart} .chart-tooltip").split("\n")

    def frame(self):
        """Until what was asked for is drawn."""
        self.browser.command("POST", "/execute/async", {"script": "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done(1)));", "args": []})


def curves(page):
    browser = page.browser
    # Run 1 is 2 at every step: in the middle of the range of y.
    page.hover("first", 290, 150)
    hover = page.said("first hover")[-1]
    check((hover["run"], hover["curve"]), ("run1", "c1"), "the curve below the pointer")
    near(hover["x"], 450, 30, "the step below the pointer")
    page.frame()
    check([line for line in page.tooltip("first") if line.startswith("<b>")], ["<b>run 1</b>", "<b>run 2</b>", "<b>run 0</b>"], "rows of the tooltip, nearest first")
    opacity = "return document.querySelectorAll(`#${arguments[0]} canvas`)[1].style.opacity"
    check([browser.run(opacity, "first"), browser.run(opacity, "second")], ["0.2", "0.2"], "the other curves, here and in the linked chart")
    page.hover("strip", 5, 5)
    check(page.said("first hover")[-1], {"x": None, "run": None, "curve": None}, "the pointer has left")
    page.frame()
    check([browser.run(opacity, "second"), browser.run("document.querySelector('#first .chart-tooltip').hidden")], ["", True], "the curves are as before")


def zoom(page):
    browser = page.browser
    page.drag("first", 180, 150, 320, 150)
    low, high = page.said("first zoom")[-1]["range"]
    near(low, 255, 15, "left border of the zoom")
    near(high, 510, 15, "right border of the zoom")
    page.frame()
    check("500" in browser.run("return charts.second.toSvg()"), True, "the linked chart is zoomed, too")
    browser.command("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": [{"type": "keyDown", "value": SHIFT}]}]})
    page.drag("first", 300, 150, 200, 150)
    browser.command("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": [{"type": "keyUp", "value": SHIFT}]}]})
    panned = page.said("first zoom")[-1]["range"]
    near(panned[0] - low, (high - low) * 100 / 548, 3, "how far it was panned")
    near(panned[1] - panned[0], high - low, 1e-6, "its length")
    page.click("first", 300, 150, times=2)
    check(page.said("first zoom")[-1], {"range": None}, "a double click shows all")
    browser.run("return document.querySelector('#first .chart').focus()")
    browser.key("+")
    low, high = page.said("first zoom")[-1]["range"]
    near(high - low, 500, 1, "a key zooms to half")
    browser.key("0")
    check(page.said("first zoom")[-1], {"range": None}, "a key shows all")
    page.said("first hover")
    browser.key(ARROW_RIGHT)
    check(page.said("first hover")[-1]["x"] is not None, True, "an arrow moves the line")
    page.click("first", 320, 153)
    check(page.said("first click")[-1]["run"], "run1", "a click on a curve")


def live(page):
    browser = page.browser
    page.hover("first", 290, 150)
    page.frame()
    browser.run("const data = charts.first.data; charts.first.set({...data, curves: data.curves.map((c) => ({...c, y: c.y.map((v) => 10 * v)}))}); return 1")
    page.frame()
    check("20" in page.tooltip("first"), True, f"new data in the tooltip of a pointer that rests: {page.tooltip('first')}")
    page.hover("strip", 5, 5)
    page.frame()
    check(browser.run("document.querySelector('#first .chart-tooltip').hidden"), True, "the tooltip is gone")


def files(page):
    browser = page.browser
    for name in browser.run("return Object.keys(charts)"):
        loaded = browser.command("POST", "/execute/async", {"script": "const [name, done] = arguments; loads(charts[name].toSvg()).then(done)", "args": [name]})
        check(loaded, True, f"the SVG of {name} loads as a picture")
        size = browser.command("POST", "/execute/async", {"script": "const [name, done] = arguments; pngSize(charts[name].toPng(2)).then(done)", "args": [name]})
        check(size[0], 2 * browser.box(f"#{name}")[2], f"the width of the PNG of {name}")
        table = browser.run("const t = charts[arguments[0]].asTable(); return [!!t.caption.textContent, t.tHead.querySelectorAll('th[scope=col]').length > 1, t.tBodies[0].querySelectorAll('th[scope=row]').length]", name)
        check(table[:2] + [table[2] > 0], [True, True, True], f"caption and heads of the table of {name}")
        check(len(browser.run("return charts[arguments[0]].toCsv()", name).splitlines()) > 3, True, f"rows of the CSV of {name}")
    check(browser.run("return charts.first.asTable().querySelectorAll('b').length"), 0, "markup in the table")


def others(page):
    browser = page.browser
    page.click("strip", 400, 35)
    check(page.said("strip click")[-1], {"step": 2}, "a click on the third step of four")
    page.hover("heat", 320, 90)
    check(page.said("heat hover")[-1], {"step": 10, "bin": 1}, "the bin below the pointer")
    page.frame()
    check([page.tooltip("heat")[k] for k in (-3, -1)], ["2", "50 %"], "count and share")
    page.hover("scatter", 316, 153)
    check(page.said("scatter hover")[-1], {"run": "b"}, "the run below the pointer")


def parallel(page):
    browser = page.browser
    # Axes stand at 56, 450 and 844; from 58 to 314 they go from the greatest to the least.
    page.drag("parallel", 844, 70, 844, 190)
    brush = page.said("parallel brush")[-1]
    check((brush["brushes"][0]["axis"], brush["ids"]), ("loss", ["b"]), "a brush along an axis")
    near(brush["brushes"][0]["high"], 2.906, 0.02, "its upper border")
    page.click("parallel", 844, 250)
    check(page.said("parallel brush")[-1], {"brushes": [], "ids": ["a", "b", "c"]}, "a click takes the brush away")
    page.drag("parallel", 450, 60, 450, 120)
    check(page.said("parallel brush")[-1]["brushes"], [{"axis": "model", "categories": ["vit"]}], "a brush over categories")
    browser.run("return document.querySelectorAll('#parallel .chart-axis-name')[0].focus()")
    browser.key(ARROW_RIGHT)
    check(page.said("parallel axes")[-1]["order"], ["model", "lr", "loss"], "an arrow moves the axis")
    browser.click("button", "logarithmic axis lr")
    check(page.said("parallel axes")[-1]["log"], [], "the axis is linear")
    browser.click("button", "flip axis loss")
    check(page.said("parallel axes")[-1]["flip"], ["loss"], "the axis is flipped")


def corners(browser):
    """How many corners those forms have that stand on the first chart's curves."""
    return browser.run("""
      const areas = [...charts.first.toSvg().matchAll(/<path d="([^"]*Z)" fill="(#[^"]*)"/g)].filter(([, , fill]) => charts.first.palette.series.includes(fill));
      return [...new Set(areas.map(([, path]) => path.split(/[ML]/).length - 1))].sort((a, b) => a - b)""")


def looks(page):
    browser = page.browser
    check("#2446c4" in browser.run("return charts.first.toSvg()"), True, "light colours")
    browser.devtools("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]})
    page.frame()
    page.frame()
    check("#4074d9" in browser.run("return charts.first.toSvg()"), True, "dark colours when the system turns dark")
    check(corners(browser), [], "forms where colours tell curves apart")
    browser.media(forced_colors="active")
    page.frame()
    page.frame()
    check(corners(browser), [3, 4, 16], "forms of three curves under the system's few colours: triangles, squares, discs")
    page.hover("first", 290, 150)
    page.frame()
    check(browser.run("return new Set([...document.querySelectorAll('#first .chart-tooltip-swatch')].map((each) => getComputedStyle(each).clipPath)).size"), 3, "forms in the tooltip")
    browser.run("const data = charts.first.data; charts.first.set({...data, curves: data.curves.map((each) => ({...each, colour: 1}))}); return 1")
    page.frame()
    check(corners(browser), [], "forms of curves of one colour")
    browser.run("for (const chart of Object.values(charts)) chart.destroy(); return 1")
    check(browser.run("return document.querySelectorAll('.chart, canvas').length"), 0, "what destroyed charts leave")


def main():
    if not programs() or not shutil.which("esbuild"):
        print("skipped: Chromium, chromedriver or esbuild is missing; cmake/setup.sh ci installs them")
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        (work / "index.html").write_text(PAGE)
        shutil.copy(CSS, work / "chart.css")
        subprocess.run(["esbuild", HERE / "charts_page.ts", "--bundle", "--format=iife", "--log-level=warning", f"--outfile={work}/page.js"], check=True)
        with Browser(1000, 800) as browser:
            browser.open(f"file://{work}/index.html")
            page = Page(browser)
            page.frame()
            for part in (curves, zoom, live, files, others, parallel, looks):
                part(page)
            check(browser.errors(), [], "errors on the console")
    print("\n".join(failures) or "charts do as they should")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
