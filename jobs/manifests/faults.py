"""What is wrong with a manifest, told so that a person can find and mend the place."""

from __future__ import annotations

from jobs.errors import JobFailure


class InvalidManifest(JobFailure):
    """The content of the manifest is not valid: the job fails in Preparing.

    `line` counts physical lines (of a table, rows) from 1 and is where the row begins; `column` is
    the 1-based column of the CSV; `file` is the data file of an inventory. Each is None or "" where
    the fault has no such place. `kind` groups faults that are mended alike: see KINDS. `bucket` is
    the one that a row names where it is another than that of the manifest.
    """

    def __init__(
        self,
        reason: str,
        *,
        line: int | None = None,
        column: int | None = None,
        file: str = "",
        kind: str = "",
        bucket: str = "",
    ) -> None:
        super().__init__("InvalidManifestContent", reason)
        self.line = line
        self.column = column
        self.file = file
        self.kind = kind
        self.bucket = bucket


class EmptyManifest(InvalidManifest):
    """The manifest has no row at all."""

    def __init__(self) -> None:
        super().__init__(
            "Invalid Manifest Content: the manifest is empty; it must name at least one object.",
            kind="empty",
        )


KINDS = {
    "empty": "Name at least one object.",
    "bom": "Save the file as UTF-8 without a byte order mark.",
    "header": "Remove the header row.",
    "blank": "Remove the line: it has nothing but spaces.",
    "foreign": "Hand in the list itself, as text.",
    "damaged": "Make the file again, or upload it again.",
    "inventory": "Take another report of the inventory, or mend its manifest.json.",
    "unreadable": "Put the file back, or let the role read it.",
    "encoding": "Save the file as UTF-8.",
    "columns": "Give every line all columns, and encode commas in keys as %2C.",
    "quotes": "Encode quotes in keys as %22 and line breaks as %0A, or quote by RFC 4180.",
    "escape": "URL-encode the keys: a percent sign itself is %25.",
    "key": "Give a key of 1 to 1,024 bytes.",
    "bucket": "Name one bucket, the same in every line; make a job for each bucket.",
    "version": "Give a version id as S3 wrote it, or null.",
    "long": "Look for a line break that is missing, or a quote that is never closed.",
    "form": "Write each line in the form that was chosen, or choose the form it is in.",
}
"""How to mend each kind of fault."""


def excerpt(text: str, most: int = 60) -> str:
    """A stranger's text for a message: shortened, in quotes, with what cannot be printed escaped.

    Reasons travel in XML, which has no way to carry control characters.
    """
    short = text if len(text) <= most else text[: most - 1] + "…"
    safe = [c if c.isprintable() else c.encode("unicode_escape").decode() for c in short]
    return f'"{"".join(safe)}"'
