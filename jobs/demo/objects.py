"""The demo's objects: two thousand keys, among them the kinds that break naive code."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable

OBJECTS = 2_000
MISSING = 25
REWRITTEN = 50
"""So many ordinary objects get a second version, after the one that a job is to copy."""

NASTY: dict[str, tuple[str, ...]] = {
    "spaces": ("nasty/two words.jpg", "nasty/two  spaces.jpg", "nasty/ around .jpg"),
    "plus": ("nasty/two+words.jpg", "nasty/a+b+c/1+1=2.txt"),
    "percent": (
        "nasty/100%.txt",
        "nasty/two%20words.jpg",
        "nasty/two%2Bwords.jpg",
        "nasty/%25%2F.txt",
    ),
    "ampersand": ("nasty/salt & pepper.txt", "nasty/a&amp;b.txt"),
    "question mark": ("nasty/really?.txt", "nasty/really?versionId=null", "nasty/tagging?tagging"),
    "hash": ("nasty/#1.txt", "nasty/part#fragment"),
    "quotes": ("nasty/it's.txt", 'nasty/"quoted".txt', 'nasty/"', "nasty/`back`.txt"),
    "commas": ("nasty/a,b.csv", 'nasty/a,"b",c.csv', "nasty/,"),
    "unicode": (
        "nasty/übergröße.txt",
        "nasty/u\u0308bergro\u0308ße.txt",
        "nasty/写真/東京.jpg",
        "nasty/🚢/⚓.png",
        "nasty/صورة.jpg",
        "nasty/a\u00a0b\u200bc.txt",
    ),
    "punctuation": (
        "nasty/a;b=c:d@e!f$g*h(i)j.txt",
        "nasty/~[x]{y}|z^.txt",
        "nasty/back\\slash.txt",
        "nasty/<b>.html",
    ),
    "1,024 bytes": (
        "nasty/" + "folder/" * 145 + "abc",
        "nasty/" + "é" * 100 + ("/" + "長" * 60) * 4 + "/" + "x" * 93,
    ),
    "one part of 1,000 bytes": ("nasty/" + "n" * 1_000,),
    "leading slash": ("/nasty/leading.txt", "/leading"),
    "double slash": ("nasty//double.txt", "//nasty///many////slashes.txt"),
    "trailing slash": ("nasty/folder/", "nasty/two words/"),
    "dot part": ("nasty/./here.txt", "./nasty/start.txt", "nasty/end/."),
    "dot-dot part": ("nasty/../up.txt", "../nasty/out.txt", "nasty/end/.."),
    "dots in names": ("nasty/...", "nasty/.hidden", "nasty/..hidden", "nasty/name."),
}


def all_keys(left_out: Container[str] = ()) -> list[str]:
    """All keys of the demo but for the kinds that the store at hand cannot hold."""
    nasty = [key for kind, examples in NASTY.items() if kind not in left_out for key in examples]
    ordinary = [f"photos/{2000 + n % 25}/img-{n:04}.jpg" for n in range(OBJECTS - len(nasty))]
    return nasty + ordinary


def rewritten_keys(of: Iterable[str]) -> list[str]:
    """The ordinary keys among those given that get a second version."""
    return [key for key in of if key.startswith("photos/")][:REWRITTEN]


def missing_keys() -> list[str]:
    """Keys that the manifest lists and the bucket lacks."""
    return [f"missing/no such thing & never was/{n:02}.jpg" for n in range(MISSING)]


def body(key: str, *, rewritten: bool = False) -> bytes:
    """What the object holds: small, and different for each key and version."""
    text = f"{'second' if rewritten else 'first'} version of {key}"
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"{text}\n{digest}\n".encode()
