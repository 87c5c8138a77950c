"""What each kernel of a program took, from ncu's CSV on standard input: launches, time, share.

    ncu --metrics gpu__time_duration.sum --csv bench_steps --device cuda --model gpt --warm-up 0 --steps 3 --group 1 | kernel_times.py 3

The number divides counts and times: three steps were run.
"""

import csv
import re
import sys

MICROSECONDS = {"ns": 1e-3, "nsecond": 1e-3, "us": 1, "usecond": 1, "ms": 1e3, "msecond": 1e3}


def main():
    steps = float(sys.argv[1]) if len(sys.argv) > 1 else 1
    lines = [line for line in sys.stdin if line.startswith('"')]  # the program's own lines come between
    times = {}
    for row in csv.DictReader(lines):
        name = re.sub(r"^void |stet::|cuda_kernels::|\(anonymous namespace\)::|<unnamed>::", "", row["Kernel Name"])
        name = name.split("(")[0][:100]
        count, total = times.get(name, (0, 0))
        time = float(row["Metric Value"].replace(",", "")) * MICROSECONDS[row["Metric Unit"]]
        times[name] = count + 1, total + time
    whole = sum(total for _, total in times.values())
    print(f"{whole / steps:12.1f} us  100.0 %  {sum(count for count, _ in times.values()) / steps:8.1f} launches")
    for name, (count, total) in sorted(times.items(), key=lambda item: -item[1][1]):
        print(f"{total / steps:12.1f} us  {100 * total / whole:5.1f} %  {count / steps:8.1f} x  {name}")


if __name__ == "__main__":
    main()
