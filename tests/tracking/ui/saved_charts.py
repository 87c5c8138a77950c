"""What the first chart on the page shows, by the SVG that it saves; for tests that have a `browser`."""

import re


class SavedCharts:
    READY = "document.querySelectorAll('.panel .chart canvas').length > 0 && !document.querySelector('[aria-busy=true]')"

    def more(self, item):
        """An item of the first chart's menu."""
        self.browser.hover_over(".panel")
        self.browser.click("button", "More of this chart")
        self.browser.click("menuitem", item)

    def svg(self):
        self.browser.run("window.saved = null; if (!window.before) { window.before = URL.createObjectURL; URL.createObjectURL = (blob) => { window.saved = blob; return window.before.call(URL, blob); }; } return 1")
        self.more("Save as SVG")
        self.browser.wait("window.saved")
        return self.browser.command("POST", "/execute/async", {"script": "const done = arguments[0]; window.saved.text().then(done)", "args": []})

    def scale(self):
        """The least and greatest text of y's ticks, the notes, and whether there is a lock."""
        svg = self.svg()
        texts = re.findall('<text x="([^"]*)" y="[^"]*"[^>]*text-anchor="end"[^>]*>([^<]*)</text>', svg)
        ticks = [text for x, text in texts if float(x) < 60 and re.fullmatch(r"[-\u2212]?[\d.,]+(e[-\u2212]?\d+|[kM])?", text)]
        return ticks[0], ticks[-1], [text for x, text in texts if float(x) > 60], '<rect x="1" ' in svg

    def lock(self):
        self.browser.hover_over(".panel")
        self.browser.click("button", "More of this chart")
        self.browser.click("menuitemcheckbox", "Lock y at this range")
