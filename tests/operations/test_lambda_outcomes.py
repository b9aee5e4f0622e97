"""Invoke AWS Lambda function: what a function's answer means (spec.md 5.6)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from operations import lambda_outcomes
from operations.base import Again, Outcome, Store, Target
from operations.lambda_invoke import LambdaInvoke
from operations.perform import perform
from tests.functions import Answer, PlayedLambda, result, says, serving

INVOKE = LambdaInvoke.parse({"FunctionArn": "thumbnails"})
OBJECT = Target("photos", "a.jpg")

Call = Callable[[Callable[[dict[str, Any]], Answer]], Outcome]


@pytest.fixture
def function() -> Iterator[PlayedLambda]:
    server = PlayedLambda()
    with serving(server):
        yield server


@pytest.fixture
def call(s3, function) -> Call:
    """The outcome of one call that is answered so."""

    def perform_once(play):
        function.play = play
        client = function.client(read_timeout=0.5)
        return perform(INVOKE, Store(s3, lambda_for=lambda _: client), OBJECT)

    return perform_once


def told(outcome: Outcome) -> tuple[bool, int | None, str, str, Again]:
    return (
        outcome.succeeded, outcome.http_status, outcome.error_code, outcome.message, outcome.again
    )  # fmt: skip


# ---- the three results


def test_succeeded_is_reported_with_what_the_function_said(call):
    outcome = call(result("Succeeded", 'resized, "fine"'))

    assert told(outcome) == (True, 200, "", 'resized, "fine"', Again.NEVER)


def test_permanent_failure_is_reported_with_what_the_function_said(call):
    outcome = call(result("PermanentFailure", "no image"))

    assert told(outcome) == (False, 200, "PermanentFailure", "no image", Again.NEVER)


def test_temporary_failure_is_to_be_tried_again_later(call):
    outcome = call(result("TemporaryFailure", "busy"))

    assert told(outcome) == (False, 200, "TemporaryFailure", "busy", Again.TEMPORARY)


@pytest.mark.parametrize("text", [None, ""])
def test_a_function_need_not_say_anything(call, text):
    assert told(call(result("Succeeded", text))) == (True, 200, "", "", Again.NEVER)


def test_a_result_without_a_text_is_enough(call):
    def play(payload):
        (task,) = payload["tasks"]
        told = {"results": [{"taskId": task["taskId"], "resultCode": "Succeeded"}]}
        return 200, json.dumps(told).encode(), {}

    assert call(play).succeeded


def test_a_long_text_is_cut_and_brought_onto_one_line(call):
    outcome = call(result("Succeeded", "a\nb\r\n" + "ü" * 5000))

    assert outcome.message.startswith("a b ü")
    assert len(outcome.message.encode()) <= 4096


# ---- a task that the answer leaves out


def other_task(**reply):
    return says({"results": [{"taskId": "another", "resultCode": "Succeeded"}], **reply})


def test_a_task_that_is_left_out_has_failed_for_now(call):
    outcome = call(other_task())

    assert told(outcome) == (
        *(False, 200, "TemporaryFailure"),
        *("The function's reply has no result for this task.", Again.TEMPORARY),
    )


@pytest.mark.parametrize(
    ("treated", "succeeded", "code", "again"),
    [
        ("Succeeded", True, "", Again.NEVER),
        ("TemporaryFailure", False, "TemporaryFailure", Again.TEMPORARY),
        ("PermanentFailure", False, "PermanentFailure", Again.NEVER),
    ],
)
@pytest.mark.parametrize("results", [[], [{"taskId": "another", "resultCode": "Succeeded"}]])
def test_a_task_that_is_left_out_is_treated_as_the_function_says(
    call, results, treated, succeeded, code, again
):
    outcome = call(says({"treatMissingKeysAs": treated, "results": results}))

    assert (outcome.succeeded, outcome.error_code, outcome.again) == (succeeded, code, again)


def test_a_task_that_is_not_left_out_is_not(call):
    outcome = call(result("Succeeded", "done", treatMissingKeysAs="PermanentFailure"))

    assert told(outcome) == (True, 200, "", "done", Again.NEVER)


# ---- an error of the function


def test_an_error_of_the_function_fails_the_task_in_the_words_of_aws(call):
    text = '{"errorMessage":"2026-01-05T10:01:02.003Z 1f2e Task timed out after 3.00 seconds"}'

    outcome = call(says(text.encode(), X_Amz_Function_Error="Unhandled"))

    assert told(outcome) == (
        *(False, 200, "PermanentFailure"),
        *(f"Lambda returned function error: {text}", Again.NEVER),
    )


def test_an_error_that_looks_like_a_success_is_an_error(call):
    outcome = call(says({"results": []}, X_Amz_Function_Error="Handled"))

    assert outcome.message == 'Lambda returned function error: {"results": []}'


def test_an_error_of_any_bytes_and_length_is_told_in_4_kib(call):
    outcome = call(says(b"\xff\x00\n" + b"x" * 100_000, X_Amz_Function_Error="Unhandled"))

    assert outcome.error_code == "PermanentFailure"
    assert len(outcome.message.encode()) <= 4096
    assert outcome.message.isprintable()


# ---- an answer that is none


def without(name):
    entry = {"taskId": "t", "resultCode": "Succeeded"}
    del entry[name]
    return {"results": [entry]}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"done",
        b"{",
        b"\xff\xfe",
        b"null",
        b'"done"',
        b"[]",
        b"{}",
        b"[" * 100_000,
        {"results": None},
        {"results": {}},
        {"results": ["t"]},
        {"results": [], "treatMissingKeysAs": "Maybe"},
        {"results": [], "treatMissingKeysAs": None},
        {"results": [{"taskId": "t", "resultCode": "succeeded"}]},
        {"results": [{"taskId": "t", "resultCode": "Succeeded", "resultString": {"a": 1}}]},
        {"results": [{"taskId": 7, "resultCode": "Succeeded"}]},
        without("taskId"),
        without("resultCode"),
    ],
    ids=lambda body: repr(body)[:40],
)
def test_an_answer_of_another_form_fails_the_task_in_the_words_of_aws(call, body):
    outcome = call(says(body))

    assert told(outcome) == (
        *(False, 200, "PermanentFailure"),
        *("Invalid JSON returned in Lambda payload", Again.NEVER),
    )


def test_an_answer_over_lambdas_limit_is_not_read_to_its_end(call, monkeypatch):
    monkeypatch.setattr(lambda_outcomes, "LARGEST_REPLY", 1000)

    outcome = call(result("Succeeded", "x" * 1000))

    assert outcome.message == "Invalid JSON returned in Lambda payload"


# ---- what Lambda itself says


def refused(status, code, message="No."):
    return says({"Type": "User", "message": message}, status=status, X_Amzn_ErrorType=code)


@pytest.mark.parametrize(
    ("status", "code", "again"),
    [
        (429, "TooManyRequestsException", Again.THROTTLED),
        (500, "ServiceException", Again.THROTTLED),
        (502, "EC2ThrottledException", Again.THROTTLED),
        (503, "ServiceUnavailable", Again.THROTTLED),
        (504, "GatewayTimeout", Again.THROTTLED),
        (403, "AccessDeniedException", Again.NEVER),
        (404, "ResourceNotFoundException", Again.NEVER),
        (413, "RequestTooLargeException", Again.NEVER),
    ],
)
def test_a_refusal_is_told_as_one_of_lambda_and_only_busy_ones_are_tried_again(
    call, status, code, again
):
    outcome = call(refused(status, code, "Rate Exceeded."))

    assert told(outcome) == (
        *(False, status, code),
        "Rate Exceeded. (Service: AWS Lambda; "
        f"Status Code: {status}; Error Code: {code}; Proxy: null)",
        again,
    )


def test_a_refusal_of_something_in_between_is_told_by_its_status(call):
    outcome = call(says(b"<html>Bad gateway</html>", status=502))

    assert (outcome.http_status, outcome.error_code) == (502, "502")
    assert outcome.again is Again.THROTTLED


# ---- no answer


def test_a_function_that_is_silent_too_long_is_a_fault(call):
    def sleep(_):
        time.sleep(0.8)
        return 200, b"{}", {}

    outcome = call(sleep)

    assert (outcome.http_status, outcome.error_code) == (None, "ReadTimeoutError")
    assert outcome.again is Again.FAULT


def test_an_answer_that_breaks_off_is_a_fault(call):
    outcome = call(says(b'{"results": [', Content_Length="1000"))

    assert outcome.http_status is None
    assert outcome.again is Again.FAULT


def test_a_server_that_is_not_there_is_a_fault(s3):
    function = PlayedLambda()
    client = function.client()
    function.server_close()

    outcome = perform(INVOKE, Store(s3, lambda_for=lambda _: client), OBJECT)

    assert (outcome.http_status, outcome.error_code) == (None, "EndpointConnectionError")
    assert outcome.again is Again.FAULT
