"""The same job as commands: each is run, and asks for what the form asks for."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from django.template.loader import render_to_string

from jobs.pages.equivalents import Equivalent, equivalents
from jobs.requests import JobRequest
from jobs.s3control.asking import job_request
from tests.operations.examples import EXAMPLES
from tests.pages.commands import URL, Run, body_of, options_of, run_aws, run_python
from tests.test_generator import FULL

__all__ = ["run_aws", "run_python"]

ACCOUNT = "123456789012"
ODD = 'it\'s "é" `id` $HOME \\ !\nand a second line'
ETAG = "60e460c9d1046e73f7dde5043ac3ae85"
CSV = {
    "location": f"arn:aws:s3:::lists/{ODD.splitlines()[0]}.csv",
    "fields": ["Bucket", "Key", "VersionId"],
    "etag": ETAG,
    "version_id": "3/L4kqtJlcpXroDTDmJ",
}
MANIFESTS: dict[str, dict[str, Any]] = {
    "CSV": {"manifest": CSV},
    "inventory": {
        "manifest": {
            "location": "arn:aws:s3:::lists/manifest.json",
            "format": "S3InventoryReport_CSV_20161130",
            "etag": ETAG,
        }
    },
    "generator": {
        "manifest_generator": {
            **FULL,
            "AskEachObject": True,
            "Filter": {**FULL["Filter"], "KeyNameConstraint": {"MatchAnyPrefix": [ODD]}},
        }
    },
}
REPORTS: dict[str, dict[str, Any]] = {
    "report": {
        "enabled": True,
        "bucket": "reports",
        "prefix": ODD,
        "scope": "FailedTasksOnly",
        "expected_bucket_owner": "111122223333",
    },
    "no report": {"enabled": False},
}
JOBS = [
    pytest.param({"operation": name, "parameters": given, **MANIFESTS[manifest], "report": report},
                 id=f"{name} {place}, {manifest}, {shown}")
    for (name, examples), manifest, (shown, report) in product(
        EXAMPLES.items(), MANIFESTS, REPORTS.items()
    )
    for place, given in enumerate(examples)
]  # fmt: skip
Job = dict[str, Any]


def asked(job: Job, **more: Any) -> Job:
    """The job with everything else that S3 Control has words for."""
    return {
        "role": f"arn:aws:iam::{ACCOUNT}:role/archive",
        "priority": 0,
        "description": ODD,
        "confirmation_required": False,
        "tags": {"team": "é + ü", "a": ""},
        **job,
        **more,
    }


def told(job: Job) -> dict[str, Equivalent]:
    made = equivalents(job, account_id=ACCOUNT, base_url=f"{URL}/")
    return {each.name: each for each in made}


def digest(request: Job) -> str:
    checked, operation = JobRequest.parse(request)
    return checked.digest(operation)


@pytest.mark.parametrize("given", JOBS)
def test_each_asks_for_the_same_job(given: Job, run_python: Run) -> None:
    job = asked(given)
    ways = told(job)

    ran = run_python(ways["boto3"].code)

    assert digest(job_request(ran.members)) == digest(job)
    assert options_of(ways["AWS CLI"].code) == ran.options
    assert digest(body_of(ways["curl"].code)) == digest(job)


def test_boto3_needs_no_more_than_a_region_to_reach_the_address(run_python: Run) -> None:
    code = told(asked(TAGGING))["boto3"].code

    run_python(code)

    assert f'boto3.client("s3control", endpoint_url=\'{URL}\', region_name="snow")' in code
    assert "events" not in code


@pytest.mark.parametrize("manifest", MANIFESTS)
@pytest.mark.parametrize("description", [ODD, "file:///etc/passwd", "https://a.test/", "-x", ""])
def test_the_aws_cli_itself_sends_it(manifest: str, description: str, run_aws: Run) -> None:
    given = {"operation": "S3PutObjectCopy", "parameters": EXAMPLES["S3PutObjectCopy"][0]}
    job = asked({**given, **MANIFESTS[manifest]}, description=description)

    ran = run_aws(told(job)["AWS CLI"].code)

    assert digest(job_request(ran.members)) == digest(job)


TAGGING = {"operation": "S3DeleteObjectTagging", **MANIFESTS["CSV"]}
FILL_IN = "Put the list into a bucket first"
UNSAID: list[tuple[Job, str]] = [
    ({"manifest": {"id": "11111111-1111-1111-1111-111111111111"}}, FILL_IN),
    ({"manifest": {"parent": {"id": "1" * 32, "tasks": "failed"}}}, FILL_IN),
    ({"manifest": {**CSV, "etag": None}}, "Write the ETag of the manifest for ETAG-OF-YOUR-LIST"),
    ({"manifest": {"location": "s3://lists/keys", "format": "KeyList", "etag": ETAG}}, "KeyList"),
    (
        {"manifest": {"location": "s3://a/k", "format": "JSONLines", "bucket": "photos"}},
        "The bucket photos of the keys cannot be said",
    ),
    (
        {"manifest": None, "manifest_generator": {**FULL, "IncludeVersions": True,
                                                  "AskEachObject": True}},
        "Every version cannot be asked for",
    ),
    ({"failure_threshold": "never"}, "follows AWS's rule"),
    ({"failure_threshold": 5}, "follows AWS's rule"),
    ({"run_window": {"start": "22:00", "end": "06:00"}}, "may run at any time"),
    ({"requests_per_second": 250}, "A speed ceiling cannot be said"),
]  # fmt: skip


@pytest.mark.parametrize(("more", "sentence"), UNSAID)
def test_what_s3_control_has_no_word_for_is_told_and_curl_says_it(
    more: Job, sentence: str, run_python: Run
) -> None:
    job = asked(TAGGING, **more)

    ways = told(job)

    assert sentence in ways["AWS CLI"].note
    assert ways["boto3"].note == ways["AWS CLI"].note
    assert sentence not in ways["curl"].note
    assert digest(body_of(ways["curl"].code)) == digest(job)
    job_request(run_python(ways["boto3"].code).members)


def test_a_line_break_in_the_name_of_the_manifest_is_told() -> None:
    job = asked(TAGGING, manifest={**CSV, "location": f"s3://lists/{ODD}"})

    ways = told(job)

    assert "no line break in a name" in ways["AWS CLI"].note
    assert options_of(ways["AWS CLI"].code)["--manifest"]["Location"]["ObjectArn"].endswith(ODD)


def test_a_job_that_can_be_said_has_no_such_note() -> None:
    assert told(asked(TAGGING))["boto3"].note == (
        "It needs an access key of Lading, from the page Keys."
    )


@pytest.mark.parametrize("name", ["archive", f"arn:aws:iam::{ACCOUNT}:role/archive"])
def test_a_role_is_named_by_its_arn(name: str) -> None:
    job = asked(TAGGING, role=name, tags={})

    assert options_of(told(job)["AWS CLI"].code)["--role-arn"] == (
        f"arn:aws:iam::{ACCOUNT}:role/archive"
    )


def test_a_list_without_a_place_in_s3_has_a_placeholder() -> None:
    job = asked(TAGGING, manifest={"id": "00000000-0000-0000-0000-000000000000"})

    ways = told(job)

    location = options_of(ways["AWS CLI"].code)["--manifest"]["Location"]
    assert location == {
        "ObjectArn": "arn:aws:s3:::YOUR-BUCKET/YOUR-LIST.csv",
        "ETag": "ETAG-OF-YOUR-LIST",
    }
    assert "Hand in the list first" in ways["curl"].note


def test_the_block_shows_each_with_a_button_that_copies_it() -> None:
    shown = render_to_string(
        "jobs/_equivalents.html", {"equivalents": list(told(asked(TAGGING)).values())}
    )

    for slug in ("aws-cli", "boto3", "curl"):
        assert f'data-copy="same-{slug}-code"' in shown
        assert f'<pre tabindex="0" id="same-{slug}-code"' in shown
    assert "it&#x27;" in shown
