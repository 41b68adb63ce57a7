"""Bring a clone to where it can run: packages, then the built page. What is done stays done.

Called by `make` as ``prepare.py run`` or ``prepare.py test`` with any Python 3.11 or 3.12; uses
the standard library only. Each step leaves a stamp that says what it was made from, so the next
call compares a few hashes and is over.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
PACKAGES_STAMP = ENVIRONMENT / "parallagon.json"
REQUIREMENTS = ROOT / "requirements"
FRONTEND = ROOT / "frontend"
MODULES_STAMP = FRONTEND / "node_modules" / ".parallagon"
BUILT = FRONTEND / "static" / "frontend"
BUILD_STAMP = BUILT / ".parallagon"
OLDEST_NODE = (20, 19)


class Refusal(Exception):  # noqa: N818 - it is an answer to a person
    """The clone cannot be prepared; ``str()`` is a sentence that says what to do."""


def main(purpose: str) -> None:
    """Prepare what ``run`` or ``test`` needs; Python and JavaScript packages side by side.

    Raises:
        Refusal: something is missing, or an installer failed.
    """
    if not os.access(ROOT, os.W_OK):
        raise Refusal(f"{ROOT} is read-only: make it writable, or clone to a folder of your own.")
    require_node()
    with ThreadPoolExecutor(max_workers=2) as pool:
        steps = [pool.submit(install_packages, purpose), pool.submit(build_page)]
    for step in steps:
        step.result()
    compress_page()


# -- Python ------------------------------------------------------------------------------------
def install_packages(purpose: str) -> None:
    """Make the environment hold exactly what the lock file says.

    An environment that has the test packages keeps them: they contain those of ``run``.
    """
    stamp = _read_stamp(PACKAGES_STAMP)
    is_ours = stamp.get("root") == str(ROOT) and _runs(PYTHON)
    kind = "dev" if purpose == "test" or (is_ours and stamp.get("kind") == "dev") else "base"
    locks = [REQUIREMENTS / "bootstrap.txt", REQUIREMENTS / f"{kind}.txt"]
    wanted = {"root": str(ROOT), "kind": kind, "locks": digest(locks)}
    if is_ours and stamp == wanted:
        return
    say("Installing Python packages (a minute or two the first time)")
    if not _runs(PYTHON):
        run([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)], "make .venv")
    install = [str(PYTHON), "-m", "pip", "install", "--quiet", "--require-hashes"]
    run([*install, "-r", str(locks[0])], "install uv")
    sync = [str(ENVIRONMENT / "bin" / "uv"), "pip", "sync", "--quiet", "--require-hashes"]
    index = {**_index_of_pip(), **os.environ, "VIRTUAL_ENV": str(ENVIRONMENT)}
    run([*sync, "--python", str(PYTHON), str(locks[1])], "install Python packages", index)
    PACKAGES_STAMP.write_text(json.dumps(wanted), encoding="utf-8")


def _runs(python: Path) -> bool:
    """Tell whether the environment's Python starts and has the right version."""
    test = "import sys; raise SystemExit(not (3, 11) <= sys.version_info[:2] <= (3, 12))"
    try:
        return subprocess.run([str(python), "-c", test], capture_output=True).returncode == 0
    except OSError:
        return False


def _index_of_pip() -> dict[str, str]:
    """Return what uv, which does not read pip's configuration, needs to ask where pip asks."""
    listed = subprocess.run(
        [str(PYTHON), "-m", "pip", "config", "list"], capture_output=True, text=True
    ).stdout
    settings = {name.rpartition(".")[2]: value for name, value in _assignments(listed)}
    names = {"index-url": "UV_DEFAULT_INDEX", "cert": "SSL_CERT_FILE"}
    return {names[name]: value for name, value in settings.items() if name in names}


def _assignments(listed: str) -> Iterable[tuple[str, str]]:
    for line in listed.splitlines():
        name, separator, value = line.partition("=")
        if separator:
            yield name, value.strip("'\"")


# -- the page ----------------------------------------------------------------------------------
def require_node() -> None:
    """Raise ``Refusal`` unless a Node that can build the page is there."""
    wanted = ".".join(map(str, OLDEST_NODE))
    advice = f"install Node {wanted} or newer (nodejs.org), then try again."
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise Refusal(f"Parallagon needs Node and npm to build its page: {advice}")
    told = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout.strip()
    version = tuple(map(int, re.findall(r"\d+", told)[:2]))
    if version < OLDEST_NODE:
        raise Refusal(f"Node {told or 'here'} is too old for Parallagon: {advice}")


def build_page() -> None:
    """Install the page's packages and build it, each only if what it is made from changed."""
    lock = digest([FRONTEND / "package.json", FRONTEND / "package-lock.json"])
    # Package scripts are where browsers get downloaded; nothing here needs one.
    environment = {**os.environ, "PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD": "1"}
    if _read_stamp(MODULES_STAMP).get("lock") != lock:
        say("Installing the page's packages")
        install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        run(install, "install the page's packages", environment, FRONTEND)
        MODULES_STAMP.write_text(json.dumps({"lock": lock}), encoding="utf-8")
    sources = digest(_sources())
    if _read_stamp(BUILD_STAMP).get("sources") != sources:
        say("Building the page")
        run(
            ["npm", "run", "build", "--", "--logLevel", "warn"],
            "build the page",
            environment,
            FRONTEND,
        )
        BUILT.mkdir(parents=True, exist_ok=True)
        BUILD_STAMP.write_text(json.dumps({"sources": sources}), encoding="utf-8")


def compress_page() -> None:
    """Put a small copy (br, gzip) beside each built file; a build has removed those before it."""
    if not any(BUILT.rglob("*.gz")):
        command = [str(PYTHON), "-m", "whitenoise.compress", "--quiet", str(BUILT)]
        run(command, "compress the page")


def _sources() -> list[Path]:
    return [
        *(path for path in FRONTEND.iterdir() if path.suffix in {".json", ".ts", ".html"}),
        *(path for folder in ("src", "public") for path in (FRONTEND / folder).rglob("*")),
    ]


# -- steps -------------------------------------------------------------------------------------
def say(step: str) -> None:
    print(f"{step} …", flush=True)


def digest(files: Iterable[Path]) -> str:
    """Return one hash of the names and contents of ``files``."""
    total = hashlib.sha256()
    for file in sorted(path for path in files if path.is_file()):
        total.update(f"{file.relative_to(ROOT)}\0".encode())
        total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def _read_stamp(file: Path) -> dict[str, str]:
    try:
        stamp = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def run(
    command: Sequence[str],
    purpose: str,
    environment: Mapping[str, str] | None = None,
    folder: Path = ROOT,
) -> None:
    """Run an installer silently.

    Raises:
        Refusal: it failed; what it said last is part of the sentence.
    """
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    except OSError as error:
        raise Refusal(f"Could not {purpose}: {error.strerror}.") from error
    if done.returncode:
        said = "\n".join(f"    {line}" for line in done.stdout.strip().splitlines()[-15:])
        raise Refusal(f"Could not {purpose}; {Path(command[0]).name} said:\n{said}")


if __name__ == "__main__":
    try:
        main(sys.argv[1] if len(sys.argv) > 1 else "run")
    except Refusal as refusal:
        sys.exit(str(refusal))
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        sys.exit(
            f"{error.filename} cannot be used: {error.strerror}. Make room or make it writable."
        )
