"""Members, tokens and roles."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from jobs.accounts import Role, is_endpoint
from jobs.credentials import ApiToken
from jobs.members import Member, account_of
from tests.conftest import OTHER_ACCOUNT, MakeRole


def test_a_user_belongs_to_the_default_account_unless_a_member_of_another(
    user: User, other_user: User
) -> None:
    assert account_of(user) == "000000000000"
    assert account_of(other_user) == OTHER_ACCOUNT


@pytest.mark.django_db
def test_nobody_in_particular_is_no_member() -> None:
    assert account_of(AnonymousUser()) == "000000000000"


@pytest.mark.parametrize("account_id", ["", "42", "12345678901x", "1234567890123", "12345678901\n"])
def test_an_account_id_has_12_digits(user: User, account_id: str) -> None:
    with pytest.raises(ValidationError) as error:
        Member(user=user, account_id=account_id).full_clean()

    assert "account_id" in error.value.message_dict


def test_tokens_are_long_random_and_kept_as_hashes(user: User) -> None:
    first, second = ApiToken.issue(user)[1], ApiToken.issue(user)[1]

    assert first != second
    assert len(first) >= 40
    kept = set(ApiToken.objects.values_list("digest", flat=True))
    assert kept == {ApiToken.digest_of(first), ApiToken.digest_of(second)}
    assert first not in kept


# ---- roles


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9000",
        "http://[::1]:9000",
        "http://localhost:8333",
        "http://seaweedfs:8333",
        "https://s3.eu-central-003.example.org",
        "https://gateway.example.org/s3",
    ],
)
def test_a_store_may_be_anywhere_also_on_loopback(url: str) -> None:
    is_endpoint(url)


@pytest.mark.parametrize(
    "url",
    [
        "s3.example.org",
        "ftp://s3.example.org",
        "http://",
        "http://user:password@s3.example.org",
        "http://user@s3.example.org",
        "http://s3.example.org?key=value",
        "http://s3.example.org#top",
        "http://a b",
        "http://under_score",
        "http://s3.example.org:port",
        "http://s3.example.org:0",
        "http://s3.example.org:70000",
        "http://[::1",
        "http://s3.example.org\n",
        "file:///etc/passwd",
    ],
)
def test_an_endpoint_that_cannot_be_one_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="Give http:// or https:// and a host"):
        is_endpoint(url)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["", "a role", "a/b", "x" * 65, "end\n"])
def test_the_name_of_a_role_fits_into_its_arn(name: str) -> None:
    role = Role(account_id="000000000000", name=name, access_key_id="AKIA", sealed_secret="x")

    with pytest.raises(ValidationError) as error:
        role.full_clean()

    assert "name" in error.value.message_dict


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("region", "fits"),
    [("us-east-1", True), ("garage", True), ("EU", True), ("", False), ("-x", False), ("7", False),
     ("us east", False), ("x" * 33, False), ("us_east", False)],
)  # fmt: skip
def test_a_region_is_one_that_boto3_takes(region: str, fits: bool) -> None:
    role = Role(
        account_id="000000000000", name="a", access_key_id="A", sealed_secret="x", region=region
    )

    faults: dict[str, list[str]] = {}
    try:
        role.full_clean()
    except ValidationError as error:
        faults = error.message_dict

    assert ("region" not in faults) is fits


def test_a_role_is_named_once_in_its_account(make_role: MakeRole) -> None:
    make_role("archive")
    make_role("archive", account_id=OTHER_ACCOUNT)

    with pytest.raises(IntegrityError), transaction.atomic():
        make_role("archive")


def test_a_role_has_the_arn_that_aws_would_give_it(make_role: MakeRole) -> None:
    role = make_role("path+archive@home")

    assert role.arn == "arn:aws:iam::000000000000:role/path+archive@home"
    assert str(role) == "path+archive@home"
