"""What the demo shows while it works: a line that grows in a terminal, some lines elsewhere."""

from __future__ import annotations

import time
from typing import TextIO

WIDTH = 12
SELDOM = 5.0
"""Seconds between two lines where the output is no terminal."""


class Progress:
    """A progress bar for each of some titles, all in one line."""

    def __init__(self, out: TextIO, **totals: int) -> None:
        self.out = out
        self.totals = totals
        self.done = dict.fromkeys(totals, 0)
        self.began = time.monotonic()
        self.shown = 0.0
        self.is_terminal = out.isatty()

    def show(self, title: str, done: int, total: int | None = None) -> None:
        """So many are done by now; the total may become known late."""
        self.done[title] = done
        if total is not None:
            self.totals[title] = total
        now = time.monotonic()
        if now - self.shown >= (0.1 if self.is_terminal else SELDOM):
            self.shown = now
            self._write("\r" if self.is_terminal else "", "" if self.is_terminal else "\n")

    def end(self) -> float:
        """The last state, and the seconds it took."""
        self._write("\r" if self.is_terminal else "", "\n")
        return time.monotonic() - self.began

    def _write(self, start: str, end: str) -> None:
        bars = "   ".join(
            f"{title} {bar(self.done[title], total)} {self.done[title]:,}/{total:,}"
            for title, total in self.totals.items()
        )
        self.out.write(f"{start}  {bars}   {time.monotonic() - self.began:.0f} s {end}")
        self.out.flush()


def bar(done: int, total: int) -> str:
    """[###---------]"""
    filled = WIDTH * done // total if total else 0
    return f"[{'#' * filled}{'-' * (WIDTH - filled)}]"
