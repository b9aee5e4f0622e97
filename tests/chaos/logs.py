"""What the logs of web server and engines may say. Pure: whatever no blow explains is wrong."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

TRACEBACK = "Traceback (most recent call last):"
NEVER = ("database is locked", "TotalsDiffer", "SpoolDamaged")
EXPLAINED: tuple[tuple[str, str], ...] = (
    ("database", r"(django\.db\.utils|psycopg)\.(OperationalError|InterfaceError)\b"),
    ("database", r"psycopg\.errors\.(AdminShutdown|CrashShutdown|CannotConnectNow)\b"),
    ("redis", r"redis\.exceptions\.(ConnectionError|TimeoutError)\b"),
    ("redis", r"ConnectionRe(fused|set)Error\b|BrokenPipeError\b"),
    ("spool", r"OSError: \[Errno 28\]"),
    ("store", r"(botocore|urllib3|s3transfer|boto3)\.[\w.]*exceptions\.\w+"),
    ("store", r"ConnectionResetError\b|http\.client\.(RemoteDisconnected|IncompleteRead)\b"),
    ("store", r"TimeoutError\b"),
)
"""Which blow explains which exception at the end of a traceback, in the log of an engine."""


def check_log(name: str, lines: Iterable[str], blows: Collection[str]) -> list[str]:
    """The lines of a log that must not be there, given what fell."""
    kept = list(lines)
    wrong = [f"{name}: {line.strip()}" for line in kept for word in NEVER if word in line]
    explained = () if name == "web" else EXPLAINED  # its errors are told in words, whatever fell
    for told in exceptions(kept):
        if not any(kind in blows and re.match(text, told) for kind, text in explained):
            wrong.append(f"{name}: a traceback that no blow explains: {told}")
    return wrong


def exceptions(lines: Iterable[str]) -> Iterator[str]:
    """The last line of every traceback."""
    inside = False
    for line in lines:
        if line.strip() == TRACEBACK:
            inside = True
        elif inside and line.strip() and not line.startswith((" ", "\t")):
            inside = False
            yield line.strip()
