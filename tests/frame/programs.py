"""Small programs for the supervisor to keep."""

import sys

_STEADY = """
import time
print("here", flush=True)
time.sleep(60)
"""
_STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("here", flush=True)
time.sleep(60)
"""
# Starts a child in its own session, as the warm engine's runs are, and tells its number.
_PARENT = """
import subprocess, sys, time
child = [sys.executable, "-c", "import time; time.sleep(60)"]
print("child", subprocess.Popen(child, start_new_session=True).pid, flush=True)
time.sleep(60)
"""

STEADY = (sys.executable, "-c", _STEADY)
STUBBORN = (sys.executable, "-c", _STUBBORN)
PARENT = (sys.executable, "-c", _PARENT)
BROKEN = (sys.executable, "-c", "raise SystemExit('there is no such thing')")
