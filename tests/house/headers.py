"""Compiles every installed header by itself, warnings as errors, with no include folders but the package's own
and those that it asks for.

    headers.py COMPILER LAUNCHER WORK PREFIX [FOLDER]...

LAUNCHER is ccache or empty; WORK is a folder for what is compiled.
"""

import concurrent.futures
import os
import pathlib
import subprocess
import sys


def check(command, work, header):
    """What the compiler says of one header; nothing if it is fine."""
    source = work / (str(header).replace("/", "_") + ".cpp")
    source.write_text(f"#include <{header}>\n")
    done = subprocess.run([*command, "-c", source, "-o", source.with_suffix(".o")], capture_output=True, text=True)
    return done.stderr if done.returncode else ""


def main():
    compiler, launcher, work, prefix, *folders = sys.argv[1:]
    work = pathlib.Path(work)
    work.mkdir(parents=True, exist_ok=True)
    include = pathlib.Path(prefix) / "include"
    headers = sorted(path.relative_to(include) for path in include.rglob("*.h"))
    command = [compiler, "-std=c++20", "-Wall", "-Wextra", "-Werror", "-I", include]
    command = [launcher] * bool(launcher) + command + [flag for folder in folders for flag in ("-isystem", folder)]
    if not headers:
        sys.exit(f"no headers below {include}")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        complaints = list(pool.map(lambda header: check(command, work, header), headers))
    for header, complaint in zip(headers, complaints):
        if complaint:
            print(f"{header}:\n{complaint}")
    print(f"{len(headers)} headers, {sum(map(bool, complaints))} that don't compile by themselves")
    sys.exit(1 if any(complaints) else 0)


if __name__ == "__main__":
    main()
