"""What is declared of each store: declared.toml, and how an observation is laid beside it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from tests.stores.cases import CASES, Case
from tests.stores.keys import PLAIN

DECLARED: dict[str, dict[str, str]] = tomllib.loads(
    Path(__file__).with_name("declared.toml").read_text()
)
"""Store → line → verdict. A line is a case, `CASE, by version`, a situation (`missing key`), or one
of these with `: ` and what deviates: a kind of key, or a case."""


def line_of(case: Case, *, versions: bool) -> str:
    """The line that declares a case."""
    return f"{case.title}, by version" if versions else case.title


LINES = [
    line_of(case, versions=versions)
    for case in CASES
    for versions in (False, True)
    if versions or not case.only_versions
]


def declaration(store: str, line: str) -> dict[str, str]:
    """What is declared on a line: {line: verdict}, with what deviates from it."""
    lines = DECLARED.get(store, {})
    return {name: said for name, said in lines.items() if name.partition(": ")[0] == line}


def in_lines(line: str, verdicts: Mapping[str, str], common: str = PLAIN) -> dict[str, str]:
    """An observation in the form of a declaration: one verdict, and what deviates from it."""
    plain = verdicts[common]
    more = {f"{line}: {name}": said for name, said in verdicts.items() if said != plain}
    return {line: plain, **more}
