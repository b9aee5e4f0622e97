"""A bucket as a manifest: its objects or versions, listed in parallel by splitting its keys.

The reader may be left at any time: its checkpoint names the ranges that are not yet returned, each
from behind its last row on, and a successor goes on from there without loss or repetition. Objects
that come or go while a bucket is listed may be in the list or not, as in any listing.
"""

from __future__ import annotations

import weakref
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any

from jobs.errors import JobFailure
from jobs.manifests.crawl import Crawl, Found
from jobs.manifests.criteria import Criteria
from jobs.manifests.lister import Lister, Position
from jobs.manifests.ranges import Range, beginnings, restored
from jobs.manifests.rows import encode_key, encode_row

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from jobs.generator import ManifestGenerator
    from jobs.manifests.pages import Entry

THREADS = 8
ASKERS = 12
PAGE_SIZE = 1000
TAKE_SECONDS = 0.8


class ListingReader:
    """Rows of what a generator asks for: `bucket,key`, or `bucket,key,version` with `versions`.

    Requests begin with the first `take`. A reader that has raised is spent; its threads end by
    themselves, also when it is forgotten.
    """

    bytes_read = 0

    def __init__(
        self,
        s3: S3Client,
        generator: ManifestGenerator,
        *,
        versions: bool,
        checkpoint: dict[str, Any],
        threads: int = THREADS,
        askers: int = ASKERS,
        page_size: int = PAGE_SIZE,
    ) -> None:
        self.bucket = generator.bucket
        self._saved = checkpoint
        self._generator, self._versions = generator, versions
        self._found = checkpoint.get("found", 0)
        self._lister = Lister(
            s3,
            self.bucket,
            generator.expected_bucket_owner or "",
            versions=versions,
            order=checkpoint.get("order", ""),
        )
        self._lister.listed = checkpoint.get("listed", 0)
        criteria = Criteria(s3, generator)
        self._crawl = Crawl(self._lister, criteria, page_size, threads, askers)
        self._has_begun = False
        self.close = weakref.finalize(self, self._crawl.close)

    @property
    def ended(self) -> bool:
        """True once everything has been returned."""
        with self._crawl.lock:
            is_over = self._crawl.is_over or self._saved.get("ranges") == []
        return is_over and self._found > 0

    def checkpoint(self) -> dict[str, Any]:
        """What is not yet returned, as JSON."""
        with self._crawl.lock:
            if not self._crawl.is_open:
                return self._saved
            return {
                "bucket": self.bucket,
                "versions": self._versions,
                "order": self._lister.order,
                "listed": self._lister.listed,
                "found": self._found,
                "ranges": [range_.saved(self._lister) for range_ in self._crawl.unfinished],
            }

    def take(self, most: int) -> list[bytes]:
        """Up to `most` rows: those that come within a second.

        Raises JobFailure where nothing was found at all, for a store that refuses, and for one that
        does not list as S3 does; botocore's errors for what may pass.
        """
        if not self._has_begun:
            self._has_begun = True
            self._crawl.start(partial(ranges_of, self._generator, self._lister, self._saved))
        try:
            entries = self._take(most)
        except BaseException:
            self.close()
            raise
        return [
            encode_row(self.bucket, encode_key(entry.key), entry.version_id) for entry in entries
        ]

    def _take(self, most: int) -> list[Entry]:
        crawl, deadline = self._crawl, monotonic() + TAKE_SECONDS
        taken: list[Entry] = []
        with crawl.lock:
            while len(taken) < most and not crawl.is_over:
                if crawl.failure:
                    raise crawl.failure
                if crawl.found:
                    taken += self._return(crawl.found.popleft(), most - len(taken))
                elif (left := deadline - monotonic()) > 0:
                    crawl.lock.wait(left)
                else:
                    break
            crawl.lock.notify_all()
            if crawl.is_over and not self._found:
                raise JobFailure(
                    "ManifestGenerationNoKeys",
                    "Manifest generation found no keys matching the filter criteria.",
                )
        return taken

    def _return(self, found: Found, most: int) -> list[Entry]:
        """Entries of what was found; what is more than `most` stays in front of the queue."""
        crawl, range_ = self._crawl, found.range
        chosen, rest = found.entries[:most], found.entries[most:]
        crawl.waiting -= found.cost
        if rest:
            last = chosen[-1]
            range_.returned = Position(self._lister.fold(last.key), last.version_id)
            crawl.found.appendleft(Found(range_, rest, found.end))
            crawl.waiting += crawl.found[0].cost
        elif found.end:
            range_.returned = found.end
        else:
            crawl.unfinished.remove(range_)
        self._found += len(chosen)
        return chosen


def ranges_of(
    generator: ManifestGenerator, lister: Lister, checkpoint: dict[str, Any]
) -> list[Range]:
    """The ranges to begin with: those of a checkpoint, else one for each prefix."""
    if checkpoint:
        return [restored(saved, lister) for saved in checkpoint["ranges"]]
    names = generator.filter.key_name_constraint if generator.filter else None
    prefixes = beginnings((names and names.match_any_prefix) or ())
    return [Range(lister.fold(prefix), Position(), Position()) for prefix in prefixes]
