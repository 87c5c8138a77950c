"""Stands in ssh's place between `stet` and an SFTP server on this machine, whatever host is asked for. The environment
says by STET_TEST_CUT at which packet of the client the connection ends, and by STET_TEST_PACKETS a file that gets their
number.

    cut.py … sftp
"""

import os
import struct
import subprocess
import sys
import threading

SERVER = "/usr/lib/openssh/sftp-server"


def exactly(stream, count):
    data = b""
    while len(data) < count:
        block = stream.read(count - len(data))
        if not block:
            return None
        data += block
    return data


def copy(source, target):
    while block := os.read(source.fileno(), 65536):
        os.write(target.fileno(), block)


def main():
    words = sys.argv[1:]
    assert words[-1] == "sftp" and words[words.index("--") - 1] == "-s" and words[-2] == os.environ.get("STET_TEST_HOST", words[-2]), words
    server = subprocess.Popen([SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    threading.Thread(target=copy, args=(server.stdout, sys.stdout), daemon=True).start()
    cut, packets = int(os.environ.get("STET_TEST_CUT", "0")), 0
    source = os.fdopen(0, "rb", buffering=0)
    while length := exactly(source, 4):
        packets += 1
        if packets == cut:
            server.kill()
            server.wait()
            os._exit(255)
        server.stdin.write(length + exactly(source, struct.unpack(">I", length)[0]))
        server.stdin.flush()
    server.stdin.close()
    server.wait()
    if report := os.environ.get("STET_TEST_PACKETS"):
        with open(report, "w") as file:
            file.write(str(packets))


if __name__ == "__main__":
    main()
