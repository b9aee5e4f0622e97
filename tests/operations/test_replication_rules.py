"""Which rules of a bucket apply to which object (spec.md 5.9)."""

from __future__ import annotations

import gc

import pytest
from botocore.exceptions import ClientError

from operations import bucket_memory
from operations.bucket_memory import BucketMemory
from operations.replication_rules import Rule, need_tags, one_per_destination, rule_of, rules_of

TO = {"Bucket": "arn:aws:s3:::backup"}


def told(**more):
    return {"Status": "Enabled", "Filter": {}, "Destination": TO, **more}


@pytest.mark.parametrize(
    ("chosen", "prefix", "tags"),
    [
        ({}, "", {}),
        ({"Prefix": "photos/"}, "photos/", {}),
        ({"Tag": {"Key": "team", "Value": "web"}}, "", {"team": "web"}),
        (
            {
                "And": {
                    "Prefix": "photos/",
                    "Tags": [{"Key": "team", "Value": "web"}, {"Key": "keep", "Value": ""}],
                }
            },
            "photos/",
            {"team": "web", "keep": ""},
        ),
        ({"And": {"Tags": [{"Key": "a", "Value": "1"}]}}, "", {"a": "1"}),
    ],
)
def test_reads_every_form_of_a_filter(chosen, prefix, tags):
    rule = rule_of(told(Filter=chosen))

    assert (rule.prefix, rule.tags) == (prefix, tags)


def test_reads_a_rule_of_the_first_version_which_replicates_delete_markers():
    rule = rule_of({"Status": "Enabled", "Prefix": "photos/", "Destination": TO})

    assert (rule.bucket, rule.prefix, rule.takes_delete_markers) == ("backup", "photos/", True)


@pytest.mark.parametrize(("status", "takes"), [("Enabled", True), ("Disabled", False)])
def test_a_rule_with_a_filter_says_whether_it_takes_delete_markers(status, takes):
    rule = rule_of(told(DeleteMarkerReplication={"Status": status}))

    assert rule.takes_delete_markers is takes


def test_reads_how_replicas_are_kept():
    rule = rule_of(
        told(
            Priority=7,
            SourceSelectionCriteria={"SseKmsEncryptedObjects": {"Status": "Enabled"}},
            Destination={
                **TO,
                "StorageClass": "STANDARD_IA",
                "Account": "123456789012",
                "AccessControlTranslation": {"Owner": "Destination"},
                "EncryptionConfiguration": {"ReplicaKmsKeyID": "key-1"},
            },
        )
    )

    assert (rule.priority, rule.storage_class, rule.owner) == (7, "STANDARD_IA", "123456789012")
    assert (rule.kms_key, rule.takes_kms) == ("key-1", True)


def test_an_account_alone_does_not_change_the_owner():
    assert rule_of(told(Destination={**TO, "Account": "123456789012"})).owner is None


@pytest.mark.parametrize(
    ("key", "tags", "fits"),
    [
        ("photos/a", {"team": "web", "more": "x"}, True),
        ("photos/a", {"team": "ops"}, False),
        ("photos/a", {}, False),
        ("Photos/a", {"team": "web"}, False),
    ],
)
def test_a_rule_is_for_objects_with_its_prefix_and_all_its_tags(key, tags, fits):
    assert Rule("backup", prefix="photos/", tags={"team": "web"}).is_for(key, tags) is fits


def test_tags_are_asked_for_only_where_they_decide():
    rules = [Rule("a", prefix="photos/", tags={"x": "1"}), Rule("b")]

    assert need_tags(rules, "photos/a")
    assert not need_tags(rules, "videos/a")


def test_of_rules_with_one_destination_the_highest_priority_counts():
    low, high, other = Rule("a", priority=1), Rule("a", priority=2), Rule("b", priority=0)

    assert one_per_destination([high, low, other]) == [other, high]


class Told:
    """Stands for a client, as moto forgets filters and destinations' details."""

    def __init__(self, *rules):
        self.rules = rules

    def get_bucket_replication(self, **_):
        return {"ReplicationConfiguration": {"Rules": list(self.rules)}}


def test_disabled_rules_do_not_count():
    client = Told(told(), told(Status="Disabled", Destination={"Bucket": "arn:aws:s3:::no"}))

    assert [rule.bucket for rule in rules_of(client, "photos")] == ["backup"]


# ---- remembering


class Client:
    """Anything that can be forgotten."""


def test_an_answer_is_remembered_for_a_minute_for_each_client_and_bucket(monkeypatch):
    asked, now = [], [1000.0]
    monkeypatch.setattr(bucket_memory, "monotonic", lambda: now[0])
    remember = BucketMemory(lambda client, bucket: asked.append((client, bucket)) or bucket)
    one, two = Client(), Client()

    for client, bucket in [(one, "a"), (one, "a"), (one, "b"), (two, "a"), (one, "a")]:
        assert remember(client, bucket) == bucket
    assert asked == [(one, "a"), (one, "b"), (two, "a")]

    now[0] += 61
    remember(one, "a")
    assert len(asked) == 4


def test_an_error_is_not_remembered():
    answers = [ClientError({}, "X"), "fine"]

    def ask(client, bucket):
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    remember, client = BucketMemory(ask), Client()

    with pytest.raises(ClientError):
        remember(client, "a")
    assert remember(client, "a") == "fine"


def test_a_client_that_is_gone_is_forgotten():
    remember, client = BucketMemory(lambda *_: "x"), Client()
    remember(client, "a")

    del client
    gc.collect()

    assert len(remember._known) == 0
