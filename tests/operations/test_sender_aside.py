"""What the template is not for goes through boto3, beside what goes through libcurl."""

from time import monotonic

from operations.base import SUCCESSFUL, Target
from operations.put_object_tagging import PutObjectTagging
from tests.operations.http_store import TAG, HttpStore, client_of, curl_sender, drain, send_all


def test_targets_that_the_template_is_not_for_go_through_boto3():
    mixed = [
        Target("photos", "by-curl"),
        Target("other", "by-boto3"),
        Target("photos", "versioned", "v1"),
        Target("photos", ""),
    ]
    with HttpStore() as store:
        outcomes = send_all(curl_sender(TAG, client_of(store.url), connections=8), mixed)

    assert [outcomes[index].succeeded for index in range(4)] == [True, True, True, False]
    assert outcomes[3].error_code == "ParamValidationError"
    assert {seen.path for seen in store.seen} == {
        "/photos/by-curl?tagging",
        "/other/by-boto3?tagging",
        "/photos/versioned?tagging&versionId=v1",
    }


def test_more_of_them_than_there_are_threads_all_come_back(slow_store, gate):
    sender = curl_sender(TAG, client_of(slow_store.url), connections=50)
    assert sender.room >= 40
    for index in range(40):
        sender.send(index, Target("other", f"{index}"))
    assert sender.in_flight == 40
    gate.set()

    assert drain(sender) == dict.fromkeys(range(40), SUCCESSFUL)
    assert sender.in_flight == 0


def test_they_are_abandoned_as_well(slow_store, gate):
    sender = curl_sender(TAG, client_of(slow_store.url), connections=50)
    for index in range(20):
        sender.send(index, Target("other", f"{index}"))

    assert sender.abandon() == list(range(20))
    assert sender.in_flight == 0
    gate.set()
    sender.send(7, Target("photos", "a"))

    assert drain(sender) == {7: SUCCESSFUL}


def test_a_bug_on_the_boto3_side_is_raised_and_the_other_outcomes_stay():
    class Buggy(PutObjectTagging):
        """Fails on its own for one bucket."""

        def run(self, store, target):
            raise ZeroDivisionError("a bug")

    buggy = Buggy.parse({"TagSet": []})
    with HttpStore() as store:
        sender = curl_sender(buggy, client_of(store.url))
        sender.send(0, Target("photos", "a"))
        sender.send(1, Target("other", "b"))

        outcomes, raised, deadline = {}, 0, monotonic() + 10
        while sender.in_flight and monotonic() < deadline:
            try:
                outcomes |= dict(sender.collect(1))
            except ZeroDivisionError:
                raised += 1

    assert (outcomes, raised) == ({0: SUCCESSFUL}, 1)
