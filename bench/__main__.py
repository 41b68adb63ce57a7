"""Run the benchmarks: ``python -m bench``, or one family with ``--only cycle``."""

import argparse
import multiprocessing
import sys

from bench.measure import measure

# Family → its modules; each has ``run(folder)``, which yields figures.
FAMILIES = {
    "cycle": ("cycle",),
    "dispatch": ("dispatch",),
    "content": ("content",),
    "runs": ("runs",),
    "events": ("latency", "fanout"),
    "files": ("writes", "merges", "provenance"),
    "limits": ("flood",),
    "idle": ("idle",),
}


def main() -> int:
    """Run the chosen families, each module in a process and an installation of its own."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--only", choices=FAMILIES, help="one family")
    parser.add_argument("--seconds", type=float, help="how long idle is watched, to try it out")
    options = parser.parse_args()
    only, seconds = options.only, options.seconds
    failures = 0
    for family in [only] if only else FAMILIES:
        for module in FAMILIES[family]:
            process = multiprocessing.get_context("spawn").Process(
                target=measure, args=(module, seconds)
            )
            process.start()
            process.join()
            failures += process.exitcode != 0
    return min(failures, 1)


if __name__ == "__main__":
    sys.exit(main())
