"""stet data: what a server on this machine has is fetched, resumed and checked; what goes wrong is one line."""

import hashlib
import http.server
import io
import json
import re
import resource
import signal
import subprocess
import tarfile
import threading

import support


class Server(http.server.ThreadingHTTPServer):
    """Files by name, and how the server misbehaves."""

    def __init__(self, files):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.ranges, self.statuses, self.cut_after, self.asked = files, True, [], [], []

    def address(self):
        return f"http://127.0.0.1:{self.server_port}/"


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        server, name = self.server, self.path.rsplit("/", 1)[1]
        asked = self.headers.get("Range")
        server.asked.append((name, asked))
        status = server.statuses.pop(0) if server.statuses else 200
        if status == 200 and name not in server.files:
            status = 404
        if status != 200:
            return self.send_error(status)
        body, begin = server.files[name], 0
        if asked and server.ranges:
            begin = int(re.fullmatch(r"bytes=(\d+)-", asked)[1])
            if begin >= len(body):
                return self.send_error(416)
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {begin}-{len(body) - 1}/{len(body)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(body) - begin))
        self.end_headers()
        cut = server.cut_after.pop(0) if server.cut_after else len(body)
        self.wfile.write(body[begin:begin + cut])


def pseudo_random(n):
    return b"".join(hashlib.sha256(bytes([i % 256, i // 256])).digest() for i in range(n // 32 + 1))[:n]


def packed(members):
    bytes_ = io.BytesIO()
    with tarfile.open(fileobj=bytes_, mode="w:gz", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return bytes_.getvalue()


class Fetch(support.ProgramTest):
    def setUp(self):
        super().setUp()
        self.files = {"images": pseudo_random(100_000), "labels": b"0123456789"}
        self.server = Server(self.files)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.write_catalogue()

    def write_catalogue(self, bases=None, **changes):
        entries = [{"name": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(), **changes}
                   for name, content in self.files.items()]
        self.catalogue = self.folder / "catalogue.json"
        self.catalogue.write_text(json.dumps({"toy": {
            "title": "A toy", "licence": "free", "home": "http://toy", "from": bases or [self.server.address()], "files": entries}}))

    def fetch(self, *arguments, name="toy"):
        return self.stet("data", "fetch", name, "--catalogue", self.catalogue, *arguments)

    def assert_fetched(self, ended, folder="data/toy"):
        self.assert_ended(ended, 0)
        for name, content in self.files.items():
            self.assertEqual((self.folder / folder / name).read_bytes(), content)
        self.assertEqual(list((self.folder / folder).glob("*.part")), [])

    def assert_refused(self, pattern, ended):
        self.assert_ended(ended, 2)
        self.assertRegex(ended.err, rf"\Astet: [^\n]*{pattern}[^\n]*\n\Z")

    def test_it_fetches_once(self):
        ended = self.fetch()
        self.assert_fetched(ended)
        self.assertIn("A toy; licence: free; http://toy\n", ended.out)
        self.assertRegex(ended.out, r"images: fetched, 100000 bytes, sha256 [0-9a-f]{64}\n")
        asked = len(self.server.asked)
        again = self.fetch()
        self.assert_fetched(again)
        self.assertIn("images: there already\n", again.out)
        self.assertEqual(len(self.server.asked), asked)

    def test_it_goes_on_where_it_was_cut(self):
        self.server.cut_after = [30_000, 20_000]
        self.assert_fetched(self.fetch("--to", "here"), "here")
        self.assertEqual([asked for name, asked in self.server.asked if name == "images"], [None, "bytes=30000-", "bytes=50000-"])

    def test_it_goes_on_another_day(self):
        self.server.cut_after = [30_000, 1_000, 1_000]
        self.assert_refused("images: .*bytes (remaining|missing)", self.fetch())
        self.assertEqual((self.folder / "data/toy/images.part").stat().st_size, 32_000)
        self.assert_fetched(self.fetch())
        self.assertEqual(self.server.asked[3], ("images", "bytes=32000-"))

    def test_it_begins_anew_where_the_server_knows_no_ranges(self):
        self.server.ranges = False
        self.server.cut_after = [30_000]
        self.assert_fetched(self.fetch())

    def test_it_begins_anew_where_what_is_there_is_wrong(self):
        folder = self.folder / "data/toy"
        folder.mkdir(parents=True)
        (folder / "images.part").write_bytes(b"x" * 100)
        self.assert_refused("has the sha256 .*, not ", self.fetch())
        self.assertFalse((folder / "images.part").exists())
        self.assert_fetched(self.fetch())

    def test_it_tries_again_and_elsewhere(self):
        self.server.statuses = [503, 429]
        self.assert_fetched(self.fetch())
        self.write_catalogue([self.server.address() + "gone/", self.server.address()])
        self.server.statuses = [404]
        self.assert_fetched(self.fetch("--to", "second"), "second")

    def test_it_says_what_is_wrong_in_one_line(self):
        self.server.statuses = [404]
        self.assert_refused("/images: .*404", self.fetch())
        self.write_catalogue(sha256="0" * 64)
        self.assert_refused("has the sha256 [0-9a-f]{64}, not 0{64}", self.fetch())
        self.write_catalogue(bytes=99_999)
        self.assert_refused("longer than 99999 bytes", self.fetch())
        self.write_catalogue(bytes=100_001)
        self.assert_refused("ended after 100000 of 100001 bytes", self.fetch("--to", "short"))
        self.write_catalogue(["http://127.0.0.1:9/"])
        self.assert_refused("127.0.0.1:9/images: ", self.fetch())
        self.write_catalogue(["gopher://127.0.0.1/"])
        self.assert_refused("gopher", self.fetch("--to", "gopher"))
        self.assert_refused("there is no data set 'toi'; did you mean toy?", self.fetch(name="toi"))
        self.assert_refused("'get' is neither fetch nor list", self.stet("data", "get", "toy"))
        self.assert_refused("give the name", self.stet("data", "fetch"))
        for text, pattern in (("{", "no catalogue"), ('{"a": {"from": []}}', "no catalogue"),
                              ('{"../a": {"from": [], "files": []}}', "no data set's name"),
                              ('{"a": {"from": [], "files": [{"name": "../b", "md5": "", "bytes": 1}]}}', "no file's name")):
            self.catalogue.write_text(text)
            self.assert_refused(pattern, self.fetch())

    def test_it_leaves_other_files_alone(self):
        folder = self.folder / "data/toy"
        folder.mkdir(parents=True)
        (folder / "labels").write_bytes(b"mine")
        self.assert_refused("labels: is not the file", self.fetch())
        self.assertEqual((folder / "labels").read_bytes(), b"mine")

    def test_it_says_that_the_disk_is_full(self):
        def little_room():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))

        done = subprocess.run([support.BIN / "stet", "data", "fetch", "toy", "--catalogue", self.catalogue], cwd=self.folder,
                              env=self.environment, text=True, capture_output=True, preexec_fn=little_room)
        self.assert_refused("images.part: File too large", support.Ended(done))
        self.assert_fetched(self.fetch())

    def test_it_takes_files_at_hand(self):
        at_hand = self.folder / "at hand"
        at_hand.mkdir()
        for name, content in self.files.items():
            (at_hand / name).write_bytes(content)
        self.assert_fetched(self.fetch("--from", "at hand"))
        self.assert_fetched(self.fetch("--from", self.server.address(), "--to", "third"), "third")
        (at_hand / "labels").unlink()
        self.assert_refused("labels: no such file", self.fetch("--from", "at hand", "--to", "fourth"))

    def test_it_unpacks_what_it_was_told_to(self):
        members = {"toy/one.bin": pseudo_random(70_000), "toy/two.bin": b"two", "toy/three.bin": b""}
        self.files = self.server.files = {"toy.tar.gz": packed({"../out": b"no", **members})}
        self.write_catalogue(members=["toy/one.bin", "toy/three.bin"])
        self.assert_fetched(self.fetch())
        self.assertEqual({p.name for p in (self.folder / "data/toy").iterdir()}, {"toy.tar.gz", "one.bin", "three.bin"})
        self.assertEqual((self.folder / "data/toy/one.bin").read_bytes(), members["toy/one.bin"])
        self.write_catalogue(members=["toy/four.bin"])
        self.assert_refused("has no member 'toy/four.bin'|ends within", self.fetch())
        self.files = self.server.files = {"toy.tar.gz": packed(members)[:-200]}
        self.write_catalogue(members=["toy/four.bin"])
        self.assert_refused("toy.tar.gz: ", self.fetch("--to", "cut"))

    def test_it_lists_what_it_knows(self):
        ended = self.stet("data", "list")
        self.assert_ended(ended, 0)
        for name in ("mnist", "fashion-mnist", "cifar10", "cifar100", "tinyshakespeare"):
            self.assertRegex(ended.out, rf"(?m)^{name} +[\d.]+ [kMG]B +\S")
        self.assertIn("toy ", self.stet("data", "list", "--catalogue", self.catalogue).out)


if __name__ == "__main__":
    support.main()
