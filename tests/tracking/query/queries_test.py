"""Asks the committed runs all of queries.txt and errors.txt.

    queries_test.py ASK [--write]

`ask` (tests/tracking/programs/ask.cpp) answers by the library, reference.py by its own means; both must give what stands in queries.txt, a line a
query: the letters of the runs for which it holds, a tab, the query. In errors.txt stand the column and the message. --write writes what the
library says, for new lines of which only the query is there.
"""

import os
import pathlib
import subprocess
import sys
import time

import reference

NOW = 1767900000.5
HERE = pathlib.Path(__file__).parent


def asked(program, queries):
    done = subprocess.run([program, HERE / "runs", str(NOW)], input="".join(q + "\n" for q in queries), capture_output=True,
                          text=True, check=True, env={**os.environ, "TZ": "Europe/Berlin", "XDG_CACHE_HOME": os.getcwd() + "/cache"})
    return done.stdout.splitlines()


def lines_of(name):
    lines = [line for line in (HERE / name).read_text().splitlines() if line]
    return [line.split("\t", 1) if "\t" in line else ("", line) for line in lines]


def main():
    program = sys.argv[1]
    os.environ["TZ"] = "Europe/Berlin"
    time.tzset()
    runs = reference.read(HERE / "runs")
    letters = {id(run): chr(ord("a") + i) for i, run in enumerate(runs)}
    failures = 0
    for name in ("queries.txt", "errors.txt"):
        lines = lines_of(name)
        answers = asked(program, [query for _, query in lines])
        if len(answers) != len(lines):
            sys.exit(f"{name}: {len(answers)} answers to {len(lines)} queries")
        for (expected, query), answer in zip(lines, answers):
            wanted = {expected: "queries.txt's" if name == "queries.txt" else "errors.txt's"} if expected else {}
            if name == "queries.txt":
                wanted["".join(letters[id(r)] for r in reference.answers(runs, query, NOW)) or "-"] = "the reference's"
            for value, whose in wanted.items():
                if value != answer:
                    failures += 1
                    print(f"{query}\n  {answer}\n  {value} is {whose}")
        if "--write" in sys.argv:
            (HERE / name).write_text("".join(f"{a}\t{q}\n" for a, (_, q) in zip(answers, lines)))
        print(f"{name}: {len(lines)} queries")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
