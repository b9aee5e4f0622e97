"""The manifest generator as it is asked for: AWS's members, limits and words (spec.md 3.4)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from jobs.generator import OURS, ManifestGenerator
from operations.base import InvalidParameters
from tests.operations.test_botocore_model import Schema, pairs, paths

CREATE_JOB = (
    botocore.session.get_session().get_service_model("s3control").operation_model("CreateJob")
)
SHAPE = CREATE_JOB.input_shape.members["ManifestGenerator"].members["S3JobManifestGenerator"]
NAME = "S3JobManifestGenerator"
MOMENT = "2030-01-02T03:04:05Z"
KEY_ARN = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
LEAST = {"SourceBucket": "arn:aws:s3:::photos", "EnableManifestOutput": False}
FULL = {
    "ExpectedBucketOwner": "111122223333",
    "SourceBucket": "arn:aws:s3:::photos",
    "ManifestOutputLocation": {
        "ExpectedManifestBucketOwner": "111122223333",
        "Bucket": "arn:aws:s3:::lists",
        "ManifestPrefix": "nightly",
        "ManifestEncryption": {"SSEKMS": {"KeyId": "alias/lists"}},
        "ManifestFormat": "S3InventoryReport_CSV_20211130",
    },
    "Filter": {
        "EligibleForReplication": True,
        "CreatedAfter": MOMENT,
        "CreatedBefore": "2031-01-02T03:04:05Z",
        "ObjectReplicationStatuses": ["COMPLETED", "FAILED", "REPLICA", "NONE"],
        "KeyNameConstraint": {
            "MatchAnyPrefix": ["2019/", "2020/"],
            "MatchAnySuffix": [".jpg"],
            "MatchAnySubstring": ["summer"],
        },
        "ObjectSizeGreaterThanBytes": 1,
        "ObjectSizeLessThanBytes": 10_000_000_000_000,
        "MatchAnyStorageClass": ["STANDARD", "GLACIER_IR"],
        "MatchAnyObjectEncryption": [{"SSEKMS": {"KmsKeyArn": KEY_ARN, "BucketKeyEnabled": True}}],
    },
    "EnableManifestOutput": True,
}
ENCRYPTIONS = [
    {"SSES3": {}},
    {"SSEKMS": {}},
    {"DSSEKMS": {"KmsKeyArn": KEY_ARN}},
    {"SSEC": {}},
    {"NOTSSE": {}},
]


def slow(**values: Any) -> dict[str, Any]:
    return {**LEAST, "AskEachObject": True, **values}


EXAMPLES = [
    {**FULL, "AskEachObject": True},
    *(slow(Filter={"MatchAnyObjectEncryption": [encryption]}) for encryption in ENCRYPTIONS),
    {
        **FULL,
        "AskEachObject": True,
        "ManifestOutputLocation": {
            "Bucket": "arn:aws:s3:::lists",
            "ManifestEncryption": {"SSES3": {}},
            "ManifestFormat": "S3InventoryReport_CSV_20211130",
        },
    },
]


def all_pairs() -> list[tuple[str, dict[str, Any], Any]]:
    schema = ManifestGenerator.model_json_schema(by_alias=True)
    return list(pairs(Schema(schema, schema["$defs"]), SHAPE, NAME))


def faults(**values: Any) -> dict[str, list[str]]:
    with pytest.raises(InvalidParameters) as told:
        ManifestGenerator.parse({**LEAST, **values})
    return told.value.fields


# ---- as AWS's own model has it


def test_every_structure_has_the_members_of_the_model_and_our_two() -> None:
    for path, schema, shape in all_pairs():
        if shape.type_name == "structure":
            ours = OURS if path == NAME else set()
            assert set(schema["properties"]) - ours == set(shape.members), path
            assert set(schema.get("required", ())) == set(shape.required_members), path
            assert schema["additionalProperties"] is False, path


def test_every_member_has_the_type_the_values_and_the_limits_of_the_model() -> None:
    types = {"long": "integer", "timestamp": "string", "list": "array", "structure": "object"}
    limits = {"string": ("minLength", "maxLength"), "list": ("minItems", "maxItems")}
    for path, schema, shape in all_pairs():
        assert schema["type"] == types.get(shape.type_name, shape.type_name), path
        assert (schema.get("format") == "date-time") == (shape.type_name == "timestamp"), path
        if getattr(shape, "enum", None):
            assert set(schema.get("enum", [schema.get("const")])) == set(shape.enum), path
        elif shape.type_name in limits:
            least, most = limits[shape.type_name]
            assert schema.get(least, 0) == shape.metadata.get("min", 0), path
            assert schema.get(most) == shape.metadata.get("max"), path


def test_the_examples_give_every_member_of_the_model() -> None:
    given = {path for example in EXAMPLES for path in paths(example, NAME)}

    assert given >= {path for path, _, _ in all_pairs()}


@pytest.mark.parametrize("example", EXAMPLES)
def test_what_is_kept_reads_back_as_the_same_in_both_spellings(example: dict[str, Any]) -> None:
    generator = ManifestGenerator.parse(example)

    assert generator.wire_form() == example
    assert ManifestGenerator.parse(json.loads(json.dumps(generator.wire_form()))) == generator
    assert ManifestGenerator.parse(generator.snake_form()) == generator


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_form_for_aws_is_what_boto3s_create_job_takes(example: dict[str, Any]) -> None:
    form = ManifestGenerator.parse({**example, "IncludeVersions": True}).aws_form()

    assert not OURS & set(form)
    request = {
        "AccountId": "111122223333",
        "ClientRequestToken": "once",
        "Operation": {"S3DeleteObjectTagging": {}},
        "Priority": 10,
        "Report": {"Enabled": False},
        "RoleArn": "arn:aws:iam::111122223333:role/batch",
        "ManifestGenerator": {NAME: form},
    }
    assert ParamValidator().validate(request, CREATE_JOB.input_shape).generate_report() == ""


def test_snake_case_names_the_kinds_of_encryption_word_by_word() -> None:
    names = [
        next(
            iter(
                ManifestGenerator.parse(
                    slow(Filter={"MatchAnyObjectEncryption": [one]})
                ).snake_form()["filter"]["match_any_object_encryption"][0]
            )
        )
        for one in ENCRYPTIONS
    ]

    assert names == ["sse_s3", "sse_kms", "dsse_kms", "sse_c", "not_sse"]


def test_a_generator_knows_its_bucket_and_takes_times_as_utc() -> None:
    generator = ManifestGenerator.parse(
        {**LEAST, "filter": {"created_after": "2030-01-02T05:04:05+02:00"}}
    )

    assert generator.bucket == "photos"
    assert generator.filter is not None
    assert generator.filter.created_after == datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert (generator.include_versions, generator.ask_each_object) == (False, False)


# ---- what is refused, and in which words


@pytest.mark.parametrize(
    ("values", "path", "sentence"),
    [
        ({"SourceBucket": "photos"}, "source_bucket",
         "Give the ARN of a general purpose bucket, such as arn:aws:s3:::photos."),
        ({"SourceBucket": "arn:aws:s3express:eu-west-1:111122223333:bucket/a--euw1-az1--x-s3"},
         "source_bucket",
         "Give the ARN of a general purpose bucket, such as arn:aws:s3:::photos."),
        ({"ExpectedBucketOwner": "42"}, "expected_bucket_owner", "An account id has 12 digits."),
        ({"EnableManifestOutput": "yes"}, "enable_manifest_output", "Give true or false."),
        ({"EnableManifestOutput": True}, "manifest_output_location",
         "Say where to keep the manifest, or set EnableManifestOutput to false."),
        ({"ManifestOutputLocation": {"Bucket": "arn:aws:s3:::lists", "ManifestFormat": "CSV"}},
         "manifest_output_location.manifest_format", "Give 'S3InventoryReport_CSV_20211130'."),
        ({"Filter": {"CreatedAfter": 20300101}}, "filter.created_after",
         "Give a date and a time, such as 2030-01-31T00:00:00Z."),
        ({"Filter": {"CreatedAfter": MOMENT, "CreatedBefore": MOMENT}},
         "filter.created_before",
         "No object is created after CreatedAfter and before CreatedBefore."),
        ({"Filter": {"ObjectSizeGreaterThanBytes": 5, "ObjectSizeLessThanBytes": 6}},
         "filter.object_size_less_than_bytes",
         "No object is larger than 5 bytes and smaller than 6 bytes."),
        ({"Filter": {"ObjectSizeLessThanBytes": True}}, "filter.object_size_less_than_bytes",
         "Give a whole number, not true or false."),
        ({"Filter": {"KeyNameConstraint": {"MatchAnyPrefix": [""]}}},
         "filter.key_name_constraint.match_any_prefix.0", "This may not be empty."),
        ({"Filter": {"KeyNameConstraint": {"MatchAnyPrefix": [str(n) for n in range(10_001)]}}},
         "filter.key_name_constraint.match_any_prefix", "Give at most 10,000 of them."),
        ({"Filter": {"KeyNameConstraint": {"MatchAnySuffix": ["x" * 1025]}}},
         "filter.key_name_constraint.match_any_suffix.0", "Give at most 1,024 characters."),
        ({"Filter": {"MatchAnyStorageClass": ["SLOW"]}}, "filter.match_any_storage_class.0",
         "Give 'STANDARD', 'STANDARD_IA', 'ONEZONE_IA', 'GLACIER', 'INTELLIGENT_TIERING', "
         "'DEEP_ARCHIVE' or 'GLACIER_IR'."),
        ({"Filter": {"MatchAnyObjectEncryption": []}}, "filter.match_any_object_encryption",
         "Give exactly one kind of encryption."),
        ({"Filter": {"MatchAnyObjectEncryption": [{"SSES3": {}, "SSEC": {}}]}},
         "filter.match_any_object_encryption.0",
         "Give exactly one of SSES3, SSEKMS, DSSEKMS, SSEC and NOTSSE."),
        ({"Filter": {"MatchAnyObjectEncryption": [{"DSSEKMS": {"KmsKeyArn": "alias/a"}}]}},
         "filter.match_any_object_encryption.0.dsse_kms.kms_key_arn",
         "Give the whole ARN of a key, such as arn:aws:kms:eu-west-1:111122223333:key/1a2b; "
         "an id or an alias is not enough."),
        ({"Filter": {"Colour": "red"}}, "filter.colour", "There is no field of this name."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_in_a_sentence_at_its_place(
    values: dict[str, Any], path: str, sentence: str
) -> None:
    assert faults(**values) == {path: [sentence]}


@pytest.mark.parametrize(
    "criterion",
    [
        {"EligibleForReplication": True},
        {"ObjectReplicationStatuses": ["FAILED"]},
        {"MatchAnyObjectEncryption": [{"NOTSSE": {}}]},
    ],
)
def test_what_a_listing_cannot_tell_needs_a_permission_that_says_it_is_slow(
    criterion: dict[str, Any],
) -> None:
    [name] = criterion

    assert faults(Filter=criterion) == {
        "filter": [
            f"A listing cannot tell {name}: that takes one request per object, which is slow. "
            "Permit it with AskEachObject, or leave it out."
        ]
    }
    assert ManifestGenerator.parse(slow(Filter=criterion)).filter is not None


@pytest.mark.parametrize(
    "criterion", [{"EligibleForReplication": False}, {"ObjectReplicationStatuses": []}]
)
def test_a_criterion_that_asks_for_nothing_needs_no_permission(criterion: dict[str, Any]) -> None:
    assert ManifestGenerator.parse({**LEAST, "Filter": criterion}).filter is not None
