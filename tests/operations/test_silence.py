"""Stores that say nothing, or not for a while, and stores that are not there."""

import resource
import sys
from time import monotonic

import pytest

from operations.base import SUCCESSFUL, Again, Target
from operations.connection import LONGEST_SECONDS, SILENT_SECONDS, Connection
from operations.sender import descriptors
from tests.operations.http_store import (
    SILENT,
    TAG,
    HttpStore,
    client_of,
    curl_sender,
    reply,
    send_all,
)


def targets(count):
    return [Target("photos", f"k{number}") for number in range(count)]


def test_a_silent_store_is_given_up_and_may_be_tried_again(monkeypatch):
    monkeypatch.setattr("operations.connection.SILENT_SECONDS", 0.5)
    with HttpStore(lambda seen: [SILENT] if "silent" in seen.path else reply()) as store:
        sender = curl_sender(TAG, client_of(store.url))
        outcomes = send_all(sender, [Target("photos", "silent"), Target("photos", "a")])

        assert outcomes[1] == SUCCESSFUL
        assert (outcomes[0].error_code, outcomes[0].again) == ("ReadTimeoutError", Again.FAULT)
        assert send_all(sender, targets(10)) == dict.fromkeys(range(10), SUCCESSFUL)


def test_a_store_that_stops_in_the_middle_is_given_up(monkeypatch):
    monkeypatch.setattr("operations.connection.SILENT_SECONDS", 0.5)
    with HttpStore(lambda _: [reply(200, b"<a>", length=100), SILENT]) as store:
        (outcome,) = send_all(curl_sender(TAG, client_of(store.url)), targets(1)).values()

    assert (outcome.error_code, outcome.again) == ("ReadTimeoutError", Again.FAULT)


def test_a_store_that_sends_white_space_now_and_then_is_waited_for(monkeypatch):
    """As S3 does while it copies gigabytes."""
    monkeypatch.setattr("operations.connection.SILENT_SECONDS", 1.5)
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n<a/>\r\n"
    spaces = [0.5, b"1\r\n \r\n"] * 5
    with HttpStore(lambda _: [head, *spaces, b"0\r\n\r\n"]) as store:
        outcomes = send_all(curl_sender(TAG, client_of(store.url)), targets(1))

    assert outcomes == {0: SUCCESSFUL}


def test_one_byte_in_a_minute_is_no_silence():
    """libcurl's own limit cannot be below a byte a second."""
    template = curl_sender(TAG, client_of("http://store.invalid"))._template
    connection = Connection(template)
    connection.start(0, Target("photos", "a"))
    began = monotonic()

    assert not connection.is_overdue(began + SILENT_SECONDS - 1)
    connection.body.append(b" ")
    assert not connection.is_overdue(began + SILENT_SECONDS + 1)
    assert not connection.is_overdue(began + SILENT_SECONDS * 2)
    assert connection.is_overdue(began + SILENT_SECONDS * 2 + 2)


def test_silence_is_measured_anew_for_each_request():
    template = curl_sender(TAG, client_of("http://store.invalid"))._template
    connection = Connection(template)
    connection.start(0, Target("photos", "a"))
    connection.is_overdue(monotonic() + SILENT_SECONDS)

    connection.start(1, Target("photos", "b"))

    assert not connection.is_overdue(monotonic() + SILENT_SECONDS / 2)


def test_nobody_listening_is_what_boto3_calls_it():
    sender = curl_sender(TAG, client_of("http://127.0.0.1:1"))

    (outcome,) = send_all(sender, targets(1)).values()

    assert (outcome.error_code, outcome.again) == ("EndpointConnectionError", Again.FAULT)


def test_a_name_that_is_not_known_is_what_boto3_calls_it():
    sender = curl_sender(TAG, client_of("http://store.invalid"))

    (outcome,) = send_all(sender, targets(1)).values()

    assert (outcome.error_code, outcome.again) == ("EndpointConnectionError", Again.FAULT)


def test_a_reply_that_trickles_for_more_than_an_hour_is_given_up():
    connection = Connection(curl_sender(TAG, client_of("http://store.invalid"))._template)
    connection.start(0, Target("photos", "a.jpg"))
    began = monotonic()

    for minute in range(60):
        connection.body.append(b" ")
        assert not connection.is_overdue(began + minute * 60)
    connection.body.append(b" ")

    assert connection.is_overdue(began + LONGEST_SECONDS + 1)


@pytest.mark.parametrize(
    ("limit", "most"), [(1024, 960), (70, 16), (resource.RLIM_INFINITY, sys.maxsize)]
)
def test_connections_leave_descriptors_for_files(monkeypatch, limit, most):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (limit, limit))

    assert descriptors() == most
