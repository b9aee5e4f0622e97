"""What is wrong with a manifest, told so that a person can find and mend the place."""

from __future__ import annotations

from jobs.errors import JobFailure


class InvalidManifest(JobFailure):
    """The content of the manifest is not valid: the job fails in Preparing.

    `line` counts physical lines from 1 and is where the row begins; `column` is the 1-based column
    of the CSV. Either is None where the fault has no such place.
    """

    def __init__(self, reason: str, *, line: int | None = None, column: int | None = None) -> None:
        super().__init__("InvalidManifestContent", reason)
        self.line = line
        self.column = column


class EmptyManifest(InvalidManifest):
    """The manifest has no row at all."""

    def __init__(self) -> None:
        super().__init__(
            "Invalid Manifest Content: the manifest is empty; it must name at least one object."
        )


def excerpt(text: str, most: int = 60) -> str:
    """A stranger's text for a message: shortened, in quotes, with what cannot be printed escaped.

    Reasons travel in XML, which has no way to carry control characters.
    """
    short = text if len(text) <= most else text[: most - 1] + "…"
    safe = [c if c.isprintable() else c.encode("unicode_escape").decode() for c in short]
    return f'"{"".join(safe)}"'
