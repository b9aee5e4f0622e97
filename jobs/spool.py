"""Where task, result and report files lie until their job is gone (design decision 3).

Files are immutable and named by job, slice and fence. They are written, synced together with their
folder, and only then may a row point to them; the row keeps a receipt (bytes and SHA-256) that is
checked at every read. A missing or short file is SpoolDamaged, never "no exceptions". A file that
no row points to is garbage.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, cast

import zstandard
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, storages

from jobs.errors import SpoolDamaged

if TYPE_CHECKING:
    from jobs.bucket_spool import BucketSpool

LEAST_FREE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a row remembers of a file: its name, its stored bytes and their SHA-256."""

    name: str = ""
    size: int = 0
    sha256: str = ""


class FolderSpool(FileSystemStorage):
    """A folder whose files survive a power cut once `save` has returned: file and folder are
    synced.
    """

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """Names are chosen by us and never collide; a file written twice is the same file."""
        return name

    def _save(self, name: str, content: File[Any]) -> str:
        with self.placing(name) as out:
            for block in content.chunks(1024 * 1024):
                out.write(block)
        return name

    @contextmanager
    def placing(self, name: str) -> Iterator[IO[bytes]]:
        """A file to fill; it has its name, whole and synced, after the block and never before."""
        path = Path(self.path(name))
        self._make_folder(path.parent)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".part-")
        try:
            with os.fdopen(handle, "wb") as out:
                yield out
                out.flush()
                os.fsync(out.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)

    def delete_all(self, folder: str) -> None:
        """Remove a folder with all that is in it, also what was left half written."""
        path = Path(self.path(folder))
        _remove(path)
        if path.parent.exists():
            # Rows go after their files, and must not go alone in a power cut.
            _sync_folder(path.parent)

    def written(self, folder: str) -> Iterator[tuple[str, datetime]]:
        """The files of a folder, and when each was written, by the clock of its disk."""
        with suppress(FileNotFoundError), os.scandir(self.path(folder)) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    yield f"{folder}/{entry.name}", self.get_modified_time(entry.path)

    def _make_folder(self, folder: Path) -> None:
        missing = [step for step in (folder, *folder.parents) if not step.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        for step in missing:
            _sync_folder(step.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(folder: Path) -> None:
    """Like shutil.rmtree, which holds the names of a whole folder in memory; and another node may
    be at it too.
    """
    with suppress(FileNotFoundError):
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    _remove(Path(entry.path))
                else:
                    Path(entry.path).unlink(missing_ok=True)
        folder.rmdir()


class Spool:
    """The files of all jobs, over whatever storage LADING_SPOOL names."""

    @property
    def storage(self) -> FolderSpool | BucketSpool:
        """The Django storage underneath."""
        return cast("FolderSpool | BucketSpool", storages["spool"])

    def put(self, name: str, content: bytes) -> Receipt:
        """Write a compressed file; when this returns it is safe on disk."""
        packed = zstandard.ZstdCompressor(level=1).compress(content)
        self.storage.save(name, ContentFile(packed))
        return Receipt(name, len(packed), hashlib.sha256(packed).hexdigest())

    def get(self, receipt: Receipt) -> bytes:
        """Read a file that `put` wrote; raises SpoolDamaged unless it is all there, unaltered."""
        try:
            with self.storage.open(receipt.name) as file:
                packed = file.read()
        except FileNotFoundError:
            raise SpoolDamaged(f"The spool has lost the file {receipt.name}.") from None
        if len(packed) != receipt.size or hashlib.sha256(packed).hexdigest() != receipt.sha256:
            raise SpoolDamaged(f"The file {receipt.name} of the spool is not what was written.")
        return zstandard.ZstdDecompressor().decompress(packed)

    @contextmanager
    def writing(self, name: str) -> Iterator[IO[bytes]]:
        """A file to fill bit by bit, kept as it is (not compressed); it is safe on disk after the
        block.
        """
        with self.storage.placing(name) as out:
            yield out

    def open(self, name: str) -> File[Any]:
        """A plain file for reading; raises SpoolDamaged when it is gone."""
        try:
            return self.storage.open(name)
        except FileNotFoundError:
            raise SpoolDamaged(f"The spool has lost the file {name}.") from None

    def delete(self, name: str) -> None:
        """Remove a file; one that is gone already is fine."""
        with suppress(FileNotFoundError):
            self.storage.delete(name)

    def delete_all(self, folder: str) -> None:
        """Remove a folder of the spool with everything in it; one that is gone already is fine."""
        if len(PurePosixPath(folder).parts) < 2:
            raise ValueError(f"{folder!r} is more than one thing's folder.")
        self.storage.delete_all(folder)

    def stale(self, folder: str, age: timedelta) -> Iterator[str]:
        """The files of a folder that were written longer ago than `age`, by the spool's own clock:
        it need not agree with ours, nor with the database's.
        """
        mark = f"checks/{uuid.uuid4()}"
        self.storage.save(mark, ContentFile(b"now"))
        try:
            now: datetime = self.storage.get_modified_time(mark)
        finally:
            self.delete(mark)
        for name, written in self.storage.written(folder):
            if written < now - age:
                yield name

    def check(self) -> None:
        """Write, read and remove a small file; raises OSError or what the storage raises."""
        name = f"checks/{uuid.uuid4()}"  # others check at the same time, and machines share pids
        self.storage.save(name, ContentFile(b"ok"))
        try:
            with self.storage.open(name) as file:
                if file.read() != b"ok":
                    raise OSError("the spool gave back other bytes than were written")
        finally:
            self.delete(name)
        self.check_space()

    def check_space(self, needed: int = LEAST_FREE_BYTES) -> None:
        """Raise OSError when a folder spool has less than `needed` bytes left."""
        folder = self.scratch_folder
        if folder and (free := shutil.disk_usage(folder).free) < needed:
            raise OSError(f"the spool has only {free // 1024**2} MiB left")

    @property
    def scratch_folder(self) -> str | None:
        """A folder on the spool's own disk; None lets the system choose where the spool is a
        bucket.
        """
        storage = self.storage
        if not isinstance(storage, FolderSpool):
            return None
        Path(storage.location).mkdir(parents=True, exist_ok=True)
        return str(storage.location)


spool = Spool()
