"""What the index of runs costs: makes N runs by the library's own writers, and times `stet` on them.

    bench/index_bars.py BIN [N] [FOLDER]

BIN holds stet and make_runs. Prints a row of Markdown each: median seconds of five, seconds of CPU, MB at the most. 10,000 runs take a gigabyte
of FOLDER, a temporary one by default, and long series two.
"""

import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROWS = [
    ("`ls --limit 50`, parameters", ["ls", "--limit", "50", 'params.lr < 1e-3 and params.model in ["mlp", "cnn"]']),
    ("`ls --limit 50`, summaries", ["ls", "--limit", "50", 'metrics["test/m3"].max >= 0.95 and metrics["train/m0"].last < 0.1']),
    ("the same, `--stale`", ["ls", "--stale", "--limit", "50", 'metrics["test/m3"].max >= 0.95 and metrics["train/m0"].last < 0.1']),
    ("`ls --limit 50 --sort -metrics[…].max`", ["ls", "--limit", "50", "--sort", '-metrics["test/m3"].max', 'params.model == "gpt"']),
    ("`ls`, `.ever(> 2.09)` of a curve", ["ls", "--limit", "50", 'metrics["train/m0"].ever(> 2.09)']),
    ("`ls`, `.tail(10).mean` of a curve, 2,000 runs read", ["ls", "--limit", "50", 'params.model == "mlp" and metrics["train/m0"].tail(10).mean < 0.08']),
    ("`ls --group-by params.model,params.batch --of …`", ["ls", "--group-by", "params.model,params.batch", "--of", 'metrics["test/m3"].max']),
]


def timed(words, environment):
    start = time.perf_counter()
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"{words}: status {status}")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def row(name, measured):
    wall, cpu, memory = (statistics.median(column) for column in zip(*measured))
    print(f"| {name} | {wall:.3f} | {cpu:.3f} | {memory:.0f} |", flush=True)


def long_series(binaries, scratch, environment):
    """A run of a million points, and 200 of 100,000."""
    for points, count in ((1_000_000, 1), (100_000, 200)):
        runs = scratch / f"long{points}"
        subprocess.run([binaries / "make_runs", runs, "--long", str(points), str(count)], check=True)
        time.sleep(3)
        first = min(p.name for p in runs.iterdir())
        name = f"{count} x {points:,} points: "
        row(name + "`index` from nothing", [timed([str(binaries / "stet"), "index", "--runs", str(runs)], environment)])
        for words in (["show", first, "--json"], ["series", first, "train/loss", "--points", "500"], ["plot", "-m", "train/loss"],
                      ["plot", "-m", "train/loss", "--smooth", "0.999"], ["plot", "-m", "test/accuracy"]):
            row(name + f"`{' '.join(words)}`".replace(first, "RUN"),
                [timed([str(binaries / "stet"), *words, "--runs", str(runs)], environment) for _ in range(5)])


def main():
    binaries = pathlib.Path(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 10000
    with tempfile.TemporaryDirectory(dir=sys.argv[3] if len(sys.argv) > 3 else None) as scratch:
        runs = pathlib.Path(scratch) / "runs"
        environment = {**os.environ, "XDG_CACHE_HOME": scratch + "/cache"}
        stet = lambda *words: [str(binaries / "stet"), *words, "--runs", str(runs)]
        subprocess.run([binaries / "make_runs", runs, str(count)], check=True)
        time.sleep(3)
        print(f"| {count} runs | seconds | of CPU | MB |\n| --- | --- | --- | --- |")
        row("index from nothing", [timed(stet("index"), environment)])
        for name, words in ROWS:
            row(name, [timed(stet(*words), environment) for _ in range(5)])
        subprocess.run([binaries / "make_runs", runs, "100", str(count)], check=True)
        row("100 new runs", [timed(stet("index"), environment)])
        long_series(binaries, pathlib.Path(scratch), environment)
        size = sum(p.stat().st_size for p in (pathlib.Path(scratch) / "cache").rglob("*.sqlite"))
        print(f"\nIndex: {size / 1e6:.0f} MB; runs: {sum(p.stat().st_size for p in runs.rglob('*') if p.is_file()) / 1e6:.0f} MB.")


if __name__ == "__main__":
    main()
