"""The example function, and the server that runs it without AWS."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from operations.base import Store, Target
from operations.examples import describe_key, runner
from operations.lambda_invoke import LambdaInvoke
from operations.perform import perform
from tests.functions import PlayedLambda, serving

ROOT = Path(__file__).parent.parent.parent
DESCRIBE = LambdaInvoke.parse({"FunctionArn": "describe-key"})
PICKY = LambdaInvoke.parse(
    {
        "FunctionArn": "describe-key",
        "InvocationSchemaVersion": "2.0",
        "UserArguments": {"refuse": "drafts/"},
    }
)


def explode(event, context):
    raise RuntimeError("no such picture")


@pytest.fixture(params=[describe_key.handler])
def served(request) -> Iterator[runner.Server]:
    server = runner.Server(request.param)
    with serving(server):
        yield server


@pytest.fixture
def store(s3, served) -> Store:
    client = PlayedLambda.client(served)
    return Store(s3, job_id="job-1", lambda_for=lambda _: client)


def test_describes_the_decoded_key(store):
    outcome = perform(DESCRIBE, store, Target("photos", "größe/a b.jpg"))

    assert outcome.succeeded
    assert json.loads(outcome.message) == {
        "bytes": 15,
        "characters": 13,
        "depth": 1,
        "extension": ".jpg",
    }


def test_refuses_what_the_argument_says(store):
    wanted = perform(PICKY, store, Target("photos", "a.jpg"))
    refused = perform(PICKY, store, Target("photos", "drafts/a.jpg"))

    assert wanted.succeeded
    assert (refused.error_code, refused.message) == (
        "PermanentFailure",
        "Keys that begin with drafts/ are not wanted.",
    )


@pytest.mark.parametrize("served", [explode], indirect=True)
def test_an_exception_is_told_as_lambda_tells_it(store):
    outcome = perform(DESCRIBE, store, Target("photos", "a.jpg"))

    assert outcome.error_code == "PermanentFailure"
    assert outcome.message.startswith(
        'Lambda returned function error: {"errorMessage": "no such picture", '
        '"errorType": "RuntimeError", '
    )


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/2015-03-31/functions/f/invocations", b"{", 400, "InvalidRequestContentException"),
        ("/2015-03-31/functions/f", b"{}", 404, "ResourceNotFoundException"),
        ("/", b"{}", 404, "ResourceNotFoundException"),
    ],
)
def test_what_is_no_call_is_refused(served, path, body, status, code):
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(served.url + path, data=body, timeout=5)

    assert (refusal.value.code, refusal.value.headers["x-amzn-ErrorType"]) == (status, code)
    refusal.value.close()


def test_the_call_in_the_readme_is_answered(served):
    readme = (ROOT / "operations/examples/README.md").read_text()
    found = re.search(r"127\.0\.0\.1:9001(/\S+) -d '(.*?)'", readme, re.DOTALL)
    assert found

    with urllib.request.urlopen(served.url + found[1], data=found[2].encode(), timeout=5) as reply:
        told = json.load(reply)

    assert [each["resultCode"] for each in told["results"]] == ["Succeeded"]


def test_the_runner_starts_as_the_readme_says_and_answers():
    process = subprocess.Popen(
        [sys.executable, "-m", "operations.examples.runner", "--port", "0"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        url = process.stdout.readline().split()[-1]
        request = f"{url}/2015-03-31/functions/f/invocations"
        event = {"invocationSchemaVersion": "1.0", "invocationId": "1", "job": {}, "tasks": []}
        with urllib.request.urlopen(request, data=json.dumps(event).encode(), timeout=5) as reply:
            assert json.load(reply)["results"] == []
    finally:
        process.kill()
        process.communicate()
