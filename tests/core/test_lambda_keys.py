"""Keys that carry arguments reach the function as the manifest has them (spec.md 4.2, 5.6)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus

import pytest

from jobs import services, working
from jobs.models import Job
from tests.core.conftest import MakeOver
from tests.functions import PlayedLambda, serving
from tests.manifests import gz
from tests.manifests.forms import (
    CSV_SCHEMA,
    JSON_LINES,
    LISTS,
    RAW,
    put_inventory,
    put_manifest,
    quoted,
)

ARGUMENTS = {"source": "summer trip/a+b.jpg", "sizes": [100, 200], "note": 'é, "quoted" & 100%'}
TEXT = json.dumps(ARGUMENTS, ensure_ascii=False)

Called = Callable[[Any], list[str]]


@pytest.fixture
def called_with(make_over: MakeOver) -> Iterator[Called]:
    """The s3Key of each call that a job over a manifest makes, after it has completed."""
    server = PlayedLambda()

    def run(manifest: Any) -> list[str]:
        services.set_function("000000000000", "thumbs", server.url)
        make_over(
            manifest,
            operation="LambdaInvoke",
            parameters={"FunctionArn": "thumbs", "InvocationSchemaVersion": "1.0"},
        )
        working.work("test-node", lambda: False)
        assert Job.objects.get().status == "Complete"
        return [call["tasks"][0]["s3Key"] for call in server.calls]

    with serving(server):
        yield run


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    "written",
    [quote(TEXT, safe=""), quote_plus(TEXT), quote(TEXT, safe='{}[]:/"').replace(",", "%2C")],
    ids=["all encoded", "plus for a space", "little encoded"],
)
def test_encoded_json_in_a_csv_is_passed_through_untouched(
    s3: Any, called_with: Called, written: str, packed: bool
) -> None:
    cell = '"' + written.replace('"', '""') + '"' if '"' in written else written
    content = f"photos,{cell}\n".encode()

    (key,) = called_with(put_manifest(s3, gz(content) if packed else content))

    assert key == written
    assert json.loads(unquote_plus(key)) == ARGUMENTS


def test_json_in_quotes_in_a_csv_is_passed_through_untouched(s3: Any, called_with: Called) -> None:
    text = json.dumps({"a": 1, "b": ["c", "d"]})
    cell = '"' + text.replace('"', '""') + '"'

    assert called_with(put_manifest(s3, f"photos,{cell}\n".encode())) == [text]


def test_a_text_with_pipes_is_passed_through_untouched(s3: Any, called_with: Called) -> None:
    assert called_with(put_manifest(s3, b"photos,a%7Cb+c|d%7cE\n")) == ["a%7Cb+c|d%7cE"]


def test_encoded_json_in_a_csv_inventory_is_passed_through_untouched(
    s3: Any, called_with: Called
) -> None:
    written = quote_plus(TEXT)
    content = gz(quoted(["photos", written, "12"]).encode())

    (key,) = called_with(put_inventory(s3, [content], schema=CSV_SCHEMA[False]))

    assert key == written
    assert json.loads(unquote_plus(key)) == ARGUMENTS


@pytest.mark.parametrize("form", [*RAW, *LISTS])
def test_json_as_a_raw_key_is_encoded_once_and_decodes_to_itself(
    s3: Any, called_with: Called, form: str
) -> None:
    (key,) = called_with({**RAW, **LISTS}[form](s3, [(TEXT, None)]))

    assert json.loads(unquote_plus(key)) == ARGUMENTS


def test_json_that_is_encoded_already_is_a_raw_key_like_any_other(
    s3: Any, called_with: Called
) -> None:
    """A form with raw keys has it as its object's name; decoding once gives that name."""
    written = quote(TEXT, safe="")
    line = json.dumps({"bucket": "photos", "key": written}).encode()

    (key,) = called_with(put_manifest(s3, line, JSON_LINES))

    assert unquote_plus(key) == written
