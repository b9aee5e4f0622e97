"""Stores that send elsewhere, and stores whose clock goes otherwise."""

import email.utils
import time

import pytest

from operations.base import SUCCESSFUL, Again, Target
from operations.request import CannotCompile
from tests.operations.http_store import (
    TAG,
    HttpStore,
    client_of,
    curl_sender,
    error,
    reply,
    send_all,
)

HOUR = 3600


def targets(count):
    return [Target("photos", f"k{number}") for number in range(count)]


def region_of(seen):
    return seen.headers["authorization"].split("/")[2]


def by_libcurl(store):
    return [seen for seen in store.seen if "amz-sdk-request" not in seen.headers]


def only_in_frankfurt(status, code):
    """A store that wants requests signed for another region, and says which."""

    def answer(seen):
        if region_of(seen) == "eu-central-1":
            return reply()
        body = f"<Error><Code>{code}</Code><Region>eu-central-1</Region></Error>"
        return reply(status, body.encode(), x_amz_bucket_region="eu-central-1")

    return answer


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (301, "PermanentRedirect"),
        (307, "TemporaryRedirect"),
        (400, "AuthorizationHeaderMalformed"),
        (400, "IllegalLocationConstraintException"),
    ],
)
def test_boto3_finds_the_region_and_the_template_is_made_anew(status, code):
    with HttpStore(only_in_frankfurt(status, code)) as store:
        sender = curl_sender(TAG, client_of(store.url))
        first = send_all(sender, targets(12))
        store.seen.clear()
        second = send_all(sender, targets(50))

    assert set(first.values()) == set(second.values()) == {SUCCESSFUL}
    assert len(by_libcurl(store)) >= 40, "not every one goes through boto3 for good"
    assert {region_of(seen) for seen in by_libcurl(store)[-20:]} == {"eu-central-1"}


def test_a_region_that_no_template_fits_is_left_to_boto3(monkeypatch):
    def refuse(_):
        raise CannotCompile("no template")

    with HttpStore(only_in_frankfurt(301, "PermanentRedirect")) as store:
        sender = curl_sender(TAG, client_of(store.url))
        monkeypatch.setattr("operations.sender.prove", refuse)
        first = send_all(sender, targets(6))
        store.seen.clear()
        second = send_all(sender, targets(6))

    assert first == second == dict.fromkeys(range(6), SUCCESSFUL)
    assert not by_libcurl(store)


def test_what_is_redirected_is_abandoned_as_well():
    with HttpStore(only_in_frankfurt(301, "PermanentRedirect")) as store:
        sender = curl_sender(TAG, client_of(store.url), connections=30)
        for index, target in enumerate(targets(30)):
            sender.send(index, target)
        while not (sender._redirected or sender._threads.in_flight):
            sender._multi.select(1)
            sender._turn()

        assert sender.abandon() == list(range(30))
        assert sender.in_flight == 0


def clock_ahead(seconds):
    """A store that takes requests of its own time only."""

    def answer(seen):
        now = time.time() + seconds
        told = time.strptime(seen.headers["x-amz-date"], "%Y%m%dT%H%M%SZ")
        skew = abs(email.utils.mktime_tz((*told[:9], 0)) - now)
        date = email.utils.formatdate(now, usegmt=True)
        return (
            error(403, "RequestTimeTooSkewed", Date=date) if skew > 900 else reply(200, Date=date)
        )

    return answer


@pytest.mark.parametrize("ahead", [HOUR, -HOUR, 48 * HOUR])
def test_the_clock_of_the_store_is_followed(ahead):
    with HttpStore(clock_ahead(ahead)) as store:
        sender = curl_sender(TAG, client_of(store.url), connections=1)

        (first,) = send_all(sender, targets(1)).values()
        assert (first.error_code, first.again) == ("RequestTimeTooSkewed", Again.FAULT)
        assert send_all(sender, targets(5)) == dict.fromkeys(range(5), SUCCESSFUL)


def test_all_that_were_signed_before_the_clock_was_known_are_tried_again():
    with HttpStore(clock_ahead(HOUR)) as store:
        sender = curl_sender(TAG, client_of(store.url), connections=20)
        for index, target in enumerate(targets(20)):
            sender.send(index, target)
        outcomes = {}
        while sender.in_flight:
            outcomes |= dict(sender.collect(1))

    assert {outcome.again for outcome in outcomes.values()} == {Again.FAULT}


@pytest.mark.parametrize(
    "date", ["", "yesterday", "Mon, 01 Jan 99999 00:00:00 GMT", "Mon, 99 Foo 2030 99:99:99 GMT"]
)
def test_a_store_without_a_clock_is_not_followed(date):
    with HttpStore(lambda _: error(403, "RequestTimeTooSkewed", Date=date)) as store:
        (outcome,) = send_all(curl_sender(TAG, client_of(store.url)), targets(1)).values()

    assert (outcome.error_code, outcome.again) == ("RequestTimeTooSkewed", Again.NEVER)


def test_a_store_that_calls_the_right_time_skewed_is_asked_once():
    now = email.utils.formatdate(usegmt=True)
    with HttpStore(lambda _: error(403, "RequestTimeTooSkewed", Date=now)) as store:
        (outcome,) = send_all(curl_sender(TAG, client_of(store.url)), targets(1)).values()

    assert outcome.again == Again.NEVER
