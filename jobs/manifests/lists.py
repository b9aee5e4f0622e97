"""Two plain forms of Lading's own, with keys as they are: JSON lines, and lists of keys.

    JSON lines   {"bucket": "photos", "key": "a b.jpg", "version_id": "…"}    an object a line
    key list     s3://photos/a b.jpg, or a b.jpg where the bucket is given beside

Keys are encoded once, when they are read (design decision 2).
"""

from __future__ import annotations

import json
from typing import Any

from jobs.manifests.csv_manifest import BOM, refuse_foreign
from jobs.manifests.faults import InvalidManifest, excerpt
from jobs.manifests.lines import LineReader
from jobs.manifests.raw import RawLint, encode_keys

URI = "s3://"
MEMBERS = {"bucket": "Bucket", "key": "Key", "versionid": "VersionId"}
"""What a member of an object is, its name written small and without underscores."""


class KeyListReader(LineReader):
    """Reads one `s3://bucket/key` a line, or one key where the bucket is given beside."""

    lint: RawLint

    def begin(self, block: bytes) -> bytes:
        """Refuse what is no text in UTF-8."""
        refuse_foreign(block.removeprefix(BOM))
        return block.removeprefix(BOM)

    def plain_rows(self, stretch: bytes, lines: list[bytes]) -> list[bytes] | None:
        """Encodes all keys at once, where they are in one bucket and none is odd."""
        first = b"s3://%s/" % self.lint.bucket.encode()
        rows = stretch.replace(b"\r\n", b"\n")
        if rows.startswith(first):
            # A key may look like an address itself: none but the one that begins each line.
            if rows.count(b"\n" + first) != len(lines) - 1 or rows.count(b"s3://") != len(lines):
                return None
            rows = rows.replace(first, b"")
        elif not self.lint.is_bucket_given or b"s3://" in stretch:
            return None
        if b"\r" in rows or b"\0" in rows or not _is_utf8(rows):
            return None
        keys, before = encode_keys(rows), self.lint.bucket.encode() + b","
        return None if keys is None else [before + key for key in keys]

    def check(self, line: int, record: bytes) -> bytes:
        """One row. Spaces are data (spec.md 4.1), also in a line that has nothing else."""
        text = self.lint.text_of(line, record)
        if text.startswith(URI):
            bucket, _, key = text.removeprefix(URI).partition("/")
            return self.lint.check_raw(line, bucket, key)
        if not self.lint.is_bucket_given:
            what = f"{self.lint.place(line)} does not begin with s3://; give the bucket beside."
            raise self.lint.invalid(what, line, kind="form")
        return self.lint.check_raw(line, self.lint.bucket, text)


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


class JsonLinesReader(LineReader):
    """Reads one JSON object a line, with bucket, key and perhaps version_id."""

    lint: RawLint

    def begin(self, block: bytes) -> bytes:
        """Refuse what is no text in UTF-8."""
        refuse_foreign(block.removeprefix(BOM))
        return block.removeprefix(BOM)

    def check(self, line: int, record: bytes) -> bytes:
        """One row."""
        found = self._members(line, self.lint.text_of(line, record))
        is_told = "Bucket" in found or not self.lint.is_bucket_given
        bucket = self._text(line, found, "Bucket") if is_told else self.lint.bucket
        version = self._version(line, found)
        return self.lint.check_raw(line, bucket, self._text(line, found, "Key"), version)

    def _members(self, line: int, text: str) -> dict[str, Any]:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            what = getattr(error, "msg", "it cannot be read")
            kind = "form" if text.strip() else "blank"
            raise self._invalid(line, f"is not valid JSON: {what}.", kind) from None
        if not isinstance(value, dict):
            raise self._invalid(line, "is not a JSON object, such as {…}.")
        return members_of(value)

    def _text(self, line: int, found: dict[str, Any], name: str) -> str:
        value = found.get(name)
        index = self.lint.fields.index(name)
        if value is None:
            raise self.lint.fault(line, index, f"the {name.lower()} is missing.", name.lower())
        if not isinstance(value, str):
            told = f"{excerpt(json.dumps(value))} is not a text."
            raise self.lint.fault(line, index, told, "form")
        try:
            value.encode()
        except UnicodeEncodeError:
            told = f"{excerpt(value)} has half of a surrogate pair."
            raise self.lint.fault(line, index, told, "encoding") from None
        return value

    def _version(self, line: int, found: dict[str, Any]) -> str | None:
        """The version id; None where the list has none, "" where this row has none."""
        expected = "VersionId" in self.lint.fields
        if expected != ("VersionId" in found):
            first = "the list has version ids" if expected else "the list has none"
            has = "no version_id" if expected else "a version_id"
            text = f"has {has}, but {first}; give every line one, or none."
            raise self._invalid(line, text, kind="columns")
        if not expected:
            return None
        return "" if found["VersionId"] is None else self._text(line, found, "VersionId")

    def _invalid(self, line: int, text: str, kind: str = "form") -> InvalidManifest:
        return self.lint.invalid(f"{self.lint.place(line)} {text}", line, kind=kind)


def members_of(value: dict[str, Any]) -> dict[str, Any]:
    """The members that tell of the target, by the name of their column; others are left out."""
    named = {MEMBERS.get(name.lower().replace("_", "")): told for name, told in value.items()}
    named.pop(None, None)
    return {str(name): told for name, told in named.items()}


def fields_of(head: bytes) -> list[str]:
    """The columns of JSON lines: whether the first row that can be read has a version id tells of
    all.
    """
    for line in head.removeprefix(BOM).splitlines():
        if line.strip():
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):
                continue
            has_version = isinstance(value, dict) and "VersionId" in members_of(value)
            return ["Bucket", "Key", *["VersionId"] * has_version]
    return ["Bucket", "Key"]
