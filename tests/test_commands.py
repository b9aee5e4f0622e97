"""Setting up without a browser: manage.py role, token and createsuperuser."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from jobs import probing, stores
from jobs.credentials import ApiToken
from jobs.models import Role
from operations.probe import Finding, Found
from tests.conftest import OTHER_ACCOUNT, SECRET, MakeRole

pytestmark = pytest.mark.django_db


def run(*args: str) -> str:
    """What a command prints."""
    out = io.StringIO()
    call_command(*args, stdout=out)
    return out.getvalue()


def set_role(name: str, *options: str) -> str:
    keys = ("--access-key-id", "AKIAONE", "--secret-access-key", SECRET)
    return run("role", "set", name, *keys, *options)


# ---- role set


def test_a_role_is_made_with_all_that_belongs_to_it() -> None:
    told = set_role(
        "nearby", "--endpoint-url", "http://127.0.0.1:9000", "--region", "eu-west-1",
        "--addressing", "path",
    )  # fmt: skip

    role = Role.objects.get()
    assert told == "The role nearby is set: arn:aws:iam::000000000000:role/nearby\n"
    assert role.endpoint_url == "http://127.0.0.1:9000"
    assert (role.region, role.addressing) == ("eu-west-1", "path")
    assert (role.access_key_id, role.secret_access_key) == ("AKIAONE", SECRET)


def test_a_role_of_aws_needs_credentials_alone() -> None:
    set_role("aws")

    role = Role.objects.get()
    assert (role.endpoint_url, role.region, role.addressing) == ("", "us-east-1", "auto")


def test_a_role_is_changed_only_in_what_is_given(make_role: MakeRole) -> None:
    make_role("archive", endpoint_url="http://old:9000", region="eu-west-1")

    run("role", "set", "archive", "--endpoint-url", "https://new.example.org")

    role = Role.objects.get()
    assert (role.endpoint_url, role.region) == ("https://new.example.org", "eu-west-1")
    assert (role.access_key_id, role.secret_access_key) == ("AKIATESTSONLY", SECRET)


def test_an_empty_endpoint_takes_a_role_back_to_aws(make_role: MakeRole) -> None:
    make_role("archive", endpoint_url="http://old:9000")

    run("role", "set", "archive", "--endpoint-url", "")

    assert Role.objects.get().endpoint_url == ""


def test_a_role_has_a_ceiling_until_it_is_removed() -> None:
    set_role("archive", "--requests-per-second", "250")
    set_role("archive", "--region", "eu-west-1")
    limited = Role.objects.get().requests_per_second
    told = run("role", "list")

    run("role", "set", "archive", "--requests-per-second", "none")

    assert limited == 250
    assert told.endswith("auto  250 requests/s\n")
    assert Role.objects.get().requests_per_second is None


def test_credentials_come_from_the_environment_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LADING_ROLE_ACCESS_KEY_ID", "AKIAENV")
    monkeypatch.setenv("LADING_ROLE_SECRET_ACCESS_KEY", "from the environment")

    run("role", "set", "archive")

    role = Role.objects.get()
    assert (role.access_key_id, role.secret_access_key) == ("AKIAENV", "from the environment")


def test_the_secret_is_read_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{SECRET}\nand more\n"))

    run("role", "set", "archive", "--access-key-id", "AKIA", "--secret-access-key", "-")

    assert Role.objects.get().secret_access_key == SECRET


def test_standard_input_without_a_secret_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))

    with pytest.raises(CommandError, match="standard input has no secret"):
        run("role", "set", "archive", "--access-key-id", "AKIA", "--secret-access-key", "-")


def test_a_role_may_belong_to_another_account() -> None:
    set_role("theirs", "--account-id", OTHER_ACCOUNT)

    assert Role.objects.get().arn == f"arn:aws:iam::{OTHER_ACCOUNT}:role/theirs"


NO_RATE = "--requests-per-second: Give a whole number of requests per second, 1 to 1000000, or none"
BAD = {
    # the options, and what is said about them
    "name": (["a role"], "--name: A role's name has 1 to 64 letters"),
    "endpoint": (["x", "--endpoint-url", "store:9000"], "--endpoint-url: Give http://"),
    "password": (["x", "--endpoint-url", "http://me:pw@store"], "--endpoint-url: Give http://"),
    "region": (["x", "--region", "us east"], "--region: A region has a name such as us-east-1."),
    "no request": (["x", "--requests-per-second", "0"], NO_RATE),
    "too few requests": (["x", "--requests-per-second=-5"], NO_RATE),
    "too many requests": (["x", "--requests-per-second", "1000001"], NO_RATE),
    "requests in words": (["x", "--requests-per-second", "many"], NO_RATE),
    "no text": (["x", "--requests-per-second", ""], NO_RATE),
    "half a request": (["x", "--requests-per-second", "0.5"], NO_RATE),
    "account": (["x", "--account-id", "42"], "--account-id: An account id has 12 digits."),
}


@pytest.mark.parametrize(("options", "told"), BAD.values(), ids=BAD)
def test_a_bad_value_is_told_by_its_option(options: list[str], told: str) -> None:
    with pytest.raises(CommandError) as error:
        set_role(*options)

    assert told in str(error.value)
    assert SECRET not in str(error.value)
    assert Role.objects.count() == 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--access-key-id", "AKIA"], "--secret-access-key: A new role needs a secret access key."),
        (["--secret-access-key", SECRET], "--access-key-id: This field cannot be blank."),
    ],
)
def test_a_new_role_without_credentials_is_refused(options: list[str], told: str) -> None:
    with pytest.raises(CommandError) as error:
        run("role", "set", "archive", *options)

    assert str(error.value) == told
    assert Role.objects.count() == 0


# ---- role list


def test_roles_are_listed_without_their_credentials(make_role: MakeRole) -> None:
    make_role("nearby", endpoint_url="http://store:9000", addressing="path")
    role = make_role("archive")

    told = run("role", "list")

    assert told.splitlines() == [
        "archive  arn:aws:iam::000000000000:role/archive  AWS  us-east-1  auto",
        "nearby  arn:aws:iam::000000000000:role/nearby  http://store:9000  us-east-1  path",
    ]
    for secret in (SECRET, role.sealed_secret, role.access_key_id):
        assert secret not in told


# ---- token


def test_a_token_is_printed_alone_and_opens_the_api(user: User, anonymous: Client) -> None:
    token = run("token", user.username).removesuffix("\n")

    assert token.startswith("lading_")
    assert token.isprintable()
    response = anonymous.get("/api/v1/jobs/", headers={"Authorization": f"Token {token}"})
    assert response.status_code == 200


def test_only_the_hash_of_a_token_is_kept(user: User) -> None:
    token = run("token", user.username).strip()

    kept = ApiToken.objects.values().get()
    assert token not in str(kept)
    assert kept["digest"] == ApiToken.digest_of(token)


def test_every_call_makes_another_token(user: User) -> None:
    assert run("token", user.username) != run("token", user.username)
    assert ApiToken.objects.filter(user=user).count() == 2


def test_there_is_no_token_for_a_user_who_does_not_exist() -> None:
    with pytest.raises(CommandError, match="There is no active user 'nobody'"):
        run("token", "nobody")


def test_there_is_no_token_for_a_user_who_left(user: User) -> None:
    user.is_active = False
    user.save()

    with pytest.raises(CommandError, match="There is no active user 'ada'"):
        run("token", user.username)
    assert ApiToken.objects.count() == 0


# ---- createsuperuser


def test_the_first_user_is_made_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, anonymous: Client, settings: Any
) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_USERNAME", "root")
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "a long first password")
    monkeypatch.setenv("DJANGO_SUPERUSER_EMAIL", "root@example.org")

    run("createsuperuser", "--noinput")

    assert anonymous.login(username="root", password="a long first password")
    assert anonymous.get("/admin/").status_code == 200


# ---- role probe


def test_probing_tells_what_the_store_does(
    make_role: MakeRole, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "identify", lambda *_: None)
    monkeypatch.setattr(probing, "sweep", lambda *_: None)
    found = Found(Finding.DESTROYS, "It answered 200, and the object is gone.", 200)
    monkeypatch.setattr(probing, "probe", lambda *_: found)
    make_role("nearby", endpoint_url="http://store:9000")

    lines = run("role", "probe", "nearby", "--bucket", "scratch").splitlines()

    (tags,) = [line for line in lines if line.startswith("S3PutObjectTagging ")]
    told = "Destroys data       It answered 200, and the object is gone. (scratch, 20"
    assert tags.startswith(f"S3PutObjectTagging        {told}")
    assert tags.endswith(" UTC)")
    assert "S3InitiateRestoreObject   Cannot be tried" in lines


def test_probing_says_what_could_not_be_tried_now(
    make_role: MakeRole, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "identify", lambda *_: None)
    monkeypatch.setattr(probing, "sweep", lambda *_: None)
    found = Found(Finding.UNTRIED, "The role may not write.", 403)
    monkeypatch.setattr(probing, "probe", lambda *_: found)
    make_role("nearby", endpoint_url="http://store:9000")

    last = run("role", "probe", "nearby", "--bucket", "scratch").splitlines()[-1]

    assert last.startswith("7 of 7 could not be tried: S3PutObjectCopy, ")
    assert last.endswith(". The role may not write.")


def test_probing_in_a_bucket_that_is_not_there_says_so(
    make_role: MakeRole, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "identify", lambda *_: 404)
    make_role("nearby", endpoint_url="http://store:9000")

    with pytest.raises(CommandError, match="--bucket: There is no bucket nosuch"):
        run("role", "probe", "nearby", "--bucket", "nosuch")


def test_probing_needs_a_role_that_exists_and_a_bucket(make_role: MakeRole) -> None:
    make_role("nearby", endpoint_url="http://store:9000")

    with pytest.raises(CommandError, match="There is no role 'other'"):
        run("role", "probe", "other")
    with pytest.raises(CommandError, match="--bucket: Name a bucket"):
        run("role", "probe", "nearby")


def test_where_operations_are_tried_is_set_with_the_role() -> None:
    set_role("nearby", "--scratch-bucket", "scratch", "--scratch-prefix", "tmp/lading/")

    role = Role.objects.get()
    assert (role.scratch_bucket, role.scratch_prefix) == ("scratch", "tmp/lading/")


@pytest.mark.parametrize("prefix", ["", "/", "no-slash", "/first/", "new\nline/", "x" * 200 + "/"])
def test_a_prefix_that_would_be_swept_too_widely_is_refused(prefix: str) -> None:
    with pytest.raises(CommandError, match="--scratch-prefix"):
        set_role("nearby", f"--scratch-prefix={prefix}")


# ---- member


def test_a_superuser_is_given_no_lower_rank() -> None:
    User.objects.create_superuser("root")

    with pytest.raises(CommandError, match="root is a superuser, who is always an administrator"):
        run("member", "set", "root", "--rank", "viewer")
    told = run("member", "set", "root", "--rank", "administrator", "--account-id", OTHER_ACCOUNT)

    assert told.strip() == f"root is administrator in {OTHER_ACCOUNT}."
