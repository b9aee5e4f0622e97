"""What becomes of errors: outcomes, and nothing else (spec.md 6.3, design decision 13)."""

import botocore.exceptions as faults
import pytest
from botocore.exceptions import ClientError

from operations.base import MESSAGE_BYTES, SUCCESSFUL, Again, Operation, Outcome, Store, Target
from operations.perform import again_after, perform, refusal
from operations.put_object_copy import PutObjectCopy
from operations.put_object_tagging import PutObjectTagging

TAG = PutObjectTagging.parse({"TagSet": []})
COPY = PutObjectCopy.parse({"TargetResource": "arn:aws:s3:::archive"})
TARGET = Target("photos", "a.jpg")
COPIED = '<CopyObjectResult><ETag>"1"</ETag></CopyObjectResult>'


def error_body(code, message="No."):
    return f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"


class Scripted(Operation):
    """Gives or raises what the store holds."""

    name = "S3Scripted"
    label = "Scripted"
    permissions = ()

    def run(self, store, target):
        if isinstance(store.s3, Exception):
            raise store.s3
        return store.s3


def outcome_of(script):
    return perform(Scripted(), Store(script), TARGET)


def test_a_success_passes_as_it_is():
    assert outcome_of(SUCCESSFUL) is SUCCESSFUL


def test_a_refusal_has_the_status_code_and_message_of_awss_report(answering_store):
    store = answering_store(
        404,
        error_body("NoSuchKey", "The specified key does not exist."),
        {"x-amz-request-id": "7C3D", "x-amz-id-2": "aGk="},
    )

    assert perform(TAG, store, TARGET) == Outcome(
        succeeded=False,
        http_status=404,
        error_code="NoSuchKey",
        message="The specified key does not exist. (Service: Amazon S3; Status Code: 404; "
        "Error Code: NoSuchKey; Request ID: 7C3D; S3 Extended Request ID: aGk=; Proxy: null)",
        again=Again.NEVER,
    )


def test_ids_that_the_store_did_not_give_are_left_out(answering_store):
    only_request = answering_store(403, error_body("AccessDenied"), {"x-amz-request-id": "7C3D"})
    neither = answering_store(403, error_body("AccessDenied"))

    tail = "Service: Amazon S3; Status Code: 403; Error Code: AccessDenied"
    assert perform(TAG, only_request, TARGET).message == (
        f"No. ({tail}; Request ID: 7C3D; Proxy: null)"
    )
    assert perform(TAG, neither, TARGET).message == f"No. ({tail}; Proxy: null)"


@pytest.mark.parametrize("body", ["", "Bad gateway", "<html><body>no", "<html><p>no</p></html>"])
def test_a_refusal_without_an_s3_error_has_the_status_as_its_code(answering_store, body):
    outcome = perform(TAG, answering_store(502, body), TARGET)

    assert (outcome.http_status, outcome.error_code, outcome.again) == (502, "502", Again.FAULT)


@pytest.mark.parametrize(
    ("status", "code", "again"),
    [
        (500, "InternalError", Again.FAULT),
        (502, "502", Again.FAULT),
        (504, "504", Again.FAULT),
        (400, "RequestTimeout", Again.FAULT),
        (200, "InternalError", Again.FAULT),
        (429, "TooManyRequests", Again.THROTTLED),
        (503, "ServiceUnavailable", Again.THROTTLED),
        (503, "XMinioServerNotInitialized", Again.THROTTLED),
        (400, "SlowDown", Again.THROTTLED),
        (400, "ThrottlingException", Again.THROTTLED),
        (200, "SlowDown", Again.THROTTLED),
        (200, "AccessDenied", Again.NEVER),
        (400, "InvalidTag", Again.NEVER),
        (403, "AccessDenied", Again.NEVER),
        (403, "RequestTimeTooSkewed", Again.NEVER),
        (404, "NoSuchKey", Again.NEVER),
        (409, "OperationAborted", Again.NEVER),
        (412, "PreconditionFailed", Again.NEVER),
        (501, "NotImplemented", Again.NEVER),
    ],
)
def test_tells_which_refusals_may_be_tried_again(status, code, again):
    assert again_after(status, code) == again
    assert refusal(http_status=status, error_code=code, message="").again == again


@pytest.mark.parametrize(
    ("code", "again"),
    [
        ("InternalError", Again.FAULT),
        ("SlowDown", Again.THROTTLED),
        ("AccessDenied", Again.NEVER),
    ],
)
def test_a_200_with_an_error_inside_fails_by_its_code_and_is_reported_as_200(
    answering_store, code, again
):
    outcome = perform(COPY, answering_store(200, error_body(code)), TARGET)

    assert (outcome.succeeded, outcome.http_status, outcome.error_code) == (False, 200, code)
    assert outcome.again == again
    assert f"Status Code: 200; Error Code: {code}" in outcome.message


def test_a_200_with_an_error_inside_is_reported_as_200_whatever_the_operation(answering_store):
    outcome = perform(TAG, answering_store(200, error_body("AccessDenied")), TARGET)

    assert (outcome.http_status, outcome.again) == (200, Again.NEVER)


def test_a_200_that_breaks_off_may_be_tried_again(answering_store):
    outcome = perform(COPY, answering_store(200, COPIED[:30]), TARGET)

    assert (outcome.succeeded, outcome.http_status, outcome.again) == (False, 200, Again.FAULT)


def test_an_error_of_two_codes_cannot_be_read(answering_store):
    body = "<Error><Code>A</Code><Code>B</Code><Message>No.</Message></Error>"

    outcome = perform(COPY, answering_store(400, body), TARGET)

    assert (outcome.succeeded, outcome.error_code) == (False, "ResponseParserError")


@pytest.mark.parametrize("operation", [COPY, TAG], ids=lambda operation: operation.name)
@pytest.mark.parametrize("body", ["<!DOCTYPE html><p>Log in", " <HTML><p>Log in</p></HTML>"])
def test_a_page_in_the_place_of_a_success_is_none(answering_store, operation, body):
    outcome = perform(operation, answering_store(200, body), TARGET)

    assert (outcome.succeeded, outcome.error_code) == (False, "ResponseParserError")
    assert outcome.again is Again.FAULT


@pytest.mark.parametrize("body", ["", "<Copied/>"])
def test_a_200_without_a_copy_result_is_no_copy(answering_store, body):
    outcome = perform(COPY, answering_store(200, body), TARGET)

    assert (outcome.succeeded, outcome.error_code) == (False, "InternalError")
    assert outcome.message == "The store answered 200 without saying that it made a copy."
    assert outcome.again == Again.FAULT


def test_a_store_used_by_two_jobs_still_tells_the_true_status(answering_store):
    store = Store(Store(answering_store(200, error_body("AccessDenied")).s3).s3)

    assert perform(COPY, store, TARGET).http_status == 200


def test_what_the_client_refuses_to_send_fails_and_says_why(answering_store):
    store = answering_store()

    outcome = perform(TAG, store, Target("photos", ""))

    assert (outcome.succeeded, outcome.http_status, outcome.again) == (False, None, Again.NEVER)
    assert outcome.error_code == "ParamValidationError"
    assert outcome.message.startswith("Invalid length for parameter Key, value: 0")
    assert store.s3.sent == []


def test_an_impossible_bucket_name_fails_and_says_why(answering_store):
    outcome = perform(TAG, answering_store(), Target("pho tos", "a.jpg"))

    assert (outcome.error_code, outcome.again) == ("ParamValidationError", Again.NEVER)
    assert outcome.message.startswith('Invalid bucket name "pho tos"')


def test_a_bug_is_not_an_outcome():
    with pytest.raises(ZeroDivisionError):
        outcome_of(ZeroDivisionError())


def test_missing_credentials_are_the_jobs_fault_and_not_the_tasks():
    with pytest.raises(faults.NoCredentialsError):
        outcome_of(faults.NoCredentialsError())


def test_a_message_is_cut_between_two_characters(answering_store):
    outcome = perform(TAG, answering_store(403, error_body("No", "a" + "ä" * 5000)), TARGET)

    size = len(outcome.message.encode())
    assert size == MESSAGE_BYTES - 1
    assert set(outcome.message[1:]) == {"ä"}


def test_a_message_is_one_line_without_controls():
    message = "one\r\ntwo\x00three\u2028four\x85 five\n"

    told = refusal(http_status=403, error_code="No\n,Way", message=message)

    assert told.message.startswith("one two three four  five")
    assert told.message.isprintable()
    assert told.error_code == "No ,Way"


def test_a_message_of_the_operation_itself_is_kept_as_tidily():
    success = Outcome(succeeded=True, http_status=200, error_code="", message="a\nb" + "c" * 5000)

    kept = outcome_of(success)

    assert kept.message.startswith("a bccc")
    assert len(kept.message) == MESSAGE_BYTES


def test_an_error_reply_without_any_details_is_still_an_outcome():
    outcome = outcome_of(ClientError({}, "PutObjectTagging"))

    assert (outcome.succeeded, outcome.http_status, outcome.error_code) == (False, 0, "0")
