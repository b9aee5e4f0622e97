"""The benchmark's arithmetic, its files, and its null server. How fast anything is, is no test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from bench import boto3_pool, figures, measuring
from bench.contestants import credentials
from bench.measuring import Measure
from bench.server import FLAGS, SOURCE, NullServer, compiled
from bench.suites import rounded
from bench.work import Work
from tests.conftest import require

MACHINE = {
    "cpu": "Abacus",
    "cores": 2,
    "memory_gib": 24,
    "kernel": "6.1",
    "python": "3.11.7",
}


def runs(*rates: float, cpu_seconds: float = 1.0, **more: Any) -> list[dict[str, Any]]:
    """Raw figures of runs of 1,000 tasks."""
    return [Measure(1000, 1000 / rate, cpu_seconds, more).raw() for rate in rates]


def measured(latencies: dict[str, Any]) -> dict[str, Any]:
    return {
        "at": "2026-01-01 00:00 UTC",
        "machine": MACHINE,
        "rounds": "3 runs",
        "titles": {"lading-2-copy": "Lading, 2 workers"},
        "latencies": latencies,
    }


PATH = measured(
    {
        "0 ms": {
            "lading-2-copy": runs(900, 1000, 5000, cpu_seconds=2.0, worker_peak_mib=90.5),
            "s5cmd-run-copy": runs(100, 10, 1000),
            "boto3-2-copy": runs(250, 250, 250),
        },
        "20 ms": {
            "lading-2-copy": runs(800, worker_peak_mib=101.0),
            "s5cmd-cp-copy": runs(200),
        },
    }
)


# ---- figures


def test_a_ratio_is_one_median_divided_by_the_other():
    found = figures.summary(PATH["latencies"])

    assert found["whole_path_vs_s5cmd_run"] == 10
    assert found["whole_path_vs_boto3"] == 4
    assert found["whole_path_20ms_vs_s5cmd_cp"] == 4


def test_there_is_no_ratio_to_a_contestant_that_did_not_run():
    found = figures.summary(PATH["latencies"])

    assert "whole_path_vs_s5cmd_cp" not in found
    assert "lane_vs_wrk_0ms" not in found


def test_cpu_is_of_a_thousand_tasks_and_memory_the_most_of_all_runs():
    found = figures.summary(PATH["latencies"])

    assert found["cpu_seconds_per_1000_tasks"] == 2.0
    assert found["worker_peak_mib"] == 101.0


def test_a_suite_replaces_its_own_figures_and_leaves_all_others():
    known = {
        "prepare_10m_vs_wc": 0.2,
        "lane_vs_wrk_0ms": 0.3,
        "whole_path_vs_rclone": 5.0,
        "runs": {
            "prepare": {"anything": 1},
            "path": measured(
                {"0 ms": {"lading-2-copy": runs(500), "rclone-copy": runs(100)}},
            ),
        },
    }

    merged = figures.merged(known, "path", PATH)

    assert merged["prepare_10m_vs_wc"] == 0.2
    assert merged["lane_vs_wrk_0ms"] == 0.3
    assert merged["runs"]["prepare"] == {"anything": 1}
    assert merged["runs"]["path"]["latencies"] == PATH["latencies"]
    assert merged["machine"] == MACHINE
    assert "whole_path_vs_rclone" not in merged, "rclone is not in the runs beside it"


def test_the_file_comes_back_as_it_was_written(tmp_path):
    results = figures.merged({}, "path", PATH)

    figures.write(tmp_path / "results.json", results)

    assert figures.read(tmp_path / "results.json") == json.loads(json.dumps(results))
    assert figures.read(tmp_path / "absent.json") == {}


def test_the_table_names_machine_contestants_and_medians():
    text = figures.page(figures.merged({}, "path", PATH))

    assert "2 cores of Abacus, 24 GiB, Linux 6.1, Python 3.11.7" in text
    assert "| 0 ms | copy | Lading, 2 workers | 1,000 | 2.000 | 1,000 |" in text
    assert "| `whole_path_vs_s5cmd_run` | 10 |" in text


def test_a_suite_that_keeps_other_things_has_no_table():
    results = {"prepare_10m_vs_wc": 0.2, "runs": {"prepare": {"rows": 10}}}

    assert "contestant" not in figures.page(results)
    assert "`prepare_10m_vs_wc`" in figures.page(results)


def test_only_what_is_between_the_markers_is_written():
    text = f"before\n{figures.START}\nold\n{figures.END}\nafter\n"

    written = figures.put_into(text, "new")

    assert written == f"before\n{figures.START}\n\nnew\n\n{figures.END}\nafter\n"
    assert figures.put_into(written, "new") == written


def test_a_page_without_markers_is_refused():
    with pytest.raises(ValueError, match="bench: begin"):
        figures.put_into("no markers", "new")


def test_the_page_that_make_bench_writes_has_the_markers():
    page = SOURCE.parents[1] / "docs" / "performance.md"

    assert figures.put_into(page.read_text(), "new").count("new") >= 1


def test_every_key_is_explained_in_the_table_and_the_readme():
    readme = SOURCE.with_name("README.md").read_text()
    keys = {*figures.RATES, "cpu_seconds_per_1000_tasks", "worker_peak_mib"}

    assert keys <= set(figures.MEANINGS)
    assert not [key for key in figures.MEANINGS if f"`{key}`" not in readme]


@pytest.mark.parametrize(("count", "told"), [(1_000, 1_000), (12_345, 12_000), (299_999, 300_000)])
def test_counts_have_two_digits(count, told):
    assert rounded(count) == told


# ---- measuring


BURN = "import time; sum(i * i for i in range(3_000_000)); print(time.process_time(), flush=True)"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{BURN}']);"
"""A process that does nothing but wait for one that tells how much CPU time it has used."""


def test_the_cpu_of_a_program_is_that_of_all_it_waited_for():
    measure, told = measuring.timed([sys.executable, "-c", PARENT], 1)

    assert measure.cpu_seconds > float(told)


def test_the_cpu_of_a_tree_counts_those_that_have_ended():
    with subprocess.Popen(
        [sys.executable, "-c", PARENT + "print('ended', flush=True); sys.stdin.read()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout
        told, _ = float(process.stdout.readline()), process.stdout.readline()

        ticks = 4 / measuring.TICKS
        assert measuring.cpu_of_tree(process.pid) > told - ticks
        assert measuring.tree(process.pid) == [process.pid]
        assert process.pid in measuring.children(os.getpid())
        process.communicate()


def test_a_program_that_fails_is_no_result():
    with pytest.raises(measuring.CannotBench, match="ended with 3"):
        measuring.timed([sys.executable, "-c", "raise SystemExit(3)"], 1)


def test_the_machine_is_named():
    assert set(measuring.machine()) == set(MACHINE)


# ---- the null server


@pytest.fixture(scope="module")
def program() -> Path:
    require("gcc", "the null server is not compiled")
    return compiled()


@pytest.fixture
def serve(program: Path) -> Iterator[Callable[..., NullServer]]:
    """serve(delay_ms=5) → a null server."""
    started: list[NullServer] = []

    def start(delay_ms: float = 0) -> NullServer:
        started.append(NullServer(delay_ms))
        return started[-1]

    yield start
    for server in started:
        server.close()


def client_of(server: NullServer) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=server.endpoint_url,
        aws_access_key_id="nobody",
        aws_secret_access_key="nothing",
        region_name="us-east-1",
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )


@pytest.fixture(params=[0, 3], ids=["at once", "delayed"])
def null(request: pytest.FixtureRequest, serve) -> NullServer:
    return serve(request.param)


@pytest.fixture
def s3(null: NullServer) -> Any:
    return client_of(null)


def test_it_compiles_without_a_warning(program, tmp_path):
    done = subprocess.run(
        ["gcc", *FLAGS, "-Werror", "-o", str(tmp_path / "server"), str(SOURCE)],
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr


def test_every_object_can_be_tagged_and_copied(null, s3):
    s3.put_object_tagging(
        Bucket="photos", Key="a b/é+&.jpg", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]}
    )
    copied = s3.copy_object(
        Bucket="copies", Key="a.jpg", CopySource={"Bucket": "photos", "Key": "a.jpg"}
    )

    assert copied["CopyObjectResult"]["ETag"]
    assert copied["CopyObjectResult"]["LastModified"].year == 2024
    assert copied["ResponseMetadata"]["HTTPStatusCode"] == 200
    counts = null.counts()
    assert (counts["tagging"], counts["copy"]) == (1, 1)


def test_an_object_is_the_same_in_listing_head_and_get(s3):
    listed = s3.list_objects_v2(Bucket="objects-1", MaxKeys=1)["Contents"][0]
    head = s3.head_object(Bucket="objects-1", Key=listed["Key"])
    got = s3.get_object(Bucket="objects-1", Key=listed["Key"])

    assert listed["Size"] == head["ContentLength"] == len(got["Body"].read())
    assert listed["ETag"] == head["ETag"] == got["ETag"]
    assert listed["LastModified"] == head["LastModified"]


def test_a_bucket_lists_the_keys_that_its_name_says(s3):
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="objects-2500")
    keys = [[each["Key"] for each in page["Contents"]] for page in pages]

    assert [len(page) for page in keys] == [1000, 1000, 500]
    assert [key for page in keys for key in page] == list(Work("copy", 2500).names())
    assert s3.list_objects_v2(Bucket="copies")["KeyCount"] == 0


def test_it_takes_a_report_in_one_piece_and_in_parts(s3, tmp_path):
    large = tmp_path / "report.csv"
    large.write_bytes(b"photos,a.jpg,,succeeded,200,,Successful\n" * 500_000)

    s3.put_object(Bucket="reports", Key="manifest.json", Body=b"{}")
    s3.upload_file(str(large), "reports", "results/1.csv")
    upload = s3.create_multipart_upload(Bucket="reports", Key="probe")
    s3.abort_multipart_upload(Bucket="reports", Key="probe", UploadId=upload["UploadId"])

    assert s3.head_bucket(Bucket="reports")["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_what_was_really_put_is_given_back(s3):
    """So that a client that first tries the store on an object of its own finds what it wrote."""
    tags = {"TagSet": [{"Key": "k", "Value": "v"}]}
    s3.put_object(Bucket="photos", Key="scratch", Body=b"scratch body")
    s3.put_object_tagging(Bucket="photos", Key="scratch", Tagging=tags)
    s3.copy_object(
        Bucket="photos", Key="scratch-2", CopySource={"Bucket": "photos", "Key": "scratch"}
    )

    assert s3.get_object(Bucket="photos", Key="scratch")["Body"].read() == b"scratch body"
    assert s3.get_object(Bucket="photos", Key="scratch-2")["Body"].read() == b"scratch body"
    assert s3.get_object_tagging(Bucket="photos", Key="scratch")["TagSet"] == tags["TagSet"]

    s3.delete_object(Bucket="photos", Key="scratch")
    assert s3.get_object(Bucket="photos", Key="scratch")["ContentLength"] == 16


def test_the_work_of_the_boto3_pool_is_done_once_for_each_row(serve, tmp_path):
    server, work = serve(), Work("copy", 50)
    (tmp_path / "list.csv").write_bytes(work.manifest())

    _, output = measuring.timed(
        [
            *(sys.executable, "-m", "bench.boto3_pool", "copy"),
            *(str(tmp_path / "list.csv"), str(tmp_path / "results.csv")),
            *("--endpoint-url", server.endpoint_url, "--processes", "2", "--threads", "4"),
        ],
        work.count,
        env=credentials(),
        cwd=SOURCE.parents[1],
    )

    assert set(measuring.reported(output)) == {"seconds", "cpu_seconds"}
    lines = (tmp_path / "results.csv").read_text().splitlines()
    assert sorted(lines) == [f"{work.bucket},{key},succeeded," for key in work.names()]
    assert server.counts()["copy"] == work.count


def test_the_rows_of_the_boto3_pool_come_in_batches():
    rows = [[str(number)] for number in range(boto3_pool.BATCH + 1)]

    assert [len(batch) for batch in boto3_pool.batches(iter(rows))] == [boto3_pool.BATCH, 1]


@pytest.mark.processes
def test_the_whole_path_and_the_lane_run(program, tmp_path):
    """One quick suite of each kind: the jobs complete, and every figure is written."""
    for suite in ("small", "lane"):
        subprocess.run(
            [
                *(sys.executable, "-m", "bench", suite, "--quick"),
                *("--out", str(tmp_path / "results.json")),
            ],
            cwd=SOURCE.parents[1],
            env={name: value for name, value in os.environ.items() if "LADING" not in name},
            check=True,
            capture_output=True,
        )

    results = figures.read(tmp_path / "results.json")
    assert results["one_object_job_seconds"] > 0
    assert results["runs"]["lane"]["latencies"]["0 ms"]["lane-tagging"][0]["count"] == 400
