"""The rules of rows whose keys stand as they are, in forms that do not encode them.

Such keys are encoded once, when they are read (design decision 2).
"""

from __future__ import annotations

import string
from typing import ClassVar

from jobs.manifests.lint import MOST_KEY_BYTES, Lint
from jobs.manifests.rows import encode_key, encode_row

SAFE = (string.ascii_letters + string.digits + "_.~/-").encode()
"""What encoding leaves as it is."""


def encode_keys(keys: bytes) -> list[bytes] | None:
    """What encode_key gives for keys that have a line feed after each, all at once; None where one
    is empty or too long.
    """
    if keys.startswith(b"\n") or b"\n\n" in keys:
        return None
    if max(map(len, keys.split(b"\n"))) > MOST_KEY_BYTES:
        return None
    # A handful of characters need it in all of the keys together: one pass for each is quicker
    # than a look at each key. The percent sign goes first, since the others bring new ones.
    odd = set(keys.translate(None, SAFE)) - {0x0A}
    for byte in sorted(odd, key=lambda byte: byte != ord("%")):
        keys = keys.replace(bytes([byte]), b"%%%02X" % byte)
    return keys.split(b"\n")[:-1]


class RawLint(Lint):
    """The rules of rows whose keys are not encoded, and that have no columns to count."""

    has_columns: ClassVar[bool] = False
    is_bucket_given: bool = False
    """True where the bucket is given beside the list, so that its rows need not name it."""

    def check_raw(self, line: int, bucket: str, key: str, version: str | None = None) -> bytes:
        """The canonical row. Raises InvalidManifest."""
        if bucket != self.bucket:
            self.check_bucket_name(line, bucket)
        if not key:
            raise self.fault(line, 1, "the key is missing.", "key")
        size = len(key.encode())
        if size > MOST_KEY_BYTES:
            text = f"Invalid object key format: {size:,} bytes; at most 1,024 are allowed."
            raise self.fault(line, 1, text, "key")
        if version is not None:
            self.check_version(line, version)
        return encode_row(self.bucket, encode_key(key), version)
