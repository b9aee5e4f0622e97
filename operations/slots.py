"""A text with places to fill in, made from a sample that has a sentinel in each place."""

from __future__ import annotations

import re
from collections.abc import Mapping


class Slots:
    """A text in which each occurrence of a sentinel is a place for the value of that name.

    `sentinels` maps each sentinel to the name of its place. Filling in costs one `%`.
    """

    def __init__(self, sample: str, sentinels: Mapping[str, str]) -> None:
        pieces = re.split("(" + "|".join(map(re.escape, sentinels)) + ")", sample)
        self.names = tuple(sentinels[piece] for piece in pieces[1::2])
        literal = [piece.replace("%", "%%") for piece in pieces[::2]]
        self.format = "%s".join(literal)

    @property
    def varies(self) -> bool:
        """True where the text has a place at all."""
        return bool(self.names)

    def fill(self, values: Mapping[str, str]) -> str:
        """The text with the values in their places."""
        return self.format % tuple([values[name] for name in self.names])
