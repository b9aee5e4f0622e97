"""The table of docs/stores.md, from what a run saw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.stores.declared import DECLARED, LINES
from tests.stores.refusals import ON_AWS, SITUATIONS

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "stores.md"
START, END = "<!-- matrix -->", "<!-- /matrix -->"

Observed = Mapping[str, Mapping[str, str]]


def is_complete(observed: Observed) -> bool:
    """Every line of every store that ran was seen, and more than one store ran."""
    wanted = {*LINES, *SITUATIONS}
    return len(observed) > 1 and all(wanted <= lines.keys() for lines in observed.values())


def write(titles: Mapping[str, str], observed: Observed) -> None:
    """Put the table between its marks. A store that did not run is shown as it is declared."""
    text = DOCUMENT.read_text()
    head, rest = text.split(START)
    _, tail = rest.split(END)
    shown = {name: observed.get(name, DECLARED[name]) for name in titles}
    DOCUMENT.write_text(f"{head}{START}\n\n{table(titles, shown)}\n{END}{tail}")


def table(titles: Mapping[str, str], shown: Observed) -> str:
    """Operations, refusals, and what deviates from these."""
    names = list(titles)
    heads = [titles[name] for name in names]
    done = _rows(["Operation", *heads], ([line, *_of(shown, names, line)] for line in LINES))
    refused = _rows(
        ["Situation", "AWS", *heads],
        ([line, ON_AWS[line], *_of(shown, names, line)] for line in SITUATIONS),
    )
    apart = [
        f"- {titles[name]}, {line}: **{said}**"
        for name in names
        for line, said in sorted(shown[name].items())
        if ": " in line
    ]
    return "\n\n".join(
        (
            done,
            "What a task's result is where the store has to refuse (Replace all object tags):",
            refused,
            "Keys and operations for which it is otherwise:",
            "\n".join(apart) + "\n",
        )
    )


def _of(shown: Observed, names: Iterable[str], line: str) -> list[str]:
    return [shown[name].get(line, "?") for name in names]


def _rows(heads: list[str], rows: Iterable[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
