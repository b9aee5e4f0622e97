"""Faults on the way to the store are outcomes too (design decision 13)."""

import socket
import threading

import botocore.exceptions as faults
import pytest
from botocore.config import Config

from operations.base import Again, Operation, Store, Target
from operations.perform import no_reply, perform
from operations.put_object_tagging import PutObjectTagging
from tests import boto

TAG = PutObjectTagging.parse({"TagSet": []})
TARGET = Target("photos", "a.jpg")
URL = "http://store.example/photos/a.jpg"


@pytest.mark.parametrize(
    "error",
    [
        faults.EndpointConnectionError(endpoint_url=URL),
        faults.ConnectTimeoutError(endpoint_url=URL),
        faults.ReadTimeoutError(endpoint_url=URL),
        faults.ConnectionClosedError(endpoint_url=URL),
        faults.ProxyConnectionError(proxy_url=URL),
        faults.SSLError(endpoint_url=URL, error="bad certificate"),
        faults.HTTPClientError(error="broken pipe"),
        faults.ResponseStreamingError(error="reset"),
        faults.IncompleteReadError(actual_bytes=1, expected_bytes=2),
        faults.FlexibleChecksumError(error_msg="other bytes"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_no_reply_is_named_after_the_fault_and_may_be_tried_again(answering_store, error):
    outcome = perform(TAG, answering_store(error=error), TARGET)

    assert (outcome.succeeded, outcome.http_status, outcome.again) == (False, None, Again.FAULT)
    assert outcome.error_code == type(error).__name__
    assert outcome.message == str(error)


def client_of(address, **config):
    return boto.client(
        "s3",
        region_name="us-east-1",
        endpoint_url="http://{}:{}".format(*address),
        aws_access_key_id="AKIATESTSONLY",
        aws_secret_access_key="tests-only",
        config=Config(retries={"total_max_attempts": 1}, **config),
    )


def test_a_port_where_nobody_listens_is_no_reply():
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = free.getsockname()

    assert perform(TAG, Store(client_of(address)), TARGET).error_code == "EndpointConnectionError"


def test_a_store_that_never_answers_is_a_read_timeout():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = client_of(silent.getsockname(), read_timeout=0.2)
        outcome = perform(TAG, Store(client), TARGET)

    assert (outcome.error_code, outcome.again) == ("ReadTimeoutError", Again.FAULT)


def test_a_store_that_hangs_up_is_no_reply():
    with socket.create_server(("127.0.0.1", 0)) as rude:
        threading.Thread(target=lambda: rude.accept()[0].close(), daemon=True).start()
        outcome = perform(TAG, Store(client_of(rude.getsockname())), TARGET)

    assert (outcome.error_code, outcome.again) == ("ConnectionClosedError", Again.FAULT)


def test_an_answer_that_is_not_s3s_may_be_tried_again_and_is_not_quoted(answering_store):
    class ListObjects(Operation):
        """Reads a reply that has a body."""

        name = "S3ListObjects"

        def run(self, store, target):
            store.s3.list_objects_v2(Bucket="photos")

    store = answering_store(200, "<a>secret")
    store.s3.meta.events.unregister("before-parse.s3.*")
    outcome = perform(ListObjects(), store, TARGET)

    assert outcome.again == Again.FAULT
    assert "secret" not in outcome.message


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        (
            'Could not connect to "http://ada:p@ss@store.example/a?X-Amz-Signature=1"',
            'Could not connect to "http://store.example/a"',
        ),
        ("proxy http://ada:secret@proxy:3128 gone", "proxy http://proxy:3128 gone"),
        (
            "http://store.example/ada@home.jpg timed out",
            "http://store.example/ada@home.jpg timed out",
        ),
    ],
)
def test_no_message_has_a_password_or_a_signature(told, kept):
    assert no_reply("ProxyConnectionError", told).message == kept
