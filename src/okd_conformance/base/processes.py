"""Processes that we start: Ctrl-C is not for them, and none of them outlives us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

APART: dict[str, Any]
"""What Popen is told, so that Ctrl-C reaches us alone."""

if sys.platform == "win32":
    APART = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}

    def end_all(process: subprocess.Popen[bytes]) -> None:
        """End a process and whatever it started."""
        command = ["taskkill", "/T", "/F", "/PID", str(process.pid)]
        subprocess.run(command, capture_output=True, check=False)
else:
    APART = {"start_new_session": True}

    def end_all(process: subprocess.Popen[bytes]) -> None:
        """End a process that was started apart, and whatever it started. OSError when all are gone."""
        os.killpg(process.pid, signal.SIGKILL)
