"""A clock that is wrong by an hour, for one process and its children."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("wrong_clock.c")


def wrong_clock(seconds: int, folder: Path) -> dict[str, str]:
    """The environment of a process whose clock is so many seconds ahead.

    Raises RuntimeError where there is no compiler.
    """
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise RuntimeError("there is no C compiler: apt-get install gcc libc6-dev")
    library = folder / "wrong_clock.so"
    done = subprocess.run(
        [compiler, "-O2", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl"],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"it does not compile: {done.stderr.strip()[:200]}")
    return {"LD_PRELOAD": str(library), "WRONG_CLOCK": str(seconds)}
