"""The page of `stet ui` in a real Chromium, over runs of the scenario program.

    page_test.py STET SCENARIO

Where Chromium or its driver is missing, the test says so and is skipped. axe's rules are asked where AXE names axe.min.js.
"""

import os
import pathlib
import re
import subprocess
import sys
import time
import unittest
import urllib.parse

from browser import SKIPPED, Browser, programs
from saved_charts import SavedCharts
from served import LONG, MARKUP, Served

ENTER, ESCAPE, DOWN, LEFT = "\ue007", "\ue00c", "\ue015", "\ue012"
VIEWS = ["home", "runs", "compare", "media", "parameters"]
TABS = ["overview", "curves", "parameters", "model", "data", "launches", "log", "media", "files", "notes"]
ROWS = "document.querySelectorAll('.t-scroll .virtual .t-row:not([hidden]):not(.waiting)').length"


def setUpModule():
    global served, browser, address, base
    served = Served(*sys.argv[1:3])
    address = served.serve()
    base = address.split("?")[0]
    browser = Browser()
    browser.open(address)
    browser.wait("document.querySelectorAll('.run-row').length > 0", "the list of runs")


def tearDownModule():
    browser.close()
    served.close()


class Page(unittest.TestCase):
    def setUp(self):
        browser.errors()

    def tearDown(self):
        self.assertEqual(browser.errors(), [], "the console has nothing to say")

    def open(self, place, ready):
        """A view from its address alone: in a page that knew nothing before."""
        browser.open("about:blank")
        browser.open(f"{base}#/{place}")
        browser.wait(ready)

    def table(self, place="runs"):
        self.open(place, f"{ROWS} > 0")

    def column(self, label):
        """The exact values of a column, in the order of the rows in sight: what the pointer's rest shows."""
        head = "[...document.querySelectorAll('.t-head .t-cell')].find((cell) => cell.title === arguments[0])"
        place = browser.run(f"const head = {head}; head.closest('.t-scroll').scrollLeft = head.classList.contains('pinned') ? 0 : head.getBoundingClientRect().left - head.parentElement.getBoundingClientRect().left - 400; return head.getAttribute('aria-colindex')", label)
        browser.wait(f"document.querySelectorAll('.t-scroll .virtual .t-row:not([hidden]) [aria-colindex=\"{place}\"]').length > 0")
        return browser.run("""
          const rows = [...document.querySelectorAll('.t-scroll .virtual .t-row:not([hidden])')].sort((a, b) => a.ariaRowIndex - b.ariaRowIndex);
          return rows.map((row) => {
            const cell = row.querySelector(`[aria-colindex="${arguments[0]}"]`);
            cell.dispatchEvent(new PointerEvent('pointerover', {bubbles: true}));
            return cell.title || cell.textContent.trim();
          });""", place)

    def names(self):
        return browser.run("""
          const rows = [...document.querySelectorAll('.t-scroll .virtual .t-row:not([hidden])')].sort((a, b) => a.ariaRowIndex - b.ariaRowIndex);
          return rows.map((row) => row.querySelector('a.name').textContent);""")

    def state(self):
        """The parameters of the address."""
        return dict(urllib.parse.parse_qsl(browser.address().partition("#")[2].partition("?")[2]))


class Views(Page):
    def test_every_view_opens_from_its_address(self):
        a, b = served.id_of("alpha"), served.id_of("parted")
        for view in VIEWS:
            with self.subTest(view):
                self.open(f"{view}?sel={a},{b}" if view in ("compare", "media") else view, f"document.querySelector('main.view-{view}')?.childElementCount > 0")
                browser.wait("!document.querySelector('[aria-busy=true]')")
                self.assertIn("stet", browser.run("document.title"))

    def test_every_part_of_a_run(self):
        run = served.id_of("measured")
        for tab in TABS:
            with self.subTest(tab):
                self.open(f"run?id={run}&tab={tab}", f"document.querySelector('#tab-{tab}[aria-selected=true]')")
                browser.wait("document.querySelector('.run-body').innerText.length > 0")

    def test_what_is_not_there_is_said(self):
        self.open("run?id=19990101-000000-0000000", "document.querySelector('.empty')")
        self.assertIn("All runs", browser.text("main"))
        browser.errors()

    def test_no_axe_finding(self):
        axe = os.environ.get("AXE")
        if not axe or not os.path.exists(axe):
            print("axe's rules are not asked: AXE names no axe.min.js", file=sys.stderr)
            return
        with open(axe) as file:
            source = file.read()
        a, b = served.id_of("alpha"), served.id_of("parted")
        places = ["home", "runs", f"compare?sel={a},{b}", f"media?sel={served.id_of('measured')}&kind=histogram", "parameters", "runs?group=params.lr", *(f"run?id={a}&tab={tab}" for tab in TABS)]
        for place in places:
            with self.subTest(place):
                self.open(place, "document.querySelector('main')?.childElementCount > 0")
                browser.wait("!document.querySelector('[aria-busy=true]')")
                browser.devtools("Runtime.evaluate", {"expression": source})
                found = browser.command("POST", "/execute/async", {"script": "const done = arguments[arguments.length - 1]; axe.run({resultTypes: ['violations']}).then((r) => done(r.violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(' | ')}`)))", "args": []})
                self.assertEqual(found, [])


class Table(Page):
    def test_numbers_are_those_of_ls(self):
        self.table("runs?sort=made")
        runs = {run["name"]: run for run in served.ask("ls")}
        self.assertEqual(sorted(self.names()), sorted(runs))
        for label, of in (("lr", lambda run: run["params"]["lr"]), ("steps", lambda run: run["steps"])):
            shown = dict(zip(self.names(), self.column(label)))
            self.assertEqual({name: float(value) for name, value in shown.items()}, {name: float(of(run)) for name, run in runs.items()}, label)

    def test_query(self):
        self.table()
        field = browser.find("combobox", "Query")
        browser.type(field, "params.lr > 0.05")
        browser.wait("document.querySelector('.hits').textContent === '1 run'", "hits while typing")
        browser.type(field, ENTER)
        browser.wait(f"{ROWS} === 1")
        self.assertEqual(self.names(), ["rate"])
        self.assertEqual(self.state()["q"], "params.lr > 0.05")
        browser.back()
        browser.wait(f"{ROWS} > 1", "the back button")
        self.assertEqual(browser.run("document.querySelector('input.query').value"), "")

    def test_completion(self):
        self.table()
        field = browser.find("combobox", "Query")
        browser.type(field, "params.l")
        browser.wait("document.querySelectorAll('.completions [role=option]').length > 0")
        browser.type(field, DOWN + ENTER)
        self.assertEqual(browser.run("document.querySelector('input.query').value"), "params.lr")
        browser.type(field, ESCAPE + ESCAPE)

    def test_completion_closes_nothing_twice(self):
        self.table()
        field = browser.find("combobox", "Query")
        browser.type(field, 'metrics["lo"].min < 1' + 10 * LEFT)
        browser.wait("document.querySelector('.completions [role=option] code')?.textContent === '\"loss\"]'")
        browser.type(field, DOWN + ENTER)
        self.assertEqual(browser.run("const field = document.querySelector('input.query'); return [field.value, field.selectionStart]"), ['metrics["loss"].min < 1', 15])
        browser.type(field, ESCAPE + ESCAPE)

    def test_an_error_stands_under_its_column(self):
        self.table()
        field = browser.find("combobox", "Query")
        browser.type(field, "params.lr < < 1")
        browser.type(field, ENTER)
        browser.wait("!document.querySelector('.query-error').hidden")
        self.assertIn("column 13", browser.text(".query-error"))
        caret, text = browser.box(".query-error .caret"), browser.box("input.query")
        self.assertLess(text[0], caret[0])
        browser.errors()  # the server's refusal stands in the console

    def test_sort(self):
        self.table()
        browser.click("button", "lr")
        browser.wait("document.querySelector('[role=columnheader][aria-sort=ascending]')")
        browser.wait("document.querySelector('.t-row.t-head') && location.hash.includes('sort=params.lr')")
        expected = [float(run["params.lr"]) for run in served.ask("ls", "--columns", "params.lr", "--sort", "params.lr")]
        browser.wait(f"{ROWS} === {len(expected)}")
        self.assertEqual([float(value) for value in self.column("lr")], expected)
        browser.click("button", "lr")
        browser.wait("document.querySelector('[role=columnheader][aria-sort=descending]')")
        browser.wait("[...document.querySelectorAll('.t-row[aria-rowindex=\"2\"]')].some((row) => row.querySelector('a.name').textContent === 'rate')")

    def test_group(self):
        metric = 'metrics["loss"].last'
        self.open("runs?" + urllib.parse.urlencode({"group": "params.lr", "of": metric}), "document.querySelector('.groups-table tbody tr')")
        groups = served.ask("ls", "--group-by", "params.lr", "--of", metric)
        shown = browser.run("[...document.querySelectorAll('.groups-table tbody tr')].map((row) => [...row.children].map((cell) => cell.title || cell.textContent))")
        self.assertEqual({float(row[0]): (int(row[1]), float(row[2]), int(row[3])) for row in shown}, {float(group["params.lr"]): (group["runs"], group["mean"], group["n"]) for group in groups})

    def test_selection_is_carried_to_the_other_views(self):
        self.table("runs?sort=made")
        for name in ("alpha", "parted"):
            browser.click("checkbox", f"Select {name}")
        browser.wait("document.querySelectorAll('.t-row.selected').length === 2")
        self.assertEqual(set(self.state()["sel"].split(",")), {served.id_of("alpha"), served.id_of("parted")})
        browser.click("link", "Compare")
        browser.wait("document.querySelector('.divergence .verdict')")
        found = served.ask("compare", served.id_of("alpha"), served.id_of("parted"))
        self.assertIn(found["result"], browser.text(".divergence"))
        browser.back()
        browser.wait("document.querySelectorAll('.t-row.selected').length === 2", "the back button keeps the selection")

    def test_markup_in_a_name_is_text(self):
        self.table("runs?sort=made")
        self.assertIn(MARKUP, self.names())
        self.open(f"run?id={served.id_of(MARKUP)}", "document.querySelector('.run-title h1')")
        self.assertEqual(browser.text(".run-title h1"), MARKUP)
        self.assertEqual(browser.run("document.querySelectorAll('main i, main script').length"), 0)

    def test_long_names_stay_in_their_column(self):
        self.table()
        self.assertIn(LONG, self.names())
        self.assertLessEqual(browser.run("Math.max(...[...document.querySelectorAll('a.name')].map((a) => a.getBoundingClientRect().right))"), browser.run("document.querySelector('.t-head .t-cell.pinned:nth-child(2)').getBoundingClientRect().right"))


class Curves(Page):
    def test_zoom_stands_in_the_address(self):
        self.open("home", "document.querySelectorAll('.panel .chart canvas').length > 0 && !document.querySelector('[aria-busy=true]')")
        x, y, width, height = browser.box(".panel .chart-place")
        for _ in range(40):  # a chart that is not drawn yet hears nothing
            browser.drag(x + 0.3 * width, y + 0.5 * height, x + 0.6 * width, y + 0.5 * height)
            if browser.run("location.hash.includes('zoom=')"):
                break
            time.sleep(0.25)
        low, high = map(float, self.state()["zoom"].split(","))
        self.assertLess(low, high)
        self.assertGreater(low, 0)
        browser.click("button", "Reset zoom")
        browser.wait("!location.hash.includes('zoom=')")
        browser.back()
        browser.wait("location.hash.includes('zoom=')", "the back button")

    def test_a_chart_as_a_table_equals_the_series(self):
        run = served.id_of("alpha")
        self.open(f"run?id={run}&tab=curves&metrics=loss", "document.querySelectorAll('.panel .chart canvas').length > 0 && !document.querySelector('[aria-busy=true]')")
        browser.hover_over(".panel")
        browser.click("button", "As a table")
        browser.wait("document.querySelectorAll('dialog table tbody tr').length > 0")
        shown = browser.run("[...document.querySelectorAll('dialog table tbody tr')].map((row) => [...row.children].map((cell) => cell.textContent))")
        series = served.ask("series", run, "loss")["series"][0]
        points = dict(zip(series["steps"], series["values"]))
        numbers = [[float(cell.replace("\u2212", "-")) for cell in row if re.fullmatch("[-\u2212]?[0-9.]+(e[-\u2212+]?[0-9]+)?", cell)] for row in shown]
        self.assertGreater(len(numbers), 10)
        for row in numbers:
            step = next(number for number in row if number in points)
            self.assertTrue(any(abs(number - points[step]) <= 1e-4 * abs(points[step]) for number in row), (row, points[step]))

    def test_hover_is_linked(self):
        self.open("home", "document.querySelectorAll('.panel .chart canvas').length > 0 && !document.querySelector('[aria-busy=true]')")
        x, y, width, height = browser.box(".panel .chart-place")
        at = "/ at /.test(document.querySelector('.list-columns .what').textContent)"
        for move in range(40):  # a chart that is not drawn yet hears nothing
            browser.hover(x + (0.5 + 0.002 * move) * width, y + 0.6 * height)
            if browser.run(f"return {at}"):
                break
            time.sleep(0.25)
        browser.wait(at, "values at the crosshair")
        browser.hover(5, 5)
        browser.wait("/^last /.test(document.querySelector('.list-columns .what').textContent)")

    def test_keys(self):
        self.open("home", "document.querySelectorAll('.run-row').length > 0")
        browser.run("return document.querySelector('.list-scroll').focus()")
        browser.key("j")
        browser.key("x")
        browser.wait("document.querySelectorAll('.run-row.selected').length === 1")
        browser.key("b")
        browser.wait("document.querySelector('.list-base .run-row.base')", "the baseline is pinned")
        browser.key(ESCAPE)
        browser.wait("document.querySelectorAll('.run-row.selected').length === 0")
        browser.key("/")
        self.assertEqual(browser.run("document.activeElement.getAttribute('aria-label')"), "Query")


class Saved(SavedCharts, Page):
    def setUp(self):
        super().setUp()
        self.browser = browser

    def test_y_is_locked(self):
        alpha, rate = served.id_of("alpha"), served.id_of("rate")
        self.open(f"home?metrics=loss&sel={alpha}", self.READY)
        free = self.scale()
        self.assertFalse(free[3])
        self.lock()
        browser.wait("location.hash.includes('lock=')")
        low, high = map(float, self.state()["lock"].removeprefix("loss=").split(":"))
        self.assertEqual(self.scale(), (*free[:2], [], True))
        # Another run, a zoom, a reload: the range stays.
        browser.run(f"location.hash = location.hash.replace('{alpha}', '{alpha},{rate}'); return 1")
        browser.wait(f"document.querySelector('.panel .chart').getAttribute('aria-label').endsWith('2 curves') && {self.READY}")
        self.assertEqual(self.scale()[:2], free[:2])
        browser.run("location.hash += '&zoom=5,20'; return 1")
        browser.wait(f"[...document.querySelectorAll('button')].some((each) => each.textContent === 'Reset zoom') && {self.READY}")
        self.assertEqual((*self.scale()[:2], self.scale()[3]), (*free[:2], True))
        self.open(browser.address().partition("#/")[2], self.READY)
        self.assertEqual((*self.scale()[:2], self.scale()[3]), (*free[:2], True))
        # The larger chart keeps to it, and the menu says that there is a lock, and takes it away.
        browser.hover_over(".panel")
        browser.click("button", "Larger")
        browser.wait("document.querySelector('dialog .chart canvas').width > 0")
        browser.key(ESCAPE)
        browser.wait("!document.querySelector('dialog')")
        browser.hover_over(".panel")
        browser.click("button", "More of this chart")
        self.assertEqual(browser.run("const item = [...document.querySelectorAll('[role=menuitemcheckbox]')].find((each) => each.textContent.includes('Lock y')); const checked = item.getAttribute('aria-checked'); item.click(); return checked"), "true")
        browser.wait("!location.hash.includes('lock=')")
        self.assertFalse(self.scale()[3])
        browser.back()
        browser.wait("location.hash.includes('lock=')", "the back button")
        self.assertTrue(self.scale()[3])
        self.assertLess(low, high)

    def test_what_a_lock_leaves_out_is_said(self):
        alpha = served.id_of("alpha")
        values = served.ask("series", alpha, "loss")["series"][0]["values"]
        middle = sorted(values)[len(values) // 2]
        self.open(f"home?metrics=loss&sel={alpha}&lock=loss={middle}:{max(values)}", self.READY)
        self.assertEqual(self.scale()[2], [f"{sum(value < middle for value in values)} points outside"])
        self.open(f"home?metrics=loss&ly=*&sel={alpha}&lock=loss=-1:{max(values)}", self.READY)
        self.assertEqual(self.scale()[2], ["y not logarithmic: locked from 0 or below"])

    def test_any_metric_lies_over_another(self):
        alpha, rate = served.id_of("alpha"), served.id_of("rate")
        label = "document.querySelector('.panel .chart').getAttribute('aria-label')"
        self.open(f"home?metrics=loss&sel={alpha},{rate}", f"{self.READY} && {label}?.endsWith('2 curves')")
        self.more("Lay metrics over it")
        browser.click("checkbox", "epoch")
        browser.wait(f"{label}?.endsWith('4 curves')")
        self.assertEqual(self.state()["over"], "loss=epoch")
        self.assertIn("loss ──   epoch ╌╌", self.svg())
        self.assertEqual(browser.run("document.querySelectorAll('.panel').length"), 1)
        browser.back()
        browser.wait(f"{label}?.endsWith('2 curves')", "the back button")

    def test_checkpoints_of_several_runs(self):
        ids = [served.id_of(name) for name in ("alpha", "rate")]
        marks = "return [...arguments[0].matchAll(/<path d=\"M([\\d.]+) [\\d.]+L\\1 [\\d.]+\" fill=\"none\" stroke=\"(#[0-9a-f]+)\" stroke-width=\"1.5\"/g)].map((found) => found[2])"
        self.open(f"home?metrics=loss&sel={','.join(ids)}", self.READY)
        expected = [len(served.ask("show", run)["checkpoints"]) for run in ids]
        for _ in range(100):  # they come after the curves
            ticks = browser.run(marks, self.svg())
            if ticks:
                break
            time.sleep(0.1)
        self.assertEqual(sorted(ticks.count(colour) for colour in set(ticks)), sorted(expected))
        self.open(f"home?metrics=loss&x=time&sel={','.join(ids)}", self.READY)
        self.assertEqual(browser.run(marks, self.svg()), [], "steps are no times")


class Arranged(Page):
    def panels(self):
        return browser.run("[...document.querySelectorAll('.panel')].map((panel) => panel.getAttribute('aria-label'))")

    def test_a_chart_for_each_value_of_a_parameter(self):
        ready = "document.querySelectorAll('.panel .chart canvas').length > 0 && !document.querySelector('[aria-busy=true]')"
        self.open("home?metrics=loss", ready)
        self.assertFalse([title for title in self.panels() if " · lr " in title])
        browser.click("button", "How charts are drawn")
        browser.run("const box = document.querySelector('.popover select[aria-label=\"a chart each\"]'); box.value = 'params.lr'; box.dispatchEvent(new Event('change')); return 1")
        browser.wait("[...document.querySelectorAll('.panel')].some((panel) => / · lr 0.06$/.test(panel.getAttribute('aria-label')))")
        self.assertEqual(self.state()["each"], "params.lr")
        rates = {float(title.rpartition(" ")[2]) for title in self.panels()}
        self.assertEqual(rates, {float(run["params"]["lr"]) for run in served.ask("ls")})
        browser.wait("!document.querySelector('[aria-busy=true]')")
        self.assertEqual(browser.run("[...document.querySelectorAll('.panel')].find((panel) => / · lr 0.06$/.test(panel.getAttribute('aria-label'))).querySelector('.chart').getAttribute('aria-label').replace(/.*: /, '')"), "1 curve")

    def test_a_parameter_as_dash_and_colour(self):
        self.open("home?metrics=loss&by=params.lr&dash=params.hidden&mean=mean", "document.querySelectorAll('.legend .dash-sign').length === 2 && document.querySelectorAll('.legend .dot').length === 2")
        self.assertIn("hidden 7 N 1", " ".join(browser.texts(".legend-item")))

    def test_more_runs_than_are_compared(self):
        ids = [served.id_of("alpha"), served.id_of("beta")] * 13
        self.open(f"compare?sel={','.join(ids)}", "document.querySelector('.surplus')")
        self.assertIn("26 runs are selected, and at most 24 are compared", browser.text(".surplus"))
        browser.wait("document.querySelectorAll('.compare thead th').length === 24 || document.querySelector('.compare h2')")


class Displays(Page):
    """Small screens, and what people set their systems to."""

    def tearDown(self):
        browser.media()
        browser.resize(1280, 900)
        super().tearDown()

    def go(self, place):
        browser.run("location.hash = arguments[0]; return 1", f"#/{place}")
        browser.wait(f"location.hash.startsWith('#/{place.partition('?')[0]}') && document.querySelector('main.view-{place.partition('?')[0]}')?.childElementCount > 0 && !document.querySelector('[aria-busy=true]')")

    def test_a_phone_needs_no_scrolling_sideways(self):
        browser.resize(360, 740)
        a, b = served.id_of("alpha"), served.id_of("parted")
        self.open("home", "document.querySelectorAll('.panel .chart canvas').length > 0")
        for place in ["home", "runs", "runs?group=params.lr", f"compare?sel={a},{b}", "media", "parameters", *(f"run?id={a}&tab={tab}" for tab in TABS)]:
            with self.subTest(place):
                self.go(place)
                self.assertLessEqual(browser.run("Math.max(document.documentElement.scrollWidth, document.querySelector('main').scrollWidth)"), 360)
                x, _, width, _ = browser.box("input.query")
                self.assertTrue(x > 0 and width > 40 and x + width < 360, "the query is in sight")
        self.go("home")
        browser.wait("document.querySelectorAll('.panel .chart canvas').length > 0")
        x, _, width, height = browser.box(".panel .chart")
        self.assertTrue(x >= 0 and x + width <= 360 and width > 280 and height > 150, "a chart fits")

    def test_forced_colours(self):
        browser.media(forced_colors="active", prefers_color_scheme="dark")
        self.open("home?ly=*", "document.querySelectorAll('.panel .chart canvas').length > 0 && !document.querySelector('[aria-busy=true]')")
        for what in (".chart[tabindex]", ".divider", ".list-scroll", ".board-tools select", ".board-tools button", "nav a", ".list-scroll .run-row input", ".list-scroll .run-row .swatch", ".section-head"):
            with self.subTest(what):
                outline = browser.run("const e = document.querySelector(arguments[0]); e.focus({focusVisible: true}); const s = getComputedStyle(e); return [document.activeElement === e, s.outlineStyle, parseFloat(s.outlineWidth)]", what)
                self.assertEqual(outline[:2], [True, "solid"], "the focus is seen")
                self.assertGreaterEqual(outline[2], 2)
        ground = "getComputedStyle(document.querySelector(arguments[0])).backgroundColor"
        self.assertNotEqual(browser.run(f"return {ground}", ".board-tools .toggle[aria-pressed=true]"), browser.run(f"return {ground}", ".board-tools select"))
        # The data's own canvas holds the colours of several curves.
        colours = browser.run("""
          const found = new Map();
          for (const canvas of document.querySelectorAll('.panel .chart canvas:nth-of-type(2)')) {
            if (!canvas.width) continue;
            const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            for (let i = 0; i < data.length; i += 4) if (data[i + 3] === 255) {
              const colour = `${data[i]},${data[i + 1]},${data[i + 2]}`;
              found.set(colour, (found.get(colour) ?? 0) + 1);
            }
          }
          return [...found].filter(([, count]) => count > 20).map(([colour]) => colour);""")
        self.assertGreaterEqual(len(colours), 3, colours)
        forms = "return [...document.querySelectorAll(arguments[0])].map((each) => getComputedStyle(each, arguments[1]).clipPath)"
        swatches = browser.run(forms, ".list-scroll .run-row:not([hidden]) .swatch", "::before")
        self.assertEqual((len(swatches), len(set(swatches)), "none" in swatches), (9, 9, False), "a form for each run")
        self.open("home?by=params.lr", "document.querySelectorAll('.legend .dot').length === 2")
        dots = browser.run(forms, ".legend .dot", None)
        self.assertEqual((len(set(dots)), "none" in dots), (2, False), "and for each value in the legend")
        browser.media()
        self.assertEqual(set(browser.run(forms, ".legend .dot", None)), {"none"})
        browser.errors()

    def pitch(self, rows):
        """Pixels from each row to the next."""
        tops = browser.run("return [...document.querySelectorAll(arguments[0])].map((row) => row.getBoundingClientRect().top).sort((a, b) => a - b)", rows)
        return {round(b - a, 2) for a, b in zip(tops, tops[1:])}

    def test_compact_rows(self):
        rows = ".list-scroll .run-row:not([hidden])"
        self.open("home", f"document.querySelectorAll('{rows}').length === 9")
        self.assertEqual(self.pitch(rows), {28})
        browser.click("button", "Sort and show")
        browser.click("menuitemcheckbox", "Compact rows")
        browser.wait("location.hash.includes('dense=1')")
        self.assertEqual(self.pitch(rows), {24})
        small = "return [...document.querySelectorAll(arguments[0] + ' :is(a, button, .hit)')].filter((each) => each.getClientRects().length).map((each) => [each.className, each.getBoundingClientRect().height]).filter(([, height]) => height < 24)"
        self.assertEqual(browser.run(small, rows), [], "what is pressed is 24 pixels high")
        self.go("runs")
        browser.wait(f"{ROWS} > 1")
        self.assertEqual(self.pitch(".t-scroll .virtual .t-row:not([hidden])"), {28}, "an address without it")
        browser.click("button", "Compact rows")
        browser.wait("location.hash.includes('dense=1')")
        self.assertEqual(self.pitch(".t-scroll .virtual .t-row:not([hidden])"), {24})
        browser.click("link", "Curves")
        browser.wait(f"document.querySelectorAll('{rows}').length === 9")
        self.assertEqual(self.pitch(rows), {24}, "the views share it")

    def test_compact_rows_have_room_for_a_finger(self):
        try:
            browser.devtools("Emulation.setTouchEmulationEnabled", {"enabled": True})
            self.open("home?dense=1", "matchMedia('(pointer: coarse)').matches && document.querySelectorAll('.list-scroll .run-row:not([hidden])').length === 9")
            self.assertEqual(self.pitch(".list-scroll .run-row:not([hidden])"), {28})
        finally:
            browser.devtools("Emulation.setTouchEmulationEnabled", {"enabled": False})

    def test_reduced_motion(self):
        run = served.id_of("alpha")
        self.open(f"run?id={run}", "document.querySelector('.run-facts .link')")
        browser.click("button", run)
        browser.wait("document.querySelector('.toast')")
        moving = "return [...document.querySelectorAll('*')].filter((e) => ['', '::before', '::after'].some((part) => { const s = getComputedStyle(e, part || undefined); return s.transitionDuration !== '0s' || s.animationName !== 'none'; })).map((e) => e.className)"
        self.assertIn("toast", " ".join(map(str, browser.run(moving))))
        browser.media(prefers_reduced_motion="reduce")
        self.assertEqual(browser.run(moving), [])
        self.assertEqual(browser.run("document.getAnimations().length"), 0)


class Changes(Page):
    def test_tags(self):
        self.table("runs?q=beta")
        browser.hover_over(".t-scroll .virtual .t-row:not([hidden])")
        browser.click("button", "Tags of beta")
        field = browser.find("textbox", "New tags")
        browser.type(field, "paper, v2" + ENTER)
        browser.wait("[...document.querySelectorAll('.t-row .tag')].some((tag) => tag.textContent === 'paper')", "the tag in the table")
        self.assertEqual(served.ask("show", "beta")["tags"], ["paper", "v2"])

    def test_notes(self):
        run = served.id_of("rate")
        self.open(f"run?id={run}&tab=notes", "document.querySelector('#tab-notes[aria-selected=true]')")
        browser.click("button", "Add a note")
        browser.type(browser.find("textbox", "Note, in Markdown"), "It **learns** <b>well</b>")
        browser.click("button", "Save")
        browser.wait("document.querySelector('.note strong')")
        self.assertIn("It learns <b>well</b>", browser.text(".note .prose"))
        self.assertEqual(served.ask("show", run)["notes"][-1]["text"], "It **learns** <b>well</b>")

    def test_saved_views(self):
        self.table("runs?q=params.lr+%3E+0.05")
        browser.click("button", "Saved views")
        browser.click("menuitem", "Save this view")
        browser.type(browser.find("textbox", "Name of the view"), "fast ones" + ENTER)
        browser.wait("!document.querySelector('dialog')")
        self.open("home", "document.querySelectorAll('.run-row').length > 0")
        browser.click("button", "Saved views")
        browser.click("menuitem", "fast ones")
        browser.wait("location.hash.startsWith('#/runs')")
        self.assertEqual(self.state()["q"], "params.lr > 0.05")


class Export(Page):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(served.folder.name) / "page"
        done = subprocess.run([served.stet, "export", "--to", "html", cls.folder, "--runs", served.runs], env=served.environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def open_file(self, place, ready):
        browser.open("about:blank")
        browser.open(f"{(self.folder / 'index.html').as_uri()}#/{place}")
        browser.wait(ready)
        browser.wait("!document.querySelector('[aria-busy=true]')")
        self.assertEqual(browser.run("performance.getEntriesByType('resource').map((each) => each.name).filter((name) => !/^(file|data|blob):/.test(name))"), [], "nothing is asked of a network")

    def test_its_views_open_from_the_disk(self):
        a, b, measured = (served.id_of(name) for name in ("alpha", "parted", "measured"))
        self.open_file("home", "document.querySelectorAll('.panel .chart canvas').length > 0")
        self.open_file("runs?sort=-params.lr", f"{ROWS} > 0")
        self.assertEqual(self.names()[0], "rate")
        self.open_file(f"compare?sel={b},{a}", "document.querySelector('.divergence .verdict')")
        self.open_file("parameters", "document.querySelector('.parallel-place canvas')")
        self.open_file(f"media?sel={measured}&kind=histogram", "document.querySelector('.media-cell canvas')")
        for tab in TABS:
            with self.subTest(tab):
                self.open_file(f"run?id={measured}&tab={tab}", f"document.querySelector('#tab-{tab}[aria-selected=true]')")

    def test_its_numbers_are_those_of_ls(self):
        self.open_file("runs", f"{ROWS} > 0")
        runs = {run["name"]: run for run in served.ask("ls")}
        shown = dict(zip(self.names(), self.column("lr")))
        self.assertEqual({name: float(value) for name, value in shown.items()}, {name: float(run["params"]["lr"]) for name, run in runs.items()})


class Empty(Page):
    def test_an_empty_folder_says_what_to_do(self):
        other = Served(*sys.argv[1:3], runs=[])
        try:
            browser.open("about:blank")
            browser.open(other.serve())
            browser.wait("document.querySelector('.run-list .command') && document.querySelector('.board .empty')")
            self.assertIn(str(other.runs), browser.text(".run-list .command"))
            other.train("first")
            browser.wait("document.querySelectorAll('.run-row:not([hidden]) a.name').length === 2 && document.querySelectorAll('.panel .chart canvas').length > 0", "the first run comes by itself")
        finally:
            browser.open("about:blank")
            other.close()


class Live(Page):
    def test_a_run_is_followed(self):
        self.table()
        training = served.start_training("followed", "--epochs", "3000")
        try:
            browser.wait("[...document.querySelectorAll('.t-row a.name')].some((a) => a.textContent === 'followed')", "a new run comes into the table")
            steps = "Number([...document.querySelectorAll('.t-row')].find((row) => row.querySelector('a.name')?.textContent === 'followed')?.querySelector(`[aria-colindex=\"${" \
                    "[...document.querySelectorAll('.t-head .t-cell')].find((cell) => cell.title === 'steps').getAttribute('aria-colindex')}\"]`).textContent)"
            first = browser.run(steps)
            browser.wait(f"{steps} > {first or 0}", "its steps grow")
            browser.wait("/running/.test(document.title)", "the title says that a run is running")
        finally:
            training.terminate()
            training.wait()

    def test_through_another_port(self):
        port = int(urllib.parse.urlsplit(address).port)
        other = served.forward(port)
        browser.open("about:blank")
        browser.open(address.replace(f":{port}/", f":{other}/"))
        browser.wait("document.querySelectorAll('.run-row').length > 0")
        self.assertIn(f":{other}/", browser.address())
        self.assertNotIn("token", browser.address())


if __name__ == "__main__":
    if not programs():
        print("skipped: there is no Chromium with its driver; on Debian they are the packages chromium and chromium-driver")
        sys.exit(SKIPPED)
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
