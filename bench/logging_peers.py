"""What logging a scalar costs in others: beside `logging_bench`, which says what it costs in Stet.

    bench/logging_peers.py SCRATCH [N]

Logs N scalars (20,000 by default), one a step, to TensorBoard's writer, Aim, Trackio and MLflow (a hundredth of them, as it is slow), each into
SCRATCH; prints microseconds a call on the calling thread, seconds until all is written, and bytes a scalar on disk. Those that are not installed
are left out, aloud.
"""

import os
import pathlib
import sys
import time


def tensorboard(folder, n):
    from tensorboard.summary import Writer

    writer = Writer(str(folder))
    yield lambda step: writer.add_scalar("train/loss", step * 1e-7, step)
    writer.flush()
    writer.close()


def aim(folder, n):
    import aim

    run = aim.Run(repo=str(folder), system_tracking_interval=None, capture_terminal_logs=False)
    yield lambda step: run.track(step * 1e-7, name="train/loss", step=step)
    run.close()


def trackio(folder, n):
    os.environ["TRACKIO_DIR"] = str(folder)
    import trackio

    trackio.init(project="stet", name="run", embed=False)
    yield lambda step: trackio.log({"train/loss": step * 1e-7}, step=step)
    trackio.finish()


def mlflow(folder, n):
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    mlflow.set_experiment("stet")
    with mlflow.start_run():
        yield lambda step: mlflow.log_metric("train/loss", step * 1e-7, step=step)


def size_of(folder):
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


def main():
    scratch, n = pathlib.Path(sys.argv[1]).absolute(), int(sys.argv[2]) if len(sys.argv) > 2 else 20000
    print("| logger | scalars | us a call | s until written | bytes a scalar |\n| --- | --- | --- | --- | --- |")
    for logger, count in [(tensorboard, n), (aim, n), (trackio, n), (mlflow, n // 100)]:
        folder = scratch / logger.__name__
        folder.mkdir(parents=True)
        try:
            logging = logger(folder, count)
            log = next(logging)
        except ImportError as error:
            print(f"{logger.__name__} is not installed, and left out: {error}")
            continue
        log(0)
        before, start = size_of(folder), time.perf_counter()
        for step in range(1, count + 1):
            log(step)
        called = time.perf_counter() - start
        next(logging, None)
        written = time.perf_counter() - start
        print(f"| {logger.__name__} | {count} | {called / count * 1e6:.2f} | {written:.2f} | {(size_of(folder) - before) / count:.1f} |", flush=True)


main()
