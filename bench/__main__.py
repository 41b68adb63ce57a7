"""Run the benchmarks: ``python -m bench`` for all, ``python -m bench cycle`` for one family."""

import argparse
import importlib
import json
import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

FAMILIES = ("cycle",)
RESULTS = Path(__file__).parent / "results.jsonl"


def main() -> int:
    """Run the chosen families in a data directory of their own, and keep the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--only", choices=FAMILIES, help="one family")
    only = parser.parse_args().only
    chosen = [only] if only else FAMILIES
    with tempfile.TemporaryDirectory(prefix="parallagon-bench-") as folder:
        os.environ["PARALLAGON_DATA_DIR"] = folder
        os.environ["DJANGO_SETTINGS_MODULE"] = "parallagon.settings.local"
        os.environ["LOG_LEVEL"] = "WARNING"
        for family in chosen:
            for figures in importlib.import_module(f"bench.{family}").run(Path(folder)):
                print(json.dumps(figures), flush=True)
                keep(figures)
    return 0


def keep(figures: dict[str, object]) -> None:
    """Append one result with what it was measured on."""
    line = {
        **figures,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()} {os.cpu_count()} cores",
        "kernel": platform.release(),
        "python": platform.python_version(),
    }
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    sys.exit(main())
