"""The same runs in Stet, MLflow (SQLite) and Aim: what a search costs, beside one another.

    bench/trackers.py BIN RUNS SCRATCH [N]

BIN holds stet, RUNS is a folder that `make_runs RUNS 10000` made, SCRATCH is where the others' stores are made and kept for the next time. N: how
many of the runs go to Aim, whose writer is slow (1000 by default); MLflow gets all. Needs mlflow, aim and tensorboard (which reads the logs) from PyPI in the Python that runs this;
what is not there is left out, aloud. MLflow's store is filled by SQL, in the tables that MLflow itself made, since its `log_metric`, at 7.6 ms a value, would take 21 hours.

Prints Markdown: each search, medians of five, in a process that is already up, and how many runs it finds. Searches are those that all three can
say: MLflow compares parameters as text and has no greatest value of a metric, so that its conditions are on last values.
"""

import json
import pathlib
import sqlite3
import statistics
import subprocess
import sys
import time

MODELS = ("mlp", "cnn")


def median_of(times, function):
    measured, found = [], None
    for _ in range(times):
        start = time.perf_counter()
        found = function()
        measured.append(time.perf_counter() - start)
    return statistics.median(measured), found


def stet(bin_folder, runs, *words):
    out = subprocess.run([bin_folder / "stet", *words, "--runs", runs, "--json"], check=True, capture_output=True).stdout
    return json.loads(out)


def print_row(who, what, seconds, found):
    print(f"| {who} | {what} | {seconds:.3f} | {found} |", flush=True)


def series_of(runs, run):
    """Each metric's steps and values, from the run's event log, which is TensorBoard's."""
    from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

    found = {name: ([], []) for name in run["metrics"]}
    for log in sorted((runs / run["id"]).glob("events.*")):
        for event in LegacyEventFileLoader(str(log)).Load():
            for value in event.summary.value:
                if value.tag in found:
                    found[value.tag][0].append(event.step)
                    found[value.tag][1].append(value.simple_value)
    return found


# MLflow.


def fill_mlflow(database, listed, runs):
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{database}")
    experiment = mlflow.create_experiment("stet")
    store = sqlite3.connect(database)
    columns = [row[1] for row in store.execute("PRAGMA table_info(runs)")]
    for run in listed:
        key, made = run["id"].replace("-", "").ljust(32, "0"), int(run["created"] * 1000)
        values = {"run_uuid": key, "name": run["name"], "source_type": "LOCAL", "source_name": "train", "entry_point_name": "",
                  "user_id": "someone", "status": "FINISHED", "start_time": made, "end_time": made + 300000, "source_version": "",
                  "lifecycle_stage": "active", "artifact_uri": f"artifacts/{key}", "experiment_id": int(experiment)}
        values = {name: value for name, value in values.items() if name in columns}
        store.execute(f"INSERT INTO runs ({','.join(values)}) VALUES ({','.join('?' * len(values))})", list(values.values()))
        store.executemany("INSERT INTO params (key, value, run_uuid) VALUES (?,?,?)", [(n, str(v), key) for n, v in run["params"].items()])
        store.execute("INSERT INTO tags (key, value, run_uuid) VALUES ('mlflow.runName', ?, ?)", (run["name"], key))
        for name, (steps, numbers) in series_of(runs, run).items():
            points = [(name, v, made + s * 1000, key, s, 0) for s, v in zip(steps, numbers)]
            store.executemany("INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES (?,?,?,?,?,?)", points)
            store.execute("INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES (?,?,?,?,0,?)",
                          (name, points[-1][1], points[-1][2], points[-1][4], key))
    store.commit()


def measure_mlflow(database):
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{database}")

    def search(condition, order=None):
        return lambda: len(mlflow.search_runs(experiment_names=["stet"], filter_string=condition, max_results=50, order_by=order, output_format="list"))

    search("params.model = 'mlp'")()
    for what, condition, order in [
        ("a parameter", "params.model = 'mlp'", None),
        ("two last values", "metrics.`test/m3` >= 0.5 and metrics.`train/m0` < 0.1", None),
        ("sorted by a last value", "params.model = 'gpt'", ["metrics.`test/m3` DESC"]),
    ]:
        print_row("mlflow", what, *median_of(5, search(condition, order)))


# Aim.


def fill_aim(folder, listed, runs):
    import aim

    folder.mkdir()
    start = time.perf_counter()
    for run in listed:
        made = aim.Run(repo=str(folder), system_tracking_interval=None, capture_terminal_logs=False)
        made["params"] = run["params"]
        for name, (steps, numbers) in series_of(runs, run).items():
            for step, value in zip(steps, numbers):
                made.track(value, name=name, step=step)
        made.close()
    # Searches see nothing before.
    subprocess.run([pathlib.Path(sys.executable).with_name("aim"), "storage", "--repo", folder, "reindex"], input=b"y\n", check=True, capture_output=True)
    print(f"Aim wrote {len(listed)} runs of 1,000 points in {time.perf_counter() - start:.0f} s (the reading of them included).", flush=True)


def measure_aim(folder):
    import aim

    repo = aim.Repo(str(folder))

    def search(condition):
        def run():
            count = 0
            for found in repo.query_runs(condition, report_mode=0).iter_runs():
                count += 1
                if count == 50:
                    break
            return count

        return run

    def every(condition):
        return lambda: sum(1 for _ in repo.query_runs(condition, report_mode=0).iter_runs())

    for what, condition in [
        ("a parameter", 'run.params.model == "mlp"'),
        ("parameters, one below a number", 'run.params.lr < 1e-3 and run.params.model in ["mlp", "cnn"]'),
        ("two last values", 'run.metrics["test/m3", {}].last >= 0.5 and run.metrics["train/m0", {}].last < 0.1'),
    ]:
        print_row("aim", what + ", the first 50", *median_of(5, search(condition)))
        print_row("aim", what + ", all", *median_of(5, every(condition)))


def measure_stet(bin_folder, runs):
    ask = lambda *words: lambda: len(stet(bin_folder, runs, "ls", "--limit", "50", *words))
    ask()()
    for what, words in [
        ("a parameter", ['params.model == "mlp"']),
        ("parameters, one below a number", ['params.lr < 1e-3 and params.model in ["mlp", "cnn"]']),
        ("two last values", ['metrics["test/m3"].last >= 0.5 and metrics["train/m0"].last < 0.1']),
        ("sorted by a last value", ["--sort", '-metrics["test/m3"].last', 'params.model == "gpt"']),
    ]:
        print_row("stet, a process a search", what, *median_of(5, ask(*words)))


def main():
    bin_folder, runs, scratch = (pathlib.Path(word).absolute() for word in sys.argv[1:4])
    to_aim = int(sys.argv[4]) if len(sys.argv) > 4 else 1000
    scratch.mkdir(parents=True, exist_ok=True)
    listed = stet(bin_folder, runs, "ls")
    stores = []
    for name, path, fill, measure, some in [
        ("mlflow", scratch / "mlflow.db", fill_mlflow, measure_mlflow, listed),
        ("aim", scratch / f"aim{to_aim}", fill_aim, measure_aim, listed[:to_aim]),
    ]:
        try:
            __import__(name)
        except ImportError as error:
            print(f"{name} is not installed, and left out: {error}")
            continue
        if not path.exists():
            fill(path, some, runs)
        stores.append((measure, path))
    print(f"| {len(listed)} runs (Aim: {to_aim}) | search | seconds | runs found |\n| --- | --- | --- | --- |")
    measure_stet(bin_folder, runs)
    for measure, path in stores:
        measure(path)


main()
