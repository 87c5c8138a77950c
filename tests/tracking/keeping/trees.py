"""What the tests of rm, gc, push and pull have in common: a folder of runs of the scenario program, the program `stet`
with a file system that fails, and what lies in a folder."""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

HOMES = tempfile.TemporaryDirectory()
KINDS = ("kill", "torn", "power", "enospc", "eio")
# Each with the operation that it strikes first, and how many are passed over to the next: all of them where
# STET_EVERY_CASE is set, as by `make proof`, else a third, all of which are struck by one or another.
FAULTS = [(kind, 1, 1) if os.environ.get("STET_EVERY_CASE") else (kind, 1 + i % 3, 3) for i, kind in enumerate(KINDS)]
KILLED = 137


def scratch():
    """A folder in memory, where there is room for one: every fault syncs many files."""
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    return tempfile.TemporaryDirectory(dir=place)


def environment(**more):
    return {**os.environ, "XDG_CACHE_HOME": HOMES.name + "/cache", "XDG_STATE_HOME": HOMES.name + "/state", "COLUMNS": "", **more}


def run(program, *words, cwd, **more):
    return subprocess.run([program, *map(str, words)], cwd=cwd, capture_output=True, text=True, env=environment(**more),
                          stdin=subprocess.DEVNULL)


def train(scenario, cwd, name, *flags, status=0, **more):
    done = run(scenario, "--name", name, "--quiet", "--threads", "1", "--checkpoint-every", "7", *flags, cwd=cwd, **more)
    assert done.returncode == status, done.stderr


def contents(folder, without=()):
    """Every path below a folder with what it is: a file's bytes, a link's target, a folder or else."""
    found = {}
    for path in sorted(pathlib.Path(folder).rglob("*")):
        name = str(path.relative_to(folder))
        if path.name in without:
            continue
        if path.is_symlink():
            found[name] = ("link", os.readlink(path))
        elif path.is_file():
            found[name] = path.read_bytes()
        else:
            found[name] = "folder" if path.is_dir() else "other"
    return found


def files(folder):
    """The paths of a run's files below it, but its lock."""
    return [name for name, content in run_contents(folder).items() if isinstance(content, bytes)]


def run_contents(folder):
    """A run, apart from its lock."""
    return contents(folder, without=(".lock",))


def operations(report):
    return int(pathlib.Path(report).read_text())


@contextlib.contextmanager
def copy_of(base):
    with scratch() as folder:
        shutil.copytree(base, folder, dirs_exist_ok=True, symlinks=True)
        yield pathlib.Path(folder)


def ids(runs):
    return sorted(p.name for p in pathlib.Path(runs).iterdir() if re.fullmatch(r"\d{8}-\d{6}-\w{7}", p.name))
