"""What `stet ui` answers, and whom it refuses; and `stet export`.

    server_test.py STET MAKE_PAGE_RUNS
"""

import gzip
import json
import os
import pathlib
import re
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from serving import Server, listed, quoted

STET, MAKE_RUNS = map(os.path.abspath, sys.argv[1:3])
SAMPLE = pathlib.Path(__file__).parents[1] / "query/runs"
MARKUP, LONG, FAILED, NOT_FINITE, MEDIA, ONE, OTHER = (f"20261101-000{i}00-00aaa{end}" for i, end in
                                                        enumerate(("aa", "ab", "ac", "ad", "ae", "af", "b0")))
QUESTIONS = ["hello", "changes", "table", "ids", "columns", "groups", "fields", "hint", "series", "run", "log", "marks", "tensors", "patch", "compare",
             "digests", "media", "image", "text", "histogram", "vector", "artifact", "views"]
PARAMETERS = ["query", "sort", "columns", "offset", "limit", "archived", "by", "of", "caret", "runs", "run", "id", "metrics", "x", "from", "to",
              "points", "smooth", "search", "step", "kind", "name", "cursor"]
BASE = tempfile.TemporaryDirectory()
PAGE = pathlib.Path(BASE.name) / "page"


def setUpModule():
    PAGE.mkdir()
    (PAGE / "page.html").write_text('<!DOCTYPE html><link rel="stylesheet" href="page.css"><script src="page.js" defer></script>' + " " * 2000)
    (PAGE / "page.css").write_text("body{}")
    (PAGE / "page.js").write_text("0")
    (pathlib.Path(BASE.name) / "secret").write_text("not for others")
    subprocess.run([MAKE_RUNS, BASE.name + "/runs"], check=True)
    shutil.copytree(SAMPLE, BASE.name + "/runs", dirs_exist_ok=True)
    time.sleep(2.1)  # what is younger is read again, and counts as changed


def tearDownModule():
    BASE.cleanup()


def stet(*words):
    done = subprocess.run([STET, words[0], "--runs", BASE.name + "/runs", *words[1:]], capture_output=True, text=True,
                          env={**os.environ, "XDG_CACHE_HOME": BASE.name + "/cache"})
    return done.stdout


class Served(unittest.TestCase):
    flags = ()

    @classmethod
    def setUpClass(cls):
        cls.server = Server(STET, BASE.name + "/runs", *cls.flags, page=PAGE).__enter__()
        cls.ask, cls.get, cls.post = cls.server.ask, cls.server.get, cls.server.post
        for _ in range(100):
            if not cls.get("hello")["reading"]:
                break
            time.sleep(0.1)

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()
        assert cls.server.status == 0, cls.server.status

    def alive(self):
        self.assertEqual(self.ask("GET", "/api/hello")[0], 200)


class Refusals(Served):
    def test_without_the_token(self):
        for target in ["/", "/page.js", "/api/hello", "/?token=", "/?token=wrong", "/?token=" + "A" * 43]:
            status, _, content = self.ask("GET", target, token=False)
            self.assertEqual(status, 401, target)
            self.assertNotIn(self.server.token.encode(), content)
        for header in [{"Authorization": "Bearer " + "A" * 43}, {"Authorization": self.server.token},
                       {"Cookie": self.server.token}, {"Cookie": "stet-000000000000=" + self.server.token}]:
            self.assertEqual(self.ask("GET", "/api/hello", header, token=False)[0], 401, header)
        self.assertEqual(self.ask("POST", "/api/tag", {"X-Stet": "1"}, "{}", token=False)[0], 401)

    def test_the_token_becomes_a_cookie(self):
        status, headers, _ = self.ask("GET", f"/?view=runs&token={self.server.token}&a=%20b", token=False)
        self.assertEqual((status, headers["Location"]), (303, "./?view=runs&a=%20b"))
        cookie = headers["Set-Cookie"]
        self.assertRegex(cookie, r"^stet-[0-9a-f]{12}=[\w-]{43}; Path=/; Max-Age=\d+; HttpOnly; SameSite=Strict$")
        self.assertEqual(self.ask("GET", "/", {"Cookie": "a=b; " + cookie.split(";")[0]}, token=False)[0], 200)

    def test_the_token_is_kept_for_this_user_alone(self):
        folder = pathlib.Path(self.server.home) / "state/stet/ui"
        files = list(folder.iterdir())
        self.assertEqual([f.read_text() for f in files], [self.server.token])
        self.assertEqual(stat.S_IMODE(files[0].stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(folder.stat().st_mode) & 0o077, 0)
        with Server(STET, BASE.name + "/runs", page=PAGE, home=self.server.home) as again:
            self.assertEqual(again.token, self.server.token)
        files[0].chmod(0o644)  # others may have read it
        with Server(STET, BASE.name + "/runs", page=PAGE, home=self.server.home) as other:
            self.assertNotEqual(other.token, self.server.token)
        files[0].write_text(self.server.token)
        files[0].chmod(0o600)

    def test_hosts(self):
        for host in ["localhost", "127.0.0.1:9000", "localhost:1", "[::1]:9000", "LocalHost:80", "a.localhost", "127.1.2.3"]:
            self.assertEqual(self.ask("GET", "/api/hello", {"Host": host})[0], 200, host)
        for host in ["example.com", "localhost.example.com", "127.0.0.1.example.com", "10.0.0.1", "0.0.0.0", "", "[::1", "[::2]", "evil@localhost.x"]:
            self.assertIn(self.ask("GET", "/api/hello", {"Host": host})[0], (400, 403), host)

    def test_origins(self):
        own = f"127.0.0.1:{self.server.port}"
        for origin, status in [("http://" + own, 200), ("https://" + own, 200), ("http://example.com", 403), ("null", 403), ("", 403),
                               (f"http://localhost:{self.server.port}", 403), ("http://127.0.0.1", 403), ("http://" + own + ".example.com", 403)]:
            self.assertEqual(self.ask("GET", "/api/hello", {"Origin": origin})[0], status, origin)
        self.assertEqual(self.ask("POST", "/api/tag", {"X-Stet": "1", "Origin": "http://example.com"}, "{}")[0], 403)

    def test_posts_are_the_pages_own(self):
        self.assertEqual(self.ask("POST", "/api/tag", {}, json.dumps({"ids": [ONE], "add": ["x"]}))[0], 403)
        for method in ["PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"]:
            self.assertEqual(self.ask(method, "/api/table")[0], 405, method)
        self.assertNotIn("x", self.get("run", id=ONE)["tags"])

    def test_headers(self):
        for target in ["/", "/api/table", f"/api/image?run={MEDIA}&name=samples&step=10", "/nothing"]:
            _, headers, _ = self.ask("GET", target)
            self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
            self.assertEqual(headers["Referrer-Policy"], "no-referrer")
            self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
            self.assertIn("frame-ancestors 'none'", headers["Content-Security-Policy"])
            self.assertNotIn("unsafe", headers["Content-Security-Policy"])
            self.assertIsNotNone(headers["Cache-Control"])

    def test_no_parameter_is_a_path(self):
        ways = ["../secret", "../../secret", "..%2f..%2fsecret", "/etc/passwd", BASE.name + "/secret", "..", ".", "a/../../secret", "\\..\\secret", ONE + "/../../secret",
                "run.json", "../run.json", "output.log", "%00", "a\0b"]
        for way in ways:
            spelled = urllib.parse.quote(way, safe="%")
            for target in ["/" + spelled, "/api/" + spelled, "//" + spelled]:
                self.assertNotIn(b"not for others", self.ask("GET", target)[2])
                self.assertNotIn(b"root:", self.ask("GET", target)[2])
            for question in QUESTIONS:
                for base in ({"runs": MEDIA, "run": MEDIA, "id": MEDIA, "name": "samples", "step": "10", "kind": "image", "metrics": "loss", "by": "name"}, {}):
                    for name in PARAMETERS:
                        address = urllib.parse.urlencode({**base, name: way})
                        status, _, content = self.ask("GET", f"/api/{question}?{address}")
                        self.assertNotIn(b"not for others", content, address)
                        self.assertNotIn(b"root:", content, address)
                        self.assertIn(status, (200, 304, 400, 404), (question, address, content))
        self.assertEqual(self.ask("GET", f"/api/artifact?run={MEDIA}&name=result.csv")[2], b"a,b\n1,2\n")

    def test_parameters_have_bounds(self):
        for query in ["limit=-1", "limit=99999999999999999999", "limit=x", "limit=1e3", "offset=-5", "archived=maybe", "columns=" + "seed," * 5000,
                      "query=" + "x" * 20000, "query=" + "(" * 5000, "sort=,", "query=%ff%fe", "query=%zz", "sort=" + "-" * 3000]:
            status, _, content = self.ask("GET", "/api/table?" + query)
            self.assertEqual(status, 400, (query[:30], content[:200]))
        self.assertEqual(self.ask("GET", "/api/table?query=" + "x" * 90000)[0], 431)
        self.assertEqual(self.ask("GET", "/", {f"X-{i}": "1" for i in range(200)})[0], 431)
        status, _, content = self.ask("GET", "/api/table?query=params.lr+%3C+%22a%22+and+made+%3E+3")
        self.assertEqual((status, json.loads(content)["column"]), (400, json.loads(content)["column"]))

    def test_bodies_have_bounds(self):
        headers = {"X-Stet": "1"}
        for body in ["", "x", "[", "[]", "{}", "null", '{"ids": 3}', '{"ids": [3], "add": ["a"]}', '{"ids": ["%s"]}' % ("x" * 500), '{"ids": ["' + ONE + '"], "add": ["a,b"]}',
                     "[" * 100000, '{"ids": ["' + ONE + '"], "add": ' + json.dumps(["t"] * 1000) + "}"]:
            for act in ["tag", "note", "rename", "archive", "views", "views/delete", "nothing", "../tag"]:
                self.assertIn(self.ask("POST", "/api/" + act, headers, body)[0], (400, 404), (act, body[:50]))
        self.assertEqual(self.raw(b"POST /api/note HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999999\r\n\r\n"), 413)
        self.assertEqual(self.raw(b"POST /api/note HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"), 501)
        self.assertEqual(self.raw(b"POST /api/note HTTP/1.1\r\nHost: localhost\r\n\r\n"), 411)

    def raw(self, request):
        """The status of the answer to bytes."""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=30) as s:
            s.sendall(request)
            answer = s.recv(65536)
        return int(answer.split()[1]) if answer else None

    def test_what_is_refused_is_refused_before_its_body(self):
        token = f"Authorization: Bearer {self.server.token}\r\n"
        own = "Host: localhost\r\n"
        for line, headers, status in [("POST /api/note", own + "X-Stet: 1\r\n", 401), ("POST /api/note", own + "X-Stet: 1\r\nAuthorization: Bearer x\r\n", 401),
                                      ("POST /api/note", "Host: example.com\r\nX-Stet: 1\r\n" + token, 403), ("POST /api/note", own + "Origin: http://example.com\r\nX-Stet: 1\r\n" + token, 403),
                                      ("POST /api/note", own + token, 403), ("POST /api/nothing", own + "X-Stet: 1\r\n" + token, 404), ("POST /", own + "X-Stet: 1\r\n" + token, 405),
                                      ("PUT /api/note", own + token, 405), ("GET /?token=wrong", own, 401), ("GET /api/hello", own, 401), ("POST /api/note?%00", own + token, 400)]:
            head = f"{line} HTTP/1.1\r\n{headers}Content-Length: 1000000\r\n\r\n".encode()
            self.assertEqual(self.raw(head + b"{"), status, (line, headers))
            for _ in range(5):  # nor is the answer lost where all of it comes
                self.assertEqual(self.raw(head + b"{" * 1_000_000), status, (line, headers))
        self.alive()

    def test_what_is_no_request(self):
        for request in [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9\r\nHost: localhost\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET  / HTTP/1.1\r\nHost: localhost\r\n\r\n",
                        b"GET http://example.com/ HTTP/1.1\r\nHost: localhost\r\n\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: example.com\r\n\r\n",
                        b"GET / HTTP/1.1\r\nHost: localhost\r\n folded: x\r\n\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
                        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", b"GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
                        b"GET /\x1b[31m HTTP/1.1\r\nHost: localhost\r\n\r\n"]:
            self.assertIn(self.raw(request), (400, 505), request)
        self.alive()


class Texts(Served):
    """A run whose every text holds markup and what a terminal would obey."""

    def test_they_are_data(self):
        for question in ["table", "ids", "fields", f"run?id={MARKUP}", f"log?id={MARKUP}", f"series?runs={MARKUP}&metrics=*", f"media?runs={MARKUP}&kind=text",
                         f"compare?runs={MARKUP},{ONE}", f"groups?by=name", "columns?columns=name,note,host", "hint?query=name+%3D%3D+%22", "table?query=%3Cb%3E%1b"]:
            status, headers, content = self.ask("GET", "/api/" + question)
            self.assertIn(status, (200, 400), (question, content))
            self.assertEqual(headers["Content-Type"], "application/json")
            for byte in b"\x1b\x07\x00":
                self.assertNotIn(byte, content, question)
            self.assertNotIn("\u202e", content.decode(), question)
            json.loads(content)
        self.assertIn("<script>", self.get("run", id=MARKUP)["name"])

    def test_files_are_downloads(self):
        name = self.get("run", id=MARKUP)["artifacts"][0]["name"]
        status, headers, content = self.ask("GET", f"/api/artifact?run={MARKUP}&name={urllib.parse.quote(name)}")
        self.assertEqual((status, headers["Content-Type"]), (200, "application/octet-stream"))
        self.assertRegex(headers["Content-Disposition"], r"^attachment; filename\*=UTF-8''[\w.%-]+$")
        self.assertTrue(content)

    def test_errors_are_text_too(self):
        status, headers, content = self.ask("GET", "/api/run?id=" + urllib.parse.quote("<script>\x1b[31m"))
        self.assertEqual((status, headers["Content-Type"]), (404, "application/json"))
        self.assertNotIn(b"\x1b", content)


class Answers(Served):
    def test_table_is_ls(self):
        listed = json.loads(stet("ls", "--json", "--all"))
        table = self.get("table", archived=1, columns="seed,steps", limit=1000)
        self.assertEqual([row["id"] for row in table["rows"]], [run["id"] for run in reversed(listed)])
        for row, run in zip(table["rows"], reversed(listed)):
            self.assertEqual((row["name"], row["status"], row["tags"], row["archived"], row["made"]),
                             (run["name"], run["status"], run["tags"], run["archived"], run["created"]))
            self.assertEqual(row["values"], [run["seed"], run["steps"]])
        self.assertEqual(table["matched"], len(listed))
        self.assertEqual([c["kind"] for c in table["columns"]], ["number", "number"])

    def test_sorted_filtered_and_in_parts(self):
        query, sort = "steps > 10", "-metrics[\"loss\"].min"
        listed = json.loads(stet("ls", query, "--sort", sort, "--json", "--columns", "id"))
        self.assertEqual(self.get("ids", query=query, sort=sort)["ids"], [run["id"] for run in listed])
        part = self.get("table", query=query, sort=sort, offset=1, limit=2, columns="-")
        self.assertEqual(([row["id"] for row in part["rows"]], part["columns"], part["matched"]), ([run["id"] for run in listed][1:3], [], len(listed)))

    def test_columns_tell_runs_apart(self):
        table = self.get("table")
        self.assertIn("params.lr", [c["expr"] for c in table["columns"]])
        constants = {c["expr"] for c in self.get("table", query='program == "odd" and params.lr == 0.1')["constants"]}
        self.assertIn("params.lr", constants)

    def test_run_is_show(self):
        for run in (FAILED, NOT_FINITE, MEDIA, ONE):
            shown = json.loads(stet("show", run, "--json"))
            page = self.get("run", id=run)
            for name, value in shown.items():
                self.assertEqual(page[name], value, name)
        self.assertEqual(page["previous"], MEDIA)
        self.assertEqual(self.get("run", id=NOT_FINITE)["marks"]["nan"], [{"metric": "all nan", "step": 1, "value": "NaN"}, {"metric": "loss", "step": 20, "value": "NaN"}])
        media = self.get("run", id=MEDIA)
        self.assertEqual(media["source"]["link"], "https://github.com/someone/something/commit/0123456789abcdef0123456789abcdef01234567")
        self.assertEqual(self.get("run", id=ONE)["source"]["link"], media["source"]["link"])
        self.assertEqual(self.get("run", id=OTHER)["source"]["link"], "https://gitlab.example.com/group/part/something/-/commit/0123456789abcdef0123456789abcdef01234567")
        self.assertNotIn("link", self.get("run", id=MARKUP)["source"])
        self.assertIn({"what": "git.dirty", "before": True, "after": False}, self.get("run", id=ONE)["changed"])

    def test_groups_are_ls(self):
        listed = json.loads(stet("ls", "--json", "--group-by", "program", "--of", "steps"))
        groups = self.get("groups", by="program", of="steps")["groups"]
        self.assertEqual([(g["key"][0], g["n_runs"], g["mean"], g["sd"], g["best"]) for g in groups],
                         [(g["program"], g["runs"], g["mean"], g["sd"], g["best"]) for g in listed])
        for group in groups:
            self.assertEqual(len(group["ids"]), group["n_runs"])

    def test_series(self):
        series = self.get("series", runs=f"{ONE},{OTHER}", metrics="loss")["series"]
        self.assertEqual([s["run"] for s in series], [ONE, OTHER])
        shown = json.loads(stet("series", ONE, "loss", "--json"))["series"][0]
        self.assertEqual((series[0]["x"], series[0]["y"], series[0]["exact"]), (shown["steps"], shown["values"], True))
        odd = self.get("series", runs=NOT_FINITE, metrics="*")["series"]
        self.assertEqual([(s["metric"], s["nan"], s["inf"]) for s in odd], [("all nan", 60, 0), ("loss", 1, 2)])

    def test_divergence_is_compare(self):
        compared = self.get("compare", runs=f"{ONE},{OTHER}")
        self.assertEqual(compared["divergence"], json.loads(stet("compare", ONE, OTHER, "--json")))
        self.assertEqual(compared["divergence"]["loss_step"], 23)
        digests = self.get("digests", runs=f"{ONE},{OTHER}")
        self.assertEqual((digests["first_parted"], digests["losses"]["first_parted"]), (25, 23))
        self.assertEqual(digests["steps"], list(range(5, 45, 5)))

    def test_media(self):
        for kind, name in [("image", "samples"), ("text", "words"), ("histogram", "weights"), ("vector", "per class")]:
            items = self.get("media", runs=f"{ONE},{MEDIA}", kind=kind)["items"]
            self.assertEqual([(i["run"], i["name"], i["steps"]) for i in items], [(MEDIA, name, [10, 20, 30, 40, 50])])
        status, headers, png = self.ask("GET", f"/api/image?run={MEDIA}&name=samples&step=20")
        self.assertEqual((status, headers["Content-Type"], png[:8]), (200, "image/png", b"\x89PNG\r\n\x1a\n"))
        self.assertIn("Step 30", self.get("text", run=MEDIA, name="words", step=30)["text"])
        histogram = self.get("histogram", run=MEDIA, name="weights")
        self.assertEqual([round(sum(counts)) for counts in histogram["counts"]], [500] * 5)
        self.assertEqual(self.get("vector", run=MEDIA, name="per class")["values"][1], [0.1, 0.2, 20])

    def test_marks_are_those_of_each_run(self):
        ids = self.get("ids")["ids"]
        marks = self.get("marks", runs=listed(*ids))["runs"]
        self.assertEqual(marks, [{"id": run, **{name: value for name, value in self.get("run", id=run)["marks"].items() if name != "nan"}} for run in ids])
        self.assertTrue(any(each["resumes"] for each in marks) and any("fork" in each for each in marks))
        self.assertEqual(self.ask("GET", "/api/marks?runs=nothing")[0], 404)

    def test_log_and_patch(self):
        log = self.get("log", id=FAILED, search="LOSS", offset=-2)
        self.assertEqual((log["total"], log["offset"], log["matches"]), (4, 2, [0, 1, 2]))
        self.assertEqual(log["lines"], [{"n": 2, "text": "step 3  loss 4"}, {"n": 3, "text": "error: the target has another shape"}])
        self.assertIn("+new", self.get("patch", id=MEDIA)["text"])
        self.assertEqual(self.get("run", id=MEDIA)["source"]["patch_bytes"], 38)
        self.assertEqual(self.get("patch", id=ONE)["text"], "", "a record that leads out of its run")

    def test_hints(self):
        def hint(query):
            return self.get("hint", query=query)

        self.assertEqual(hint("")["matched"], self.get("table")["matched"])
        self.assertEqual(hint("stat")["completions"][0]["text"], "status")
        self.assertIn("params.lr", [c["text"] for c in hint("params.l")["completions"]])
        self.assertIn('"finished"', [c["text"] for c in hint('status == "fin')["completions"]])
        self.assertEqual(hint('name == "é" and stat')["from"], 16)
        self.assertIn("argmin", [c["text"] for c in hint('metrics["loss"].ar')["completions"]])
        texts = lambda query: [c["text"] for c in hint(query)["completions"]]
        self.assertEqual(hint("stat")["from"], 0)
        self.assertIn("status ==", texts("status"))
        self.assertIn('metrics["test/accuracy"]', texts("accur"))
        self.assertIn("fold = ", texts('metrics["val/loss", f'))
        self.assertEqual(texts('metrics["val/loss", fold = "'), ['"1"'])
        self.assertIn('"mlp"', texts('params["model"] in ["cnn", "m'))
        self.assertIn('"base"', texts('tags has "as'))
        self.assertEqual([c for c in hint('tags has "base')["completions"] if c["kind"] != "value" or not c["detail"].endswith((" run", " runs"))], [])
        self.assertLessEqual(len(texts('id == "')), 100)
        within = self.get("hint", query='name == "é" and metrics["tr"].min < 1', caret=27)["completions"][0]
        self.assertEqual((within["text"], within["over"]), ('"train/loss"]', 2), "what stands behind the caret already")
        error = hint("steps > ")["error"]
        self.assertEqual(error["column"], 9)
        self.assertIn("value", error["message"])

    def test_what_did_not_change_is_not_sent_again(self):
        for target in ["/api/table", "/", "/api/fields", f"/api/run?id={ONE}"]:
            status, headers, content = self.ask("GET", target)
            self.assertEqual(status, 200)
            status, _, again = self.ask("GET", target, {"If-None-Match": headers["ETag"]})
            self.assertEqual((status, again), (304, b""))
        cursor = self.get("changes")["cursor"]
        self.assertEqual(self.ask("GET", "/api/changes?cursor=" + cursor)[0], 304)
        self.assertTrue(self.get("changes", cursor="another.1")["all"])

    def test_compressed(self):
        status, headers, content = self.ask("GET", "/api/fields", {"Accept-Encoding": "gzip"})
        self.assertEqual((status, headers["Content-Encoding"]), (200, "gzip"))
        self.assertEqual(gzip.decompress(content), self.ask("GET", "/api/fields")[2])


class Acts(Served):
    def test_labels(self):
        cursor = self.get("changes")["cursor"]
        done = self.post("tag", {"ids": [ONE, OTHER], "add": ["good", "kept"]})
        self.assertEqual([run["tags"] for run in done["runs"]], [["good", "kept"]] * 2)
        self.assertEqual(self.post("tag", {"ids": [ONE], "remove": ["kept"]})["runs"][0]["tags"], ["good"])
        self.assertEqual(self.post("rename", {"id": ONE, "name": "renamed"})["runs"][0]["name"], "renamed")
        self.assertEqual(self.post("note", {"id": ONE, "text": "a note"})["runs"][0]["notes"][-1]["text"], "a note")
        self.assertTrue(self.post("archive", {"ids": [OTHER], "archived": True})["runs"][0]["archived"])
        self.assertNotIn(OTHER, self.get("ids")["ids"])
        self.assertFalse(self.post("archive", {"ids": [OTHER], "archived": False})["runs"][0]["archived"])
        row = self.get("table", query='id == "%s"' % ONE)["rows"][0]
        self.assertEqual((row["name"], row["tags"]), ("renamed", ["good"]))
        changes = self.get("changes", cursor=cursor)
        self.assertEqual(set(changes["changed"]), {ONE, OTHER})
        time.sleep(2.1)
        self.post("tag", {"ids": ["20990101-000000-0000000"], "add": ["x"]}, status=404)
        self.post("tag", {"ids": ["../" + ONE], "add": ["x"]}, status=404)
        self.post("tag", {"ids": [ONE], "add": ["a,b"]}, status=400)
        self.post("rename", {"id": ONE, "name": "a\x1b[31mb"}, status=400)

    def test_views(self):
        self.assertEqual([v["name"] for v in self.post("views", {"name": "../mine", "state": "query=x"})], ["../mine"])
        self.post("views", {"name": "../mine", "state": "query=y"})
        self.assertEqual([v["state"] for v in self.get("views")], ["query=y"])
        files = list((pathlib.Path(BASE.name) / "runs/views").iterdir())
        self.assertEqual(len(files), 1)
        self.assertRegex(files[0].name, r"^[0-9a-f]{24}\.json$")
        (files[0].parent / "bad.json").write_text("[")
        self.assertEqual(len(self.get("views")), 1)
        (files[0].parent / "bad.json").unlink()
        self.assertEqual(self.post("views/delete", {"name": "../mine"}), [])


class ReadOnly(Served):
    flags = ("--read-only",)

    def test_nothing_is_changed(self):
        before = sorted(p for p in pathlib.Path(BASE.name, "runs").rglob("*"))
        for act, body in [("tag", {"ids": [ONE], "add": ["x"]}), ("note", {"id": ONE, "text": "x"}), ("rename", {"id": ONE, "name": "x"}),
                          ("archive", {"ids": [ONE], "archived": True}), ("views", {"name": "x", "state": "x"}), ("views/delete", {"name": "x"})]:
            self.post(act, body, status=403)
            with socket.create_connection(("127.0.0.1", self.server.port), timeout=10) as s:  # before its body comes
                s.sendall(f"POST /api/{act} HTTP/1.1\r\nHost: localhost\r\nX-Stet: 1\r\nAuthorization: Bearer {self.server.token}\r\nContent-Length: 99\r\n\r\n".encode())
                self.assertIn(b" 403 ", s.recv(65536))
        self.assertEqual(before, sorted(p for p in pathlib.Path(BASE.name, "runs").rglob("*")))
        self.assertTrue(self.get("hello")["read_only"])


class Live(Served):
    def changes(self, cursor):
        status, _, content = self.ask("GET", "/api/changes?cursor=" + cursor)
        return json.loads(content) if status == 200 else {"changed": [], "removed": []}

    def test_a_run_that_comes_is_seen(self):
        cursor = self.get("changes")["cursor"]
        runs = pathlib.Path(BASE.name) / "runs"
        shutil.copytree(runs / FAILED, runs / "20261201-000000-00aaaaa")
        record = runs / "20261201-000000-00aaaaa/run.json"
        record.write_text(record.read_text().replace(FAILED, "20261201-000000-00aaaaa"))
        try:
            for _ in range(100):
                changes = self.changes(cursor)
                if changes["changed"]:
                    break
                time.sleep(0.2)
            self.assertIn("20261201-000000-00aaaaa", changes["changed"])
            self.assertEqual(self.get("ids")["ids"][0], "20261201-000000-00aaaaa")
        finally:
            shutil.rmtree(runs / "20261201-000000-00aaaaa")
        for _ in range(100):
            changes = self.changes(cursor)
            if changes["removed"]:
                break
            time.sleep(0.2)
        self.assertIn("20261201-000000-00aaaaa", changes["removed"])

    def test_where_nothing_can_be_kept(self):
        """No cache and no state folder: an index in memory, another token each time."""
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        home = scratch.name
        pathlib.Path(home, "cache").write_text("no folder")
        pathlib.Path(home, "state").write_text("no folder")
        with Server(STET, BASE.name + "/runs", page=PAGE, home=home) as server:
            for _ in range(100):
                if not server.get("hello")["reading"]:
                    break
                time.sleep(0.1)
            self.assertEqual(server.get("ids")["ids"], [run["id"] for run in reversed(json.loads(stet("ls", "--json")))])

    def test_copies_of_a_run(self):
        folder = pathlib.Path(BASE.name) / "copies"
        for name in ("0-copy", ONE, "z-copy"):
            shutil.copytree(pathlib.Path(BASE.name) / "runs" / ONE, folder / name)
        with Server(STET, folder, page=PAGE) as server:
            while server.get("hello")["reading"]:
                time.sleep(0.1)
            self.assertEqual(server.get("run", id=ONE)["path"], str(folder / ONE))

    def test_parameters_that_are_called_as_what_a_run_has(self):
        folder = pathlib.Path(BASE.name) / "alike"
        for name, value in (("a", "7"), ("b", "8")):
            shutil.copytree(pathlib.Path(BASE.name) / "runs" / ONE, folder / name)
            record = json.loads((folder / name / "run.json").read_text())
            record["params"].append({"name": "program", "value": value, "type": "int", "source": "FLAG"})
            (folder / name / "run.json").write_text(json.dumps({**record, "id": name, "program": "p" + value}))
        with Server(STET, folder, page=PAGE) as server:
            while server.get("hello")["reading"]:
                time.sleep(0.1)
            rows = {row["name"]: row["values"] for row in server.get("compare", runs=listed("a", "b"))["rows"]["params"]}
            self.assertEqual((rows["program"], rows["program (of the run)"]), ([7, 8], ["p7", "p8"]))

    def test_no_runs(self):
        (pathlib.Path(BASE.name) / "nothing").mkdir()
        with Server(STET, BASE.name + "/nothing", page=PAGE) as server:
            self.assertEqual(server.get("table")["rows"], [])
            self.assertEqual(server.get("views"), [])


@unittest.skipIf("has no page" in subprocess.run([STET, "export", "--to", "html", "/nonexistent/x"], capture_output=True, text=True).stderr,
                 "built without a page")
class Export(unittest.TestCase):
    def export(self, *words, status=0, runs=BASE.name + "/runs"):
        done = subprocess.run([STET, "export", "--runs", runs, "--to", "html", *words], capture_output=True, text=True,
                              env={**os.environ, "XDG_CACHE_HOME": BASE.name + "/cache"}, cwd=BASE.name)
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def answers(self, folder):
        """What the files' scripts give to the page, by key."""
        all = {}
        for file in (pathlib.Path(BASE.name) / folder / "data").iterdir():
            for line in file.read_text().splitlines():
                if match := re.fullmatch(r'stetData\((".*?[^\\]"), (.*)\);', line):
                    all[json.loads(match[1])] = json.loads(match[2])
        return all

    def test_it_holds_what_the_page_asks(self):
        self.export('program == "odd"', "out")
        held = self.answers("out")
        for key in ["hello", "fields", f"run?id={MEDIA}", f"log?id={FAILED}", f"series?runs={ONE}", f"media?kind=image&runs={MEDIA}", f"image?name=samples&run={MEDIA}&step=10",
                    f"histogram?name=weights&run={MEDIA}", f"compare?runs={ONE}%2C{OTHER}", f"digests?runs={ONE}%2C{OTHER}"]:
            self.assertIn(key, held)
        files = json.loads((pathlib.Path(BASE.name) / "out/data/files.js").read_text().removeprefix("stetFiles(").rstrip().removesuffix(");"))
        self.assertEqual(set(files), set(held))
        self.assertTrue(all((pathlib.Path(BASE.name) / "out" / name).is_file() for name in files.values()))
        self.assertEqual(held[f"compare?runs={ONE}%2C{OTHER}"]["divergence"]["loss_step"], 23)
        self.assertTrue(held["hello"]["read_only"])
        size = sum((pathlib.Path(BASE.name) / "out" / name).stat().st_size for name in ("index.html", "page.css", "page.js"))
        self.assertLess(size, 2_000_000)

    def test_markup_ends_no_script(self):
        self.export(f'id == "{MARKUP}"', "marked")
        for file in (pathlib.Path(BASE.name) / "marked/data").iterdir():
            self.assertNotIn("</script", file.read_text())
            self.assertNotIn("\x1b", file.read_text())

    def test_ids_that_are_no_names(self):
        ids = ["../../outside", "a#b?c%41", "x;touch touched $(y)", "", "-rf", "a,b", "a", 'x["\\', "y" * 300]
        folder = pathlib.Path(BASE.name) / "edited"
        for i, name in enumerate(ids):
            shutil.copytree(pathlib.Path(BASE.name) / "runs" / ONE, folder / f"run-{i}")
            record = json.loads((folder / f"run-{i}/run.json").read_text())
            (folder / f"run-{i}/run.json").write_text(json.dumps({**record, "id": name}))
        self.export("ids", runs=folder)
        held = self.answers("ids")
        for name in filter(None, ids):
            self.assertTrue("run?id=" + quoted(name) in held, name)
            self.assertEqual({one["run"] for one in held["series?runs=" + quoted(listed(name))]["series"]}, {name})
            self.assertIn("media?kind=image&runs=" + quoted(listed(name)), held)
        self.assertEqual(held["compare?runs=" + quoted(listed("a,b", "-rf"))]["runs"], ["a,b", "-rf"])
        for file in (pathlib.Path(BASE.name) / "ids/data").iterdir():
            self.assertRegex(file.name, r"^[\w.-]+$")
        with Server(STET, folder, page=PAGE) as server:
            while server.get("hello")["reading"]:
                time.sleep(0.1)
            self.assertEqual([one["run"] for one in server.get("series", runs=listed("a,b", "x[\"\\"), metrics="loss")["series"]], ["a,b", "x[\"\\"])
            self.assertEqual(server.get("compare", runs=listed("x[\"\\", "a,b"))["runs"], ["x[\"\\", "a,b"])
            self.assertEqual(server.get("run", id=ids[2])["commands"]["show"], f"stet show 'x;touch touched $(y)' --runs {folder}")

    def test_it_replaces_its_own_alone(self):
        self.export(f'id == "{ONE}"', "again")
        self.export(f'id == "{OTHER}"', "again")
        self.assertNotIn(f"run?id={ONE}", self.answers("again"))
        other = pathlib.Path(BASE.name) / "other"
        other.mkdir()
        (other / "mine").write_text("x")
        self.assertIn("no export made it", self.export(f'id == "{ONE}"', "other", status=2).stderr)
        self.assertEqual(os.listdir(other), ["mine"])
        held = self.answers("again")
        self.assertIn("there are no such runs", self.export('name == "zzz"', "again", status=2).stderr)
        self.assertEqual(self.answers("again"), held)
        self.export("steps >", "wrong", status=2)
        self.assertFalse((pathlib.Path(BASE.name) / "wrong").exists())
        self.assertFalse([name for name in os.listdir(BASE.name) if name.startswith((".new-", ".old-"))])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
