"""The files of the spool that rows name, and their way into a backup and out of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

from django.core.files import File

from jobs.errors import BackupFailed
from jobs.models import Job, Manifest, Part, ReportFile, Slice
from jobs.spool import FolderSpool, spool

if TYPE_CHECKING:
    from django.db.models import Model

T = TypeVar("T")

LIST = "files.jsonl"
AT_A_TIME = 8
"""Files on their way at once: most are small, and a bucket takes its time for each."""
BLOCK_BYTES = 1024 * 1024

NAMED: tuple[tuple[type[Model], str, str, str, str], ...] = (
    (Manifest, "upload", "size", "sha256", "pk"),
    (Slice, "task_file", "task_bytes", "task_sha256", "job_id"),
    (Slice, "carry_file", "carry_bytes", "carry_sha256", "job_id"),
    (Part, "result_file", "result_bytes", "result_sha256", "job_id"),
    (ReportFile, "spool_name", "size", "md5", "job_id"),
)
"""Every field that names a file of the spool, with those of its receipt, and whose it is."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that a row names: its stored bytes and their SHA-256, or MD5 of a report's file."""

    name: str
    size: int
    digest: str
    owner: str
    """The job, or the manifest, whose file it is."""

    @property
    def line(self) -> bytes:
        """As it stands in a list of files."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @property
    def summing(self) -> Any:
        """What the digest is made with."""
        return hashlib.new("md5" if len(self.digest) == 32 else "sha256", usedforsecurity=False)


# ---- which


def named(alias: str) -> Iterator[Kept]:
    """Every file that a row names, a row at a time."""
    for model, name, size, digest, owner in NAMED:
        rows = model._default_manager.using(alias).exclude(**{name: ""})
        for found in rows.order_by().values_list(name, size, digest, owner).iterator():
            yield Kept(found[0], found[1], found[2], str(found[3]))


def is_wanted(kept: Kept) -> bool:
    """Whether a row of the database as it is now names the file, and its job is not over for so
    long that its files are being removed.
    """
    if Job.objects.expired().filter(pk=kept.owner).exists():
        return False
    return any(
        model._default_manager.filter(**{owner: kept.owner, name: kept.name}).exists()
        for model, name, _, _, owner in NAMED
    )


def read_list(path: Path) -> Iterator[Kept]:
    """The files of such a list, a line at a time."""
    with path.open("rb") as lines:
        for line in lines:
            yield Kept(**json.loads(line))


# ---- copying


def folder_of(backup: Path) -> FolderSpool:
    """The spool's files in a backup."""
    return FolderSpool(location=str(backup / "spool"))


def fetch(kept: Kept, folder: FolderSpool) -> bool:
    """Copy a file from the spool into the folder; False where the spool has lost it.

    Raises BackupFailed where it is not what was written.
    """
    try:
        source = spool.storage.open(kept.name)
    except FileNotFoundError:
        return False
    with source, folder.placing(kept.name) as out:
        _check(kept, _passed_on(source.chunks(BLOCK_BYTES), out), "spool")
    return True


def put_back(kept: Kept, folder: FolderSpool) -> None:
    """Copy a file from the folder into the spool, whatever lies there under its name."""
    with folder.open(kept.name) as source:
        spool.storage.save(kept.name, File(source))
    if (size := spool.storage.size(kept.name)) != kept.size:
        raise BackupFailed(f"The spool keeps {size} bytes of {kept.name}, not {kept.size}.")


def check(kept: Kept, folder: FolderSpool) -> None:
    """Raise BackupFailed unless the file lies in the folder as it was written."""
    try:
        with folder.open(kept.name) as file:
            _check(kept, file.chunks(BLOCK_BYTES), "backup")
    except FileNotFoundError:
        raise BackupFailed(f"The backup has lost the file {kept.name}.") from None


def _passed_on(blocks: Iterable[bytes], out: IO[bytes]) -> Iterator[bytes]:
    for block in blocks:
        out.write(block)
        yield block


def _check(kept: Kept, blocks: Iterable[bytes], where: str) -> None:
    size, summed = 0, kept.summing
    for block in blocks:
        size += len(block)
        summed.update(block)
    if size != kept.size or summed.hexdigest() != kept.digest:
        raise BackupFailed(f"The file {kept.name} of the {where} is not what was written.")


def each(work: Callable[[Kept], T], files: Iterable[Kept]) -> Iterator[tuple[Kept, T]]:
    """Do the work for every file, a few at once, and tell what came of it, in order."""
    files = iter(files)
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        while some := list(islice(files, 16 * AT_A_TIME)):
            yield from zip(some, pool.map(work, some), strict=True)
