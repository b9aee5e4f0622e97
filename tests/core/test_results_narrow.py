"""Results that are asked for by HTTP status, or by all of a key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jobs import results
from jobs.models import Job
from jobs.sought import Typed, Written
from jobs.tasks_of_job import OTHER
from operations.base import SUCCESSFUL
from tests.conftest import MakeJob, MakePart, MakeSlice
from tests.core.scripted import CREATED, FORBIDDEN, MISSING, refusal

NO_REPLY = refusal(None, "ConnectTimeoutError", "No answer.")


@pytest.fixture
def job(make_job: MakeJob, make_slice: MakeSlice, make_part: MakePart) -> Job:
    made = make_job(status="Active")
    early = make_slice(made, [f"photos,{key}" for key in ("a", "a/1", "a/10", "b")])
    make_part(early, [SUCCESSFUL, MISSING, FORBIDDEN, NO_REPLY])
    make_part(make_slice(made, ["photos,c", "photos,a"]), [CREATED, MISSING])
    return made


def found(job: Job, **wanted: Any) -> list[str]:
    return [row.key for row in results.page(job, **wanted).rows]


def test_an_http_status_gives_what_the_store_said_so_and_0_what_it_said_nothing_of(
    job: Job,
) -> None:
    plain = SUCCESSFUL.http_status

    assert found(job, http_status=404) == ["a/1", "a"]
    assert found(job, http_status=0) == ["b"]
    assert found(job, http_status=201) == ["c"]
    assert found(job, http_status=plain) == ["a"], "what has no line of its own counts too"
    assert found(job, http_status=404, status="succeeded") == []
    assert found(job, http_status=404, error_code="AccessDenied") == []
    assert found(job, http_status=500) == []


def test_a_whole_key_gives_no_longer_ones_but_all_of_its_tasks(job: Job) -> None:
    assert found(job, key=Typed("a", whole=True)) == ["a", "a"]
    assert found(job, key=Typed("a/1", whole=True)) == ["a/1"]
    assert found(job, key=Typed("a/", whole=True)) == []
    assert found(job, key=Typed("a", whole=True), http_status=404) == ["a"]


SPELLED = ["my%20dir/%C3%BC", "my+dir/%c3%bc", "%6dy dir%2Fü", "my%20dir%2f%C3%bc", "my dir/ü1"]


@pytest.fixture
def spelled(make_job: MakeJob, make_slice: MakeSlice, make_part: MakePart) -> Job:
    """A key in several spellings, and a longer one, in two parts."""
    made = make_job(status="Active")
    slice_ = make_slice(made, [f"photos,{key}" for key in SPELLED])
    make_part(slice_, [SUCCESSFUL, MISSING])
    make_part(slice_, [SUCCESSFUL] * 3)
    return made


def test_a_key_that_somebody_typed_is_found_however_the_list_spells_it(spelled: Job) -> None:
    for typed in ("my dir/ü", "my%20dir/%C3%BC", "my+dir%2f%c3%bc"):
        assert found(spelled, key=Typed(typed, whole=True)) == SPELLED[:4]
        assert found(spelled, key=Typed(typed)) == SPELLED
        assert found(spelled, key=Typed(typed), status="failed") == SPELLED[1:2]
    assert found(spelled, key=Typed("my+dir/ü", whole=True)) == SPELLED[:4]
    assert found(spelled, key=Typed("my%2Bdir/ü")) == []


def test_one_key_is_found_without_reading_what_cannot_have_it(job: Job, spool_folder: Path) -> None:
    (spool_folder / job.slices.order_by("number")[0].task_file).unlink()

    assert found(job, key=Typed("c", whole=True)) == ["c"]


# ---- what is beyond the table of groups


@pytest.fixture
def many_codes(make_job: MakeJob, make_slice: MakeSlice, make_part: MakePart) -> Job:
    """Failures of which two groups were counted by name, and four tasks under `Other`."""
    made = make_job(status="Active", failed=7)
    said = [
        SUCCESSFUL, MISSING, FORBIDDEN, refusal(400, "Odd1", "?"), refusal(500, "NoSuchKey", "?"),
        refusal(None, "Other", "?"), refusal(404, "Other", "?"),
    ]  # fmt: skip
    make_part(make_slice(made, [f"photos,k{place}" for place in range(len(said))]), said)
    for code, http_status in {("NoSuchKey", 404), ("AccessDenied", 403), OTHER}:
        made.tallies.create(error_code=code, http_status=http_status, count=1)
    return made


def test_other_gives_exactly_what_is_in_no_group_by_name(many_codes: Job) -> None:
    rest = ["k3", "k4", "k5", "k6"]

    assert found(many_codes, error_code="Other", http_status=0, status="failed") == rest
    assert found(many_codes, error_code="Other") == rest
    assert found(many_codes, error_code="Other", key=Written("k4")) == ["k4"]
    assert found(many_codes, error_code="Other", status="succeeded") == []
    assert found(many_codes, error_code="Other", http_status=404) == ["k6"], "a store's own word"


def test_where_nothing_is_beyond_the_table_other_is_a_code_like_any(many_codes: Job) -> None:
    many_codes.tallies.filter(error_code="Other").delete()

    assert found(many_codes, error_code="Other") == ["k5", "k6"]
    assert found(many_codes, error_code="Other", http_status=0) == ["k5"]


def test_a_code_that_is_cut_where_it_is_counted_is_found(
    make_job: MakeJob, make_slice: MakeSlice, make_part: MakePart
) -> None:
    job = make_job(status="Active", failed=1)
    make_part(make_slice(job, ["photos,a"]), [refusal(500, "x" * 250, "?")])

    assert found(job, error_code="x" * 200, http_status=500) == ["a"]
    assert found(job, error_code="x" * 199, http_status=500) == []
