"""The benchmark of long manifests: its arithmetic, its lists, and that it runs at all."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench import figures, lists, scale_figures
from bench.__main__ import arguments
from bench.measuring import Measure
from bench.plan import Plan, label, rounds_of, sizes
from bench.server import FILES, SOURCE, NullServer
from tests.conftest import require

COUNT = 25


def runs(*rates: float, **more: Any) -> list[dict[str, Any]]:
    """Raw figures of runs over 1,000 rows."""
    return [Measure(1000, 1000 / rate, 1.0, more).raw() for rate in rates]


def page(*milliseconds: float) -> list[dict[str, float]]:
    return [{"milliseconds": each} for each in milliseconds]


PREPARED = {
    "1m": {"lading-csv": runs(500, peak_mib=99.0), "wc-csv": runs(1000)},
    "10m": {
        "wc-csv": runs(4000, 8000, 16000),
        "lading-csv": runs(1000, 2000, 3000, peak_mib=80.5),
        "zcat-gz": runs(2000),
        "lading-gz": runs(1000, peak_mib=60.0) + runs(1000, peak_mib=61.0),
        "lading-parquet": runs(800, peak_mib=120.0),
    },
}
REPORTED = {
    "10m": {
        "lading-report": runs(100, peak_mib=105.3),
        "page-list-long": page(5, 6, 70),
        "page-list-short": page(4, 4, 4),
        "page-job-long": page(9),
        "page-job-short": page(6),
    }
}


def measured(sizes_: dict[str, Any]) -> dict[str, Any]:
    machine = {"cpu": "Abacus", "cores": 2, "memory_gib": 24, "kernel": "6.1", "python": "3.11"}
    return {
        "at": "2026-01-01 00:00 UTC",
        "machine": machine,
        "rounds": "3 runs",
        "titles": {"lading-csv": "Lading, CSV"},
        "latencies": sizes_,
    }


# ---- figures


def test_preparing_is_told_in_times_of_what_counts_the_same_lines():
    found = figures.summary(PREPARED)

    assert found["prepare_10m_vs_wc"] == 0.25
    assert found["prepare_10m_gz_vs_zcat"] == 0.5
    assert found["prepare_10m_parquet_vs_wc"] == 0.1


def test_memory_is_the_most_of_all_runs():
    found = figures.summary(PREPARED)

    assert found["prepare_10m_peak_mib"] == 80.5
    assert found["prepare_10m_gz_peak_mib"] == 61.0


def test_a_million_rows_give_raw_figures_and_no_keys():
    assert not [key for key in figures.summary(PREPARED) if "1m" in key]


def test_the_slowest_page_of_all_is_told():
    found = figures.summary(REPORTED)

    assert found["page_10m_vs_10"] == 1.5
    assert found["page_10m_ms"] == 9
    assert found["report_10m_seconds"] == 10
    assert found["report_10m_peak_mib"] == 105.3


def test_a_form_that_was_left_out_has_no_figure():
    found = figures.summary({"50m": {"lading-csv": runs(1, peak_mib=80.0)}})

    assert found == {"prepare_50m_peak_mib": 80.0, "prepare_50m_rows_per_second": 1}


def test_every_size_that_is_measured_as_a_rule_is_explained():
    found = figures.summary(PREPARED) | figures.summary(REPORTED)

    assert set(found) == set(scale_figures.MEANINGS)


def test_a_size_of_its_own_stays_beside_what_is_measured_as_a_rule():
    results = figures.merged({}, "prepare", measured(PREPARED))
    of_50 = measured({"50m": {"lading-csv": runs(1, peak_mib=80.0)}})

    results = figures.merged(results, "prepare-50m", of_50)

    assert results["prepare_10m_peak_mib"] == 80.5
    assert results["prepare_50m_peak_mib"] == 80.0


def test_the_tables_show_rows_memory_and_pages():
    results = figures.merged({}, "prepare", measured(PREPARED))
    text = figures.page(figures.merged(results, "report", measured(REPORTED)))

    assert "| 10m | Lading, CSV | 2,000 | 0.50 | 1.00 | 80.5 | 3 |" in text
    assert "| 10m | wc-csv | 8,000 | 0.12 | 1.00 | – | 3 |" in text
    assert "| 10m | list | 6.0 | 4.0 |" in text


@pytest.mark.parametrize(
    ("count", "told"), [(10_000_000, "10m"), (50_000_000, "50m"), (3_000, "3k"), (1_234, "1234")]
)
def test_sizes_have_short_names(count, told):
    assert label(count) == told


def test_sizes_are_a_million_and_ten_or_what_is_asked_for():
    assert sizes(Plan()) == [1_000_000, 10_000_000]
    assert sizes(Plan(rows=50_000_000)) == [50_000_000]
    assert max(sizes(Plan(quick=True))) < 10_000
    assert rounds_of(Plan(rounds=3), 1_000_000) == 3
    assert rounds_of(Plan(rounds=3), 10_000_000) == 1


@pytest.mark.parametrize("words", [["lane", "--rows", "5"], ["prepare", "--forms", "orc"]])
def test_what_cannot_be_measured_is_refused(words, capsys):
    with pytest.raises(SystemExit):
        arguments(words)

    assert "error" in capsys.readouterr().err


# ---- lists


def test_the_csv_has_as_many_different_rows_as_it_should(tmp_path):
    lists.write_csv(tmp_path / "list.csv", COUNT)

    rows = list(csv.reader((tmp_path / "list.csv").read_text().splitlines()))
    assert {row[0] for row in rows} == {lists.BUCKET}
    assert len({row[1] for row in rows}) == COUNT
    assert {len(row[1]) for row in rows} == {60}


@pytest.fixture(params=["CSV", "Parquet"])
def inventory(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "Parquet":
        require("pyarrow", "there is no inventory in Parquet")
    lists.write_inventory(tmp_path / "list", COUNT, request.param)
    return tmp_path / "list"


def test_an_inventory_names_its_files_with_their_bytes_and_sums(inventory):
    text = (inventory / "manifest.json").read_bytes()
    told = json.loads(text)

    assert (inventory / "manifest.checksum").read_text() == hashlib.md5(text).hexdigest()
    assert told["destinationBucket"] == f"arn:aws:s3:::{FILES}"
    assert len(told["files"]) == lists.LEAST_FILES
    for file in told["files"]:
        content = (inventory.parent / file["key"]).read_bytes()
        assert file["size"] == len(content)
        assert file["MD5checksum"] == hashlib.md5(content).hexdigest()


def test_all_rows_are_in_the_data_files(inventory):
    assert sorted(keys_of(inventory)) == sorted(map(lists.key, range(COUNT)))


def keys_of(inventory: Path) -> Iterator[str]:
    for path in (inventory / "data").iterdir():
        if path.suffix == ".gz":
            with gzip.open(path, "rt") as rows:
                yield from (row[1] for row in csv.reader(rows))
        else:
            import pyarrow.parquet

            yield from pyarrow.parquet.read_table(path)["key"].to_pylist()


# ---- files of the null server


@pytest.fixture
def served(tmp_path: Path) -> Iterator[NullServer]:
    require("gcc", "the null server is not compiled")
    (tmp_path / "list").mkdir()
    (tmp_path / "list" / "data.csv").write_bytes(b"0123456789" * 100_000)
    with NullServer(files=tmp_path) as server:
        yield server


def ask(server: NullServer, path: str, **headers: str) -> Any:
    url = f"{server.endpoint_url}/{FILES}/{path}"
    return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=5)


def test_a_file_is_given_whole_and_by_ranges(served):
    with ask(served, "list/data.csv") as whole:
        assert whole.read() == b"0123456789" * 100_000
    with ask(served, "list/data.csv", Range="bytes=10-14") as part:
        assert (part.status, part.read()) == (206, b"01234")
        assert part.headers["Content-Range"] == "bytes 10-14/1000000"
        assert part.headers["ETag"] == whole.headers["ETag"]
    with ask(served, "list/data.csv", Range="bytes=999995-") as end:
        assert end.read() == b"56789"


def test_a_file_that_is_not_there_is_no_object(served):
    for path in ("list/other.csv", "list", "../etc/passwd"):
        with pytest.raises(urllib.error.HTTPError) as told:
            ask(served, path)
        assert told.value.code == 404
        told.value.close()


# ---- it runs


@pytest.mark.processes
@pytest.mark.parametrize("suite", ["prepare", "report"])
def test_the_suites_of_long_manifests_run(suite, tmp_path):
    require("gcc", "the null server is not compiled")
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
    expected = {"prepare": "prepare_3k_parquet_vs_wc", "report": "page_3k_vs_10"}[suite]
    assert results[expected] > 0
    assert suite != "report" or results["page_3k_ms"] > 0
    turns = results["runs"][suite]["latencies"]["3k"]
    ours = {"prepare": "lading-csv", "report": "lading-report"}[suite]
    assert turns[ours][0]["count"] == 3_000
    assert turns[ours][0]["peak_mib"] > 20
