"""An SFTP server that shows a folder to readers and lies about it, in ssh's place. The environment says by STET_TEST_LIE
which file, by its name, is `short:` or `long:` in what is read of it, or that folders are `endless`.

    lies.py … sftp
"""

import os
import struct
import sys

from cut import exactly

NO_SUCH_FILE, END = struct.pack(">III", 2, 0, 0), struct.pack(">III", 1, 0, 0)


def text(value):
    return struct.pack(">I", len(value)) + value


def attributes(path):
    status = os.lstat(path)
    return struct.pack(">IQI", 5, status.st_size, status.st_mode)


def answer(kind, content, lie, listed):
    """The kind and the content of what is answered."""
    path = content[4:4 + struct.unpack(">I", content[:4])[0]]
    handle, rest = os.path.normpath(path) if path else b".", content[4 + len(path):]
    if not os.path.lexists(handle):
        return 101, NO_SUCH_FILE
    if kind in (3, 11):
        listed.discard(handle)
        return 102, text(handle)
    if kind == 7:
        return 105, attributes(handle)
    if kind == 12:
        if lie == "endless":
            return 104, struct.pack(">I", 0)
        if handle in listed:
            return 101, END
        listed.add(handle)
        names = os.listdir(handle)
        return 104, struct.pack(">I", len(names)) + b"".join(text(n) + text(n) + attributes(os.path.join(handle, n)) for n in names)
    if kind == 5:
        at, count = struct.unpack(">QI", rest[:12])
        with open(handle, "rb") as file:
            data = file.read()
        if lie == f"short:{os.path.basename(handle).decode()}":
            data = data[:-1]
        if lie == f"long:{os.path.basename(handle).decode()}":
            return 103, text(data[at:at + count].ljust(count, b"x"))  # without an end
        return (103, text(data[at:at + count])) if data[at:at + count] else (101, END)
    return 101, struct.pack(">III", 0, 0, 0)


def main():
    source, lie, listed = os.fdopen(0, "rb", buffering=0), os.environ.get("STET_TEST_LIE", ""), set()
    while length := exactly(source, 4):
        packet = exactly(source, struct.unpack(">I", length)[0])
        if packet[0] == 1:
            reply = b"\x02" + struct.pack(">I", 3)
        else:
            kind, content = answer(packet[0], packet[5:], lie, listed)
            reply = bytes([kind]) + packet[1:5] + content
        os.write(1, struct.pack(">I", len(reply)) + reply)


if __name__ == "__main__":
    sys.exit(main())
