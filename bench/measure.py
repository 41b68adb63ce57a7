"""Run one benchmark in an installation of its own, and keep its figures."""

import importlib
import json
import os
import platform
import tempfile
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).parent / "results.jsonl"


def measure(module: str, seconds: float | None = None) -> None:
    """Run one module in a data directory of its own, and keep its figures.

    ``seconds`` is for the one that watches for a while.
    """
    options = {"seconds": seconds} if seconds and module == "idle" else {}
    with tempfile.TemporaryDirectory(prefix="parallagon-bench-") as folder:
        os.environ["PARALLAGON_DATA_DIR"] = folder
        os.environ["DJANGO_SETTINGS_MODULE"] = "parallagon.settings.local"
        os.environ["LOG_LEVEL"] = "WARNING"
        # Priced, so that money is counted while the clock runs; cheap, so that it never runs out.
        os.environ["PARALLAGON_PRICES"] = "openai/*=0.15/0.6"
        for figures in importlib.import_module(f"bench.{module}").run(Path(folder), **options):
            print(json.dumps(figures), flush=True)
            keep(figures)


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
