"""Whatever the keys, and wherever the reader is left: each row comes exactly once."""

from __future__ import annotations

import json
from itertools import cycle
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.generator import ManifestGenerator
from jobs.manifests import target_of
from tests.manifests.listed import (
    FakeBucket,
    Thing,
    by_component,
    generator,
    in_bytes,
    reader_of,
    threads_of_readers,
)

ANY = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=6)
SHARED = st.builds("".join, st.lists(st.sampled_from("ab/-.0é\U0001f600"), min_size=1, max_size=7))
DEEP = st.builds("logs/2024/very-long/prefix/{:05}".format, st.integers(0, 3000))
KEYS = st.sets(ANY | SHARED | DEEP, min_size=1, max_size=80)
TAKES = st.lists(st.integers(1, 40), min_size=1, max_size=6)
GOING_ON = st.lists(st.booleans(), min_size=1, max_size=5)
STORES = st.sampled_from([(in_bytes, "AmazonS3"), (by_component, "SeaweedFS 4.48")])

thoroughly = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def interrupted(
    bucket: FakeBucket,
    takes: list[int],
    going_on: list[bool],
    chosen: ManifestGenerator | None = None,
    **values: Any,
) -> list[bytes]:
    """All rows, by readers that follow each other: after a take the next one may be a successor."""
    s3 = bucket.client()
    rows: list[bytes] = []
    saved: dict[str, Any] = {}
    amounts, same = cycle(takes), cycle([*going_on, True])
    reader = reader_of(s3, chosen, checkpoint=saved, **values)
    while not reader.ended:
        rows += reader.take(next(amounts))
        if not next(same):
            saved = json.loads(json.dumps(reader.checkpoint()))
            reader.close()
            reader = reader_of(s3, chosen, checkpoint=saved, **values)
    reader.close()
    return rows


@given(KEYS, STORES, TAKES, GOING_ON, st.integers(1, 20), st.sampled_from([1, 3, 8]))
@thoroughly
def test_each_key_comes_exactly_once(
    keys: set[str],
    store: Any,
    takes: list[int],
    going_on: list[bool],
    page_size: int,
    threads: int,
) -> None:
    order, server = store
    # SeaweedFS can keep `a` and what is below `a/`, but not an object `a/` besides.
    keys = {key for key in keys if not key.endswith("/") or key.rstrip("/") not in keys}
    bucket = FakeBucket(keys, order=order, server=server)

    rows = interrupted(bucket, takes, going_on, page_size=page_size, threads=threads)

    assert sorted(target_of(row).key for row in rows) == sorted(keys)


@given(
    st.dictionaries(SHARED, st.lists(st.booleans(), min_size=1, max_size=12), min_size=1),
    TAKES,
    GOING_ON,
    st.integers(1, 20),
    st.sampled_from([1, 3, 8]),
)
@thoroughly
def test_each_version_comes_exactly_once_and_no_delete_marker(
    history: dict[str, list[bool]],
    takes: list[int],
    going_on: list[bool],
    page_size: int,
    threads: int,
) -> None:
    things = [
        Thing(key, f"v{number}", is_marker=is_marker)
        for key, markers in history.items()
        for number, is_marker in enumerate(markers)
    ]
    things.append(Thing("always"))
    versions = sorted((one.key, one.version_id) for one in things if not one.is_marker)
    bucket = FakeBucket(things)

    rows = interrupted(bucket, takes, going_on, versions=True, page_size=page_size, threads=threads)

    assert sorted((target.key, target.version_id) for target in map(target_of, rows)) == versions


@given(
    KEYS,
    st.lists(SHARED, min_size=1, max_size=4),
    TAKES,
    GOING_ON,
    st.integers(1, 20),
)
@thoroughly
def test_each_key_below_any_of_some_prefixes_comes_exactly_once(
    keys: set[str], prefixes: list[str], takes: list[int], going_on: list[bool], page_size: int
) -> None:
    keys.add(prefixes[0])
    chosen = generator(Filter={"KeyNameConstraint": {"MatchAnyPrefix": prefixes}})

    rows = interrupted(FakeBucket(keys), takes, going_on, chosen, page_size=page_size)

    wanted = sorted(key for key in keys if key.startswith(tuple(prefixes)))
    assert sorted(target_of(row).key for row in rows) == wanted


@given(KEYS, TAKES, GOING_ON, st.integers(1, 20))
@thoroughly
def test_each_object_that_is_asked_for_comes_exactly_once(
    keys: set[str], takes: list[int], going_on: list[bool], page_size: int
) -> None:
    keys.add("always")
    chosen = generator(AskEachObject=True, Filter={"MatchAnyObjectEncryption": [{"NOTSSE": {}}]})

    rows = interrupted(FakeBucket(keys), takes, going_on, chosen, page_size=page_size)

    assert sorted(target_of(row).key for row in rows) == sorted(keys)


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Any:
    yield
    assert threads_of_readers() == []
