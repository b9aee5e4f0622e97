"""The spool in a bucket: as good as a folder, for one request a file, with flat memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError, ResponseStreamingError
from botocore.stub import ANY, Stubber
from django.http import FileResponse
from moto import mock_aws

from config.settings import spool_storage
from jobs import bucket_files, bucket_spool
from jobs.errors import SpoolDamaged
from jobs.spool import spool
from tests import boto

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CONTENT = b"photos,a.jpg\nphotos,b.jpg\n"
PART = 5 * 1024 * 1024


@pytest.fixture(autouse=True)
def aws(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Client]:
    """LADING_SPOOL=s3://spool/lading?region_name=us-east-1, in memory."""
    monkeypatch.setattr(bucket_files, "PART_BYTES", PART)
    with mock_aws():
        client = boto.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="spool")
        settings.STORAGES = {
            **settings.STORAGES,
            "spool": spool_storage("s3://spool/lading?region_name=us-east-1"),
        }
        yield client


@pytest.fixture
def requests_sent() -> list[str]:
    """The names of the requests that the spool sends."""
    sent: list[str] = []
    events = spool.storage.connection.meta.client.meta.events
    events.register("before-call.s3", lambda model, **_: sent.append(model.name))
    return sent


def keys(aws: S3Client) -> list[str]:
    return [found["Key"] for found in aws.list_objects_v2(Bucket="spool").get("Contents", [])]


def unfinished(aws: S3Client) -> list[Any]:
    return list(aws.list_multipart_uploads(Bucket="spool").get("Uploads", []))


def test_gives_back_what_was_put_under_its_prefix(aws: S3Client) -> None:
    receipt = spool.put("jobs/1/00000001.tasks", CONTENT)

    assert keys(aws) == ["lading/jobs/1/00000001.tasks"]
    assert spool.get(receipt) == CONTENT


def test_a_file_costs_one_request_to_write_and_one_to_read(requests_sent: list[str]) -> None:
    spool.get(spool.put("jobs/1/tasks", CONTENT))

    assert requests_sent == ["PutObject", "GetObject"]


def test_an_empty_file_is_a_file() -> None:
    with spool.writing("jobs/1/empty"):
        pass

    with spool.open("jobs/1/empty") as file:
        assert file.read() == b""


def test_a_name_is_kept_as_it_is_also_when_written_again(aws: S3Client) -> None:
    assert spool.put("jobs/1/tasks", CONTENT) == spool.put("jobs/1/tasks", CONTENT)
    assert keys(aws) == ["lading/jobs/1/tasks"]


def test_deleting_twice_is_fine(aws: S3Client) -> None:
    spool.put("jobs/1/tasks", CONTENT)

    spool.delete("jobs/1/tasks")
    spool.delete("jobs/1/tasks")

    assert keys(aws) == []


def test_check_passes_and_leaves_nothing(aws: S3Client) -> None:
    spool.check()

    assert keys(aws) == []


def test_nobody_else_who_checks_at_the_same_time_is_in_the_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Containers have the same process id, each on its own machine."""
    open_file, depth = bucket_spool.BucketSpool._open, []

    def check_meanwhile(storage: Any, name: str, mode: str = "rb") -> Any:
        if not depth:
            depth.append(name)
            spool.check()
        return open_file(storage, name, mode)

    monkeypatch.setattr(bucket_spool.BucketSpool, "_open", check_meanwhile)

    spool.check()
    assert depth


# ---- long files


def test_a_long_file_goes_in_parts_while_it_is_written(
    aws: S3Client, requests_sent: list[str]
) -> None:
    with spool.writing("jobs/1/report/results.csv") as out:
        for number in range(11):
            out.write(bytes([number]) * (PART // 5))
        assert requests_sent == ["CreateMultipartUpload", "UploadPart", "UploadPart"]
        assert keys(aws) == [], "a file that has its name is whole"

    with spool.open("jobs/1/report/results.csv") as file:
        assert file.read() == b"".join(bytes([number]) * (PART // 5) for number in range(11))
    assert requests_sent[3:] == ["UploadPart", "CompleteMultipartUpload", "GetObject"]
    assert unfinished(aws) == []


def test_what_was_being_written_when_a_fault_came_is_nowhere(aws: S3Client) -> None:
    def be_interrupted() -> None:
        with spool.writing("jobs/1/half") as out:
            out.write(b"x" * 2 * PART)
            raise RuntimeError("the worker is told to end")

    with pytest.raises(RuntimeError):
        be_interrupted()

    assert keys(aws) == []
    assert unfinished(aws) == []


def test_a_file_is_read_from_anywhere(requests_sent: list[str]) -> None:
    with spool.writing("uploads/1") as out:
        out.write(bytes(range(256)) * 40_000)
    requests_sent.clear()

    with spool.open("uploads/1") as file:
        assert file.read(4) == b"\x00\x01\x02\x03"
        file.seek(5_000_001)
        assert file.read(3) == bytes([65, 66, 67])
        assert file.size == 256 * 40_000
        file.seek(-2, os.SEEK_END)
        assert file.read() == b"\xfe\xff"

    assert requests_sent == ["GetObject"] * 3, "each from where it was to be read"


def test_a_download_has_its_length_and_costs_one_request(requests_sent: list[str]) -> None:
    with spool.writing("jobs/1/results.csv") as out:
        out.write(CONTENT * 10_000)
    requests_sent.clear()

    response = FileResponse(spool.open("jobs/1/results.csv"), as_attachment=True, filename="a.csv")

    assert response["Content-Length"] == str(len(CONTENT) * 10_000)
    assert b"".join(response.streaming_content) == CONTENT * 10_000  # type: ignore[arg-type]
    assert requests_sent == ["GetObject"]


def test_a_stream_that_breaks_off_is_taken_up_again(
    monkeypatch: pytest.MonkeyPatch, requests_sent: list[str]
) -> None:
    with spool.writing("uploads/1") as out:
        out.write(CONTENT * 200_000)
    requests_sent.clear()
    breaks_at = iter([1, 3])
    reads, next_break = 0, next(breaks_at)
    read = bucket_files.BucketStream._next

    def break_off(stream: Any, wanted: int) -> bytes:
        nonlocal reads, next_break
        reads += 1
        if reads == next_break + 1:
            next_break = next(breaks_at, -2)
            stream._body.read = lambda _: (_ for _ in ()).throw(
                ResponseStreamingError(error="connection reset")
            )
        return read(stream, wanted)

    monkeypatch.setattr(bucket_files.BucketStream, "_next", break_off)
    with spool.open("uploads/1") as file:
        assert file.read() == CONTENT * 200_000

    assert requests_sent == ["GetObject"] * 3


# ---- faults


def test_a_missing_file_is_damage_and_never_nothing(aws: S3Client) -> None:
    receipt = spool.put("jobs/1/tasks", CONTENT)
    aws.delete_object(Bucket="spool", Key="lading/jobs/1/tasks")

    with pytest.raises(SpoolDamaged, match="lost the file jobs/1/tasks"):
        spool.get(receipt)
    with pytest.raises(SpoolDamaged, match="lost the file jobs/1/tasks"):
        spool.open("jobs/1/tasks")


def test_an_altered_file_is_damage(aws: S3Client) -> None:
    receipt = spool.put("jobs/1/tasks", CONTENT)
    aws.put_object(Bucket="spool", Key="lading/jobs/1/tasks", Body=b"x" * receipt.size)

    with pytest.raises(SpoolDamaged, match="is not what was written"):
        spool.get(receipt)


def test_a_missing_bucket_is_a_fault_of_the_spool_and_no_lost_file(aws: S3Client) -> None:
    receipt = spool.put("jobs/1/tasks", CONTENT)
    aws.delete_object(Bucket="spool", Key="lading/jobs/1/tasks")
    aws.delete_bucket(Bucket="spool")

    with pytest.raises(OSError, match="its bucket spool answers NoSuchBucket to GetObject"):
        spool.get(receipt)
    with pytest.raises(OSError, match="its bucket spool answers NoSuchBucket to PutObject"):
        spool.put("jobs/1/tasks", CONTENT)


def test_a_refusal_is_told_with_what_was_asked_for() -> None:
    with Stubber(spool.storage.connection.meta.client) as stub:
        stub.add_client_error("put_object", "AccessDenied", http_status_code=403)
        with pytest.raises(OSError, match="its bucket spool answers AccessDenied to PutObject"):
            spool.put("jobs/1/tasks", CONTENT)


def test_a_store_that_is_away_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    client = spool.storage.connection.meta.client

    def away(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")

    monkeypatch.setattr(client, "put_object", away)
    with pytest.raises(OSError, match="its bucket spool cannot be used: EndpointConnectionError"):
        spool.put("jobs/1/tasks", CONTENT)


def test_the_fault_that_ended_an_upload_is_told_and_not_that_of_clearing_up() -> None:
    client = spool.storage.connection.meta.client

    def fail() -> None:
        with spool.writing("jobs/1/results.csv") as out:
            out.write(b"x" * 2 * PART)

    with Stubber(client) as stub:
        stub.add_response("create_multipart_upload", {"UploadId": "1"})
        stub.add_client_error("upload_part", "SlowDown", http_status_code=503)
        stub.add_client_error(
            "abort_multipart_upload",
            "InternalError",
            expected_params={"Bucket": "spool", "Key": ANY, "UploadId": "1"},
        )
        with pytest.raises(OSError, match="answers SlowDown to UploadPart"):
            fail()
        stub.assert_no_pending_responses()


# ---- processes


def test_a_fork_has_a_client_of_its_own_and_threads_share_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = spool.storage.connection

    assert spool.storage.connection is before
    monkeypatch.setattr(os, "getpid", lambda: -1)
    after = spool.storage.connection
    assert after is not before
    assert spool.storage.bucket.meta.client is after.meta.client


def test_no_request_outlasts_a_lease_by_much() -> None:
    config = spool.storage.connection.meta.client.meta.config

    attempts = config.retries["total_max_attempts"]
    assert attempts * config.read_timeout <= 30
