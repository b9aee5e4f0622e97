"""What is mechanical, mended: a manifest read once more and written anew.

Only what was asked for changes, each change is counted, and the old manifest stays as it is. A row
that is faulty all the same is written as it was read, so that nothing is lost; only that every line
ends in a line feed then, and that what was packed is not.

    CSV            a CSV with the same columns
    JSON lines     JSON lines; a list of keys likewise
    an inventory   a CSV with the columns that a manifest may have (spec.md 4.3)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from contextlib import closing
from typing import TYPE_CHECKING

from jobs.manifests.mended_lines import MENDED, Mending, Sink
from jobs.manifests.readers import describe, open_reader
from jobs.manifests.sources import open_source
from jobs.manifests.streams import open_stream
from jobs.models import Manifest

if TYPE_CHECKING:
    from django.core.files.storage import Storage
    from mypy_boto3_s3 import S3Client

ROWS_AT_ONCE = 10_000


def write_mended(
    manifest: Manifest,
    s3: S3Client | None,
    storage: Storage,
    mends: Collection[str],
    out: Sink,
) -> Counter[str]:
    """Write the manifest with these of findings.MENDS; how often each has changed something.

    Fills in what the manifest itself says of its columns. Raises InvalidManifest where it cannot be
    read to its end, and JobFailure; botocore's errors pass through.
    """
    mending = Mending(mends, out)
    source = open_source(manifest, s3, storage)
    describe(manifest, source, s3)
    if manifest.format == Manifest.Format.INVENTORY:
        with closing(open_reader(manifest, s3, storage, on_fault=mending.keep)) as rows:
            while not rows.ended:
                found = rows.take(ROWS_AT_ONCE)
                mending.write(mending.with_null(found) if manifest.has_versions else found)
        return +mending.changes
    form, rules = MENDED[manifest.format]
    lines = form(open_stream(source), rules(manifest.fields, manifest.list_bucket), mending)
    while not lines.ended:
        blank_before = lines.blank_lines
        mending.write(lines.take(ROWS_AT_ONCE))
        if lines.blank_lines > blank_before:
            mending.pass_blank()
    return +mending.changes
