"""Replace ACL (spec.md 5.4)."""

import pytest

from operations.base import SUCCESSFUL, InvalidParameters, Target
from operations.perform import perform
from operations.put_object_acl import PutObjectAcl

ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
PUBLIC = {"CannedAccessControlList": "public-read"}


def replace_acl(**policy):
    return PutObjectAcl.parse({"AccessControlPolicy": policy})


def grant(permission="READ", kind="id", identifier="0a1b"):
    grantee = {"TypeIdentifier": kind, "Identifier": identifier, "DisplayName": "x"}
    return {"Grantee": grantee, "Permission": permission}


def own(*grants, **owner):
    return {"AccessControlList": {"Owner": {"ID": "0wner", **owner}, "Grants": list(grants)}}


def readers_of(s3, key, bucket="photos", **version):
    grants = s3.get_object_acl(Bucket=bucket, Key=key, **version)["Grants"]
    return [grant["Grantee"].get("URI") for grant in grants if grant["Permission"] == "READ"]


def test_a_canned_acl_replaces_what_the_object_has(s3, store, put):
    put("a.jpg")
    target = Target("photos", "a.jpg")

    assert perform(replace_acl(**PUBLIC), store, target) == SUCCESSFUL
    assert readers_of(s3, "a.jpg") == [ALL_USERS]

    assert perform(replace_acl(CannedAccessControlList="private"), store, target).succeeded
    assert readers_of(s3, "a.jpg") == []


def test_a_missing_object_fails_as_the_store_says(store):
    outcome = perform(replace_acl(**PUBLIC), store, Target("photos", "gone.jpg"))

    assert (outcome.succeeded, outcome.http_status, outcome.error_code) == (False, 404, "NoSuchKey")


@pytest.mark.parametrize(
    ("version_id", "path"),
    [(None, "/photos/a%20b.jpg?acl"), ("v1", "/photos/a%20b.jpg?acl&versionId=v1")],
)
def test_a_canned_acl_is_sent_as_a_header_for_the_version_that_is_listed(played, version_id, path):
    outcome = perform(replace_acl(**PUBLIC), played.store, Target("photos", "a b.jpg", version_id))

    (asked,) = played.asked
    assert outcome == SUCCESSFUL
    assert (asked.method, asked.path, asked.body) == ("PUT", path, "")
    assert asked.headers["x-amz-acl"] == "public-read"


@pytest.mark.parametrize(
    ("version_id", "path"),
    [(None, "/photos/a.jpg?acl"), ("null", "/photos/a.jpg?acl&versionId=null")],
)
def test_grants_are_sent_as_the_body_of_the_specification(played, version_id, path):
    operation = replace_acl(
        **own(
            grant("FULL_CONTROL", "id", "abc"),
            grant("READ", "uri", ALL_USERS),
            grant("WRITE_ACP", "emailAddress", "ada@example.org"),
            DisplayName="me",
        )
    )

    assert perform(operation, played.store, Target("photos", "a.jpg", version_id)) == SUCCESSFUL

    (asked,) = played.asked
    namespace = "http://www.w3.org/2001/XMLSchema-instance"
    given = [
        ("CanonicalUser", "<ID>abc</ID>", "FULL_CONTROL"),
        ("Group", f"<URI>{ALL_USERS}</URI>", "READ"),
        ("AmazonCustomerByEmail", "<EmailAddress>ada@example.org</EmailAddress>", "WRITE_ACP"),
    ]
    grants = "".join(
        f'<Grant><Grantee xmlns:xsi="{namespace}" xsi:type="{kind}">{who}</Grantee>'
        f"<Permission>{permission}</Permission></Grant>"
        for kind, who, permission in given
    )
    assert (asked.method, asked.path) == ("PUT", path)
    assert "x-amz-acl" not in asked.headers
    assert {"content-md5", "x-amz-checksum-crc32"} & set(asked.headers)
    assert asked.body == (
        '<AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Owner><ID>0wner</ID></Owner><AccessControlList>{grants}</AccessControlList>"
        "</AccessControlPolicy>"
    )


@pytest.mark.parametrize("grants", [{}, {"Grants": []}, {"Grants": None}])
def test_an_owner_without_grants_takes_all_access_away(played, grants):
    operation = replace_acl(AccessControlList={"Owner": {"ID": "0wner"}, **grants})

    assert perform(operation, played.store, Target("photos", "a.jpg")).succeeded
    assert "<AccessControlList />" in played.asked[0].body


def test_a_bucket_that_allows_no_acls_fails_the_task(played):
    played.refuses(400, "AccessControlListNotSupported", "The bucket does not allow ACLs")

    outcome = perform(replace_acl(**PUBLIC), played.store, Target("photos", "a.jpg"))

    assert (outcome.succeeded, outcome.error_code) == (False, "AccessControlListNotSupported")
    assert outcome.message.startswith("The bucket does not allow ACLs (Service: Amazon S3; ")


ONE_OF_BOTH = "Give either a canned ACL, or an owner and grants."
POLICY = "access_control_policy"
LIST = f"{POLICY}.access_control_list"


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({}, ONE_OF_BOTH),
        ({"CannedAccessControlList": None, "AccessControlList": None}, ONE_OF_BOTH),
        ({**PUBLIC, **own(grant())}, ONE_OF_BOTH),
        ({**PUBLIC, **own()}, ONE_OF_BOTH),
        ({**PUBLIC, "AccessControlList": {"Grants": [grant()]}}, ONE_OF_BOTH),
        (
            {"canned_access_control_list": "private", "access_control_list": {"grants": []}},
            ONE_OF_BOTH,
        ),
    ],
    ids=[
        "neither",
        "both null",
        "both",
        "both, without grants",
        "both, without an owner",
        "both, in snake_case",
    ],
)
def test_refuses_all_but_exactly_one_of_canned_acl_and_grants(policy, message):
    with pytest.raises(InvalidParameters) as refusal:
        replace_acl(**policy)

    assert refusal.value.fields == {POLICY: [message]}


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({}, POLICY),
        ({"AccessControlPolicy": "public-read"}, POLICY),
        ({"AccessControlPolicy": {"ACL": "private"}}, f"{POLICY}.acl"),
        (
            {"AccessControlPolicy": {"CannedAccessControlList": "log-delivery-write"}},
            f"{POLICY}.canned_access_control_list",
        ),
        ({"AccessControlPolicy": {"AccessControlList": {}}}, f"{LIST}.owner"),
        ({"AccessControlPolicy": {"AccessControlList": {"Owner": {}}}}, f"{LIST}.owner.id"),
        ({"AccessControlPolicy": own(ID="")}, f"{LIST}.owner.id"),
        ({"AccessControlPolicy": own(ID="a\n")}, f"{LIST}.owner.id"),
        ({"AccessControlPolicy": own(ID="x" * 1025)}, f"{LIST}.owner.id"),
        ({"AccessControlPolicy": own(DisplayName="")}, f"{LIST}.owner.display_name"),
        ({"AccessControlPolicy": own("READ")}, f"{LIST}.grants.0"),
        ({"AccessControlPolicy": own({})}, f"{LIST}.grants.0.grantee"),
        ({"AccessControlPolicy": own(grant("WRITE"))}, f"{LIST}.grants.0.permission"),
        ({"AccessControlPolicy": own(grant("OWN"))}, f"{LIST}.grants.0.permission"),
        (
            {"AccessControlPolicy": own(grant(), grant("READ", "group"))},
            f"{LIST}.grants.1.grantee.type_identifier",
        ),
        (
            {"AccessControlPolicy": own(grant("READ", "id", ""))},
            f"{LIST}.grants.0.grantee.identifier",
        ),
    ],
)
def test_refuses_what_is_missing_wrong_or_out_of_bounds_by_its_name(parameters, field):
    with pytest.raises(InvalidParameters) as refusal:
        PutObjectAcl.parse(parameters)

    assert next(iter(refusal.value.fields)) == field
