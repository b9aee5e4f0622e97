"""Where the bytes come from, and that they are those of the manifest that was pinned."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import BotoCoreError, IncompleteReadError
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage

from jobs.errors import JobFailure, SpoolDamaged
from jobs.manifests import ObjectSource, UploadSource, open_source
from jobs.manifests.sources import bare
from tests.manifests import ROWS, manifest, pinned, put
from tests.operations.http_store import CLOSE, HttpStore, client_of, reply

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Careless:
    """A store that knows no conditions, and no ranges either if it is told so."""

    def __init__(self, s3: S3Client, *, without: tuple[str, ...]) -> None:
        self.s3, self.without = s3, without

    def get_object(self, **given: Any) -> Any:
        return self.s3.get_object(
            **{name: value for name, value in given.items() if name not in self.without}
        )


# ---- reading an object


def test_an_object_is_read_by_range(s3: S3Client) -> None:
    put(s3)

    source = pinned(s3)

    assert source.size == len(ROWS)
    assert source.read(7, 5) == ROWS[7:12]
    assert source.read(13, len(ROWS) - 13) == ROWS[13:]


def test_an_empty_object_can_be_read(s3: S3Client) -> None:
    put(s3, b"")

    assert pinned(s3).read(0, 0) == b""


def test_a_reply_that_breaks_off_is_a_fault_of_the_store_that_may_pass() -> None:
    etag = {"ETag": '"0"'}
    with HttpStore(lambda _: [reply(206, b"half", length=8, **etag), CLOSE]) as store:
        source = ObjectSource(client_of(store.url), "manifests", "list.csv", "", "0", 8)

        with pytest.raises(BotoCoreError):
            source.read(0, 8)


@pytest.mark.parametrize("without", [(), ("IfMatch",)], ids=["store checks", "store does not"])
@pytest.mark.parametrize("content", [b"photos,c.jpg\nphotos,d.jpg\n", b"short"])
def test_an_object_that_changed_after_it_was_pinned_is_told_with_both_etags(
    s3: S3Client, content: bytes, without: tuple[str, ...]
) -> None:
    before = bare(put(s3))
    after = bare(put(s3, content))
    careless = Careless(s3, without=without)
    careless.head_object = s3.head_object  # type: ignore[attr-defined]
    source = ObjectSource(careless, "manifests", "list.csv", "", before, len(ROWS))  # type: ignore[arg-type]

    with pytest.raises(JobFailure) as told:
        source.read(7, 5)

    assert told.value.code == "ManifestETagMismatch"
    assert before in told.value.reason
    assert after in told.value.reason


def test_an_object_that_was_deleted_after_it_was_pinned_is_told(s3: S3Client) -> None:
    put(s3)
    source = pinned(s3)
    s3.delete_object(Bucket="manifests", Key="list.csv")

    with pytest.raises(JobFailure, match="There is no manifest"):
        source.read(0, 5)


def test_a_store_that_sends_more_or_less_than_the_range_is_not_believed(s3: S3Client) -> None:
    etag = put(s3)
    careless = Careless(s3, without=("Range",))
    source = ObjectSource(careless, "manifests", "list.csv", "", etag, len(ROWS))  # type: ignore[arg-type]

    assert source.read(0, len(ROWS)) == ROWS
    with pytest.raises(IncompleteReadError):
        source.read(7, 5)


# ---- reading an upload


@pytest.fixture
def storage(tmp_path: Path) -> FileSystemStorage:
    """A storage with the manifest in it."""
    made = FileSystemStorage(location=tmp_path / "files")
    made.save("list.csv", ContentFile(ROWS))
    return made


def test_an_upload_is_read_in_any_order(storage: FileSystemStorage) -> None:
    source = open_source(manifest(upload="list.csv", size=len(ROWS)), None, storage)

    assert source.size == len(ROWS)
    assert source.read(13, 6) == ROWS[13:19]
    assert source.read(0, 6) == ROWS[:6]


def test_an_upload_that_is_missing_or_short_is_damage_and_no_end(
    storage: FileSystemStorage,
) -> None:
    with pytest.raises(SpoolDamaged, match="missing"):
        UploadSource(storage, "gone.csv", 9)

    source = UploadSource(storage, "list.csv", len(ROWS) + 1)
    with pytest.raises(SpoolDamaged, match=r"short: 26 of 27 bytes"):
        source.read(0, source.size)


def test_an_upload_is_closed_by_itself_when_nobody_reads_it_any_more(
    storage: FileSystemStorage,
) -> None:
    source = UploadSource(storage, "list.csv", len(ROWS))
    file = source._file

    del source
    gc.collect()

    assert file.closed
