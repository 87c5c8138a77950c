"""A program on a terminal."""
import os
import pty
import subprocess
import unittest


def opened():
    """The two ends of a terminal; skips the test where there is none to be had."""
    try:
        return pty.openpty()
    except OSError as error:
        raise unittest.SkipTest(f"no pseudo-terminal here: {error}") from error


def read_to_end(ours, heard=lambda text: None):
    """All that comes, each time told to `heard`."""
    text = b""
    while True:
        try:
            block = os.read(ours, 65536)
        except OSError:
            break
        if not block:
            break
        text += block
        heard(text)
    return text


def printed(words, environment):
    """What it prints where standard output is a terminal."""
    ours, theirs = opened()
    child = subprocess.Popen(words, stdout=theirs, stderr=subprocess.PIPE, env=environment)
    os.close(theirs)
    text = read_to_end(ours)
    child.communicate()
    os.close(ours)
    return text.decode()


def answered(words, environment, answer, before=lambda: None):
    """What it prints where all of its streams are a terminal, and somebody types an answer once it asks; what is done
    before that, while it waits."""
    ours, theirs = opened()
    child = subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    asked = False

    def answer_once(text):
        nonlocal asked
        if not asked and b"[y/N]" in text:
            asked = True
            before()
            os.write(ours, answer.encode())

    text = read_to_end(ours, answer_once)
    child.wait()
    os.close(ours)
    return text.decode()
