"""Invoke AWS Lambda function: what a function is called with (spec.md 5.6)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from operations.base import InvalidParameters, Store, Target, Unfit
from operations.lambda_invoke import LambdaInvoke
from operations.perform import perform
from tests.functions import PlayedLambda, serving

ARN = "arn:aws:lambda:us-east-1:123456789012:function:thumbnails"
INVOKE = LambdaInvoke.parse({"FunctionArn": ARN})
INVOKE_2 = LambdaInvoke.parse(
    {"FunctionArn": ARN, "InvocationSchemaVersion": "2.0", "UserArguments": {"mode": "fast"}}
)


@pytest.fixture
def function() -> Iterator[PlayedLambda]:
    server = PlayedLambda()
    with serving(server):
        yield server


@pytest.fixture
def store(s3, function) -> Store:
    client = function.client()
    return Store(s3, job_id="job-1", lambda_for=lambda _: client)


# ---- the call


def test_is_lambdas_invoke_of_the_whole_arn_waiting_for_the_answer(store, function):
    outcome = perform(INVOKE, store, Target("photos", "a.jpg"))

    assert (outcome.succeeded, outcome.message) == (True, "done")
    assert function.paths == [
        "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Athumbnails"
        "/invocations"
    ]
    assert function.headers[0]["X-Amz-Invocation-Type"] == "RequestResponse"


def test_is_signed_for_lambda(store, function):
    perform(INVOKE, store, Target("photos", "a.jpg"))

    assert "/us-east-1/lambda/aws4_request" in function.headers[0]["Authorization"]


def test_an_alias_is_left_to_lambda_to_resolve(store, function):
    perform(LambdaInvoke.parse({"FunctionArn": "thumbnails:live"}), store, Target("photos", "a"))

    assert function.paths == ["/2015-03-31/functions/thumbnails%3Alive/invocations"]


def test_the_function_is_asked_for_as_the_job_names_it(s3, function):
    asked = []

    def lambda_for(name):
        asked.append(name)
        return function.client()

    perform(INVOKE, Store(s3, lambda_for=lambda_for), Target("photos", "a.jpg"))

    assert asked == [ARN]


def test_schema_1_has_the_arn_of_the_bucket_and_no_arguments(store, function):
    perform(INVOKE, store, Target("photos", "a b.jpg", None, "a%20b.jpg"))

    (call,) = function.calls
    (task,) = call["tasks"]
    assert set(call) == {"invocationSchemaVersion", "invocationId", "job", "tasks"}
    assert (call["invocationSchemaVersion"], call["job"]) == ("1.0", {"id": "job-1"})
    assert task == {
        "taskId": task["taskId"],
        "s3Key": "a%20b.jpg",
        "s3VersionId": None,
        "s3BucketArn": "arn:aws:s3:::photos",
    }


def test_schema_2_has_the_name_of_the_bucket_and_the_arguments(store, function):
    perform(INVOKE_2, store, Target("photos", "a.jpg", "v1"))

    (call,) = function.calls
    (task,) = call["tasks"]
    assert call["invocationSchemaVersion"] == "2.0"
    assert call["job"] == {"id": "job-1", "userArguments": {"mode": "fast"}}
    assert task == {
        "taskId": task["taskId"],
        "s3Key": "a.jpg",
        "s3VersionId": "v1",
        "s3Bucket": "photos",
    }


def test_schema_2_without_arguments_has_none_of_them(store, function):
    plain = LambdaInvoke.parse({"FunctionArn": ARN, "InvocationSchemaVersion": "2.0"})

    perform(plain, store, Target("photos", "a.jpg"))

    assert function.calls[0]["job"]["userArguments"] == {}


@pytest.mark.parametrize(
    ("written", "key", "told"),
    [
        ("a+b%2Fc%7e.jpg", "a b/c~.jpg", "a+b%2Fc%7e.jpg"),
        (None, "a b/ü+.jpg", "a%20b/%C3%BC%2B.jpg"),
    ],
)
def test_the_key_is_passed_as_the_manifest_has_it_else_encoded(store, function, written, key, told):
    perform(INVOKE, store, Target("photos", key, None, written))

    assert function.calls[0]["tasks"][0]["s3Key"] == told


@pytest.mark.parametrize("version", ["v1", "null"])
def test_a_listed_version_is_passed(store, function, version):
    perform(INVOKE, store, Target("photos", "a.jpg", version))

    assert function.calls[0]["tasks"][0]["s3VersionId"] == version


def test_every_call_and_task_has_an_id_of_its_own_and_a_task_called_again_keeps_its(
    store, function
):
    for key in ("a.jpg", "b.jpg", "a.jpg"):
        perform(INVOKE, store, Target("photos", key))

    ids = {call["invocationId"] for call in function.calls}
    first, other, again = (call["tasks"][0]["taskId"] for call in function.calls)
    assert len(ids | {first, other}) == 5
    assert again == first


# ---- where there is no such function


def unknown(function_name: str) -> None:
    raise Unfit("FunctionUnreachable", f"The function {function_name} is in no table.")


def test_a_function_that_cannot_be_reached_is_told_with_its_parameter(s3):
    with pytest.raises(Unfit) as refusal:
        INVOKE.admit(Store(s3, lambda_for=unknown))

    assert refusal.value.code == "FunctionUnreachable"
    assert refusal.value.parameter == "function_arn"
    assert ARN in refusal.value.reason


def test_a_function_that_cannot_be_reached_makes_every_bucket_unfit(s3):
    with pytest.raises(Unfit, match="is in no table"):
        INVOKE.check(Store(s3, lambda_for=unknown), "photos")


def test_a_store_without_functions_is_unfit(s3):
    with pytest.raises(Unfit, match="Functions cannot be reached from here"):
        INVOKE.check(Store(s3), "photos")


def test_a_function_that_can_be_reached_is_fit_and_not_called(store, function):
    INVOKE.admit(store)
    INVOKE.check(store, "photos")

    assert function.calls == []


# ---- parameters


@pytest.mark.parametrize(
    "name",
    [
        "thumbnails",
        "thumbnails:live",
        "thumbnails:$LATEST",
        "thumbnails:7",
        "function:thumbnails",
        "123456789012:function:thumbnails",
        "us-east-1:123456789012:function:thumbnails",
        ARN,
        f"{ARN}:live",
        f"{ARN}:$LATEST",
        "arn:aws-cn:lambda:cn-north-1:123456789012:function:thumbnails",
        "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:a-b_C",
        "x" * 1024,
    ],
)
def test_takes_every_name_that_aws_takes(name):
    assert LambdaInvoke.parse({"FunctionArn": name}).function_arn == name


NO_NAME = (
    "Give a function's name or ARN, such as thumbnails or "
    "arn:aws:lambda:us-east-1:123456789012:function:thumbnails."
)


@pytest.mark.parametrize(
    "name",
    [
        "a b",
        "a/b",
        "thumbnails\n",
        "thumbnails:",
        "$LATEST",
        "http://127.0.0.1:9001/thumbnails",
        "arn:aws:s3:::photos",
        "arn:aws:lambda:us-east-1:12345:function:thumbnails",
        "arn:aws:lambda:us-east-1:१२३४५६७८९०१२:function:thumbnails",
        "größe",
    ],
)
def test_refuses_what_names_no_function(name):
    with pytest.raises(InvalidParameters) as refusal:
        LambdaInvoke.parse({"FunctionArn": name})

    assert refusal.value.fields == {"function_arn": [NO_NAME]}


TWO = {"FunctionArn": ARN, "InvocationSchemaVersion": "2.0"}


@pytest.mark.parametrize(
    ("parameters", "field", "message"),
    [
        ({}, "function_arn", "This field is required."),
        ({"FunctionArn": ""}, "function_arn", "This may not be empty."),
        (
            {"FunctionArn": "x" * 1025},
            "function_arn",
            "Give at most 1,024 characters.",
        ),
        ({"FunctionArn": None}, "function_arn", "Give a text."),
        (
            {"FunctionArn": ARN, "InvocationSchemaVersion": "3.0"},
            "invocation_schema_version",
            "Give '1.0' or '2.0'.",
        ),
        (
            {"FunctionArn": ARN, "UserArguments": {"a": "1"}},
            "",
            "Arguments need schema version 2.0.",
        ),
        (
            {"FunctionArn": ARN, "InvocationSchemaVersion": "1.0", "UserArguments": {"a": "1"}},
            "",
            "Arguments need schema version 2.0.",
        ),
        (
            {**TWO, "UserArguments": {}},
            "user_arguments",
            "This may not be empty.",
        ),
        (
            {**TWO, "UserArguments": {f"k{n}": "" for n in range(11)}},
            "user_arguments",
            "Give at most 10 entries.",
        ),
        (
            {**TWO, "UserArguments": {"": "1"}},
            "user_arguments..[key]",
            "This may not be empty.",
        ),
        (
            {**TWO, "UserArguments": {"k": "v" * 1025}},
            "user_arguments.k",
            "Give at most 1,024 characters.",
        ),
        ({**TWO, "UserArguments": {"k": 1}}, "user_arguments.k", "Give a text."),
        ({"FunctionArn": ARN, "Async": True}, "async", "There is no field of this name."),
    ],
)
def test_refuses_with_the_path_of_the_fault(parameters, field, message):
    with pytest.raises(InvalidParameters) as refusal:
        LambdaInvoke.parse(parameters)

    assert refusal.value.fields == {field: [message]}


def test_takes_arguments_up_to_their_limits():
    arguments = {f"{n}".ljust(64, "k"): "v" * 1024 for n in range(10)}

    made = LambdaInvoke.parse({**TWO, "UserArguments": arguments})

    assert made.user_arguments == arguments


def test_a_long_key_of_an_argument_is_refused():
    with pytest.raises(InvalidParameters, match="at most 64 characters"):
        LambdaInvoke.parse({**TWO, "UserArguments": {"k" * 65: ""}})


def test_slices_are_small_as_a_function_may_take_minutes():
    assert LambdaInvoke.largest_slice == 100
