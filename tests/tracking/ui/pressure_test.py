"""What `stet ui` bears: many clients, slow ones, and such as never end or don't read.

    pressure_test.py STET MAKE_PAGE_RUNS
"""

import concurrent.futures
import contextlib
import http.client
import os
import signal
import socket
import sys
import time
import unittest

from server_test import PAGE, Served, setUpModule, tearDownModule

# A sanitizer's own memory counts too.
SANITIZED = any(name in os.environ for name in ("ASAN_OPTIONS", "TSAN_OPTIONS"))
MEGABYTES = 4 if SANITIZED else 1


class Pressure(Served):
    def test_a_flood(self):
        """10,000 requests over 200 connections."""
        before = self.server.memory()
        failed = []

        def client():
            connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=120)
            for i in range(50):
                connection.request("GET", "/api/table?limit=20" if i % 5 == 0 else "/api/changes", headers={"Authorization": "Bearer " + self.server.token})
                answer = connection.getresponse()
                answer.read()
                if answer.status not in (200, 304):
                    failed.append(answer.status)
            connection.close()

        with concurrent.futures.ThreadPoolExecutor(200) as pool:
            for done in [pool.submit(client) for _ in range(200)]:
                done.result()
        self.assertEqual(failed, [])
        self.alive()
        self.assertLess(self.server.memory() - before, 100 * MEGABYTES)

    def test_clients_that_never_end(self):
        """More of them than there are places; others are answered meanwhile."""
        before = self.server.memory()
        slow = []
        for i in range(400):
            s = socket.create_connection(("127.0.0.1", self.server.port), timeout=10)
            s.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n" if i % 2 else b"POST /api/note HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nx")
            slow.append(s)
        for _ in range(3):
            for s in slow:
                try:
                    s.sendall(b"X")
                except OSError:
                    pass  # it made room for another
            self.alive()
        self.assertLess(self.server.memory() - before, 100 * MEGABYTES)
        for s in slow:
            s.close()

    def test_bodies_of_strangers_are_not_kept(self):
        before = most = self.server.memory()
        strangers = []
        for _ in range(250):
            s = socket.create_connection(("127.0.0.1", self.server.port), timeout=10)
            with contextlib.suppress(OSError):
                s.sendall(b"POST /api/note HTTP/1.1\r\nHost: localhost\r\nX-Stet: 1\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 900_000)
            strangers.append(s)
            most = max(most, self.server.memory())
        self.alive()
        self.assertLess(most - before, 30 * MEGABYTES)
        for s in strangers:
            s.close()

    def test_headers_and_bodies_without_end(self):
        before = self.server.memory()
        for begin, more in [(b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"X: " + b"y" * 1000 + b"\r\n"), (b"GET /", b"y" * 1000),
                            (b"POST /api/note HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1048576\r\n\r\n", b"z" * 10000)]:
            with socket.create_connection(("127.0.0.1", self.server.port), timeout=30) as s:
                try:
                    s.sendall(begin)
                    for _ in range(100_000):
                        s.sendall(more)
                except OSError:
                    pass  # it was refused
            self.alive()
        self.assertLess(self.server.memory() - before, 60 * MEGABYTES)

    def test_a_slow_client_is_let_go(self):
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=60) as s:
            start = time.monotonic()
            s.sendall(b"GET / HTTP/1.1\r\n")
            try:
                while time.monotonic() - start < 50:
                    s.sendall(b"X")
                    time.sleep(0.5)
            except OSError:
                pass
            self.assertLess(time.monotonic() - start, 40, "a byte at a time does not extend the time for a request")

    def test_who_asks_and_does_not_read(self):
        before = self.server.memory()
        idle = []
        for _ in range(100):
            s = socket.create_connection(("127.0.0.1", self.server.port), timeout=10)
            s.sendall(b"GET /api/fields HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + self.server.token.encode() + b"\r\n\r\n")
            idle.append(s)
        self.alive()
        self.assertLess(self.server.memory() - before, 100 * MEGABYTES)
        for s in idle:
            s.close()

    def ask_for(self, path):
        """A connection over which the request went; nothing of the response was read."""
        s = socket.socket()
        self.addCleanup(s.close)
        s.settimeout(60)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)  # or the system takes megabytes for the server
        s.connect(("127.0.0.1", self.server.port))
        s.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + self.server.token.encode() + b"\r\n\r\n")
        return s

    def stalled(self, clients, answered, length):
        """Connections that have their response's first byte, or wait for it, and take no more."""
        (PAGE / "page.css").write_text("body{}" + " " * length)
        self.addCleanup((PAGE / "page.css").write_text, "body{}")
        stalled = [self.ask_for(b"/page.css") for _ in range(clients)]
        for s in stalled[:answered]:
            s.recv(1)
        return stalled

    def test_clients_that_do_not_read_make_room(self):
        """As many as there are places, and fewer whose responses are as long together as may wait."""
        for clients, answered, length in [(256, 256, 400_000), (140, 120, 2_100_000)]:
            stalled = self.stalled(clients, answered, length)
            for _ in range(5):  # until they have taken nothing for a while
                with contextlib.suppress(OSError, http.client.HTTPException):
                    self.assertEqual(self.server.ask("GET", "/api/hello", seconds=5)[0], 200)
                    break
                time.sleep(0.5)
            else:
                self.fail(f"a new client was kept out by {clients}")
            for s in stalled:
                s.close()

    def answers_all_of(self, clients, meanwhile=lambda: None):
        """New clients that the server learns of at one time."""
        self.server.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.server.process.pid, os.WSTOPPED)
        try:
            meanwhile()
            new = [self.ask_for(b"/api/hello") for _ in range(clients)]
        finally:
            self.server.process.send_signal(signal.SIGCONT)
        self.assertEqual([s.recv(12) for s in new], [b"HTTP/1.1 200"] * clients)
        for s in new:
            s.close()

    def test_who_has_left_makes_room_before_who_just_came(self):
        stalled = self.stalled(256, 256, 400_000)
        self.answers_all_of(100, lambda: [s.close() for s in stalled])

    def test_who_does_not_read_makes_room_before_who_just_came(self):
        self.stalled(256, 256, 400_000)
        time.sleep(1.2)
        self.answers_all_of(100)

    def test_one_connection_takes_several_requests_at_once(self):
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=30) as s:
            one = b"GET /api/hello HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + self.server.token.encode() + b"\r\n\r\n"
            s.sendall(one * 5)
            got = b""
            while got.count(b"HTTP/1.1 200") < 5:
                part = s.recv(65536)
                self.assertTrue(part)
                got += part


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
