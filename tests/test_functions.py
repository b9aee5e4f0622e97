"""The table of functions: who sets it, what it accepts, and which entry a job's function finds."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Model
from django.test import Client

from jobs import services, stores
from jobs.errors import InvalidRequest, NotFound
from jobs.models import Function
from jobs.models.function import url_of
from operations.base import Unfit
from tests.conftest import OTHER_ACCOUNT, SECRET, MakeRole

pytestmark = pytest.mark.django_db

ACCOUNT = "000000000000"
URL = "http://127.0.0.1:9001"
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:thumbs"


def run(*args: str) -> str:
    out = io.StringIO()
    call_command("function", *args, stdout=out)
    return out.getvalue()


# ---- which entry is meant


EXACT, UNQUALIFIED, BARE = "http://exact", "http://unqualified", "http://bare"
TABLE = {f"{ARN}:live": EXACT, ARN: UNQUALIFIED, "thumbs": BARE}


@pytest.mark.parametrize(
    ("function", "table", "found"),
    [
        (f"{ARN}:live", TABLE, EXACT),
        (f"{ARN}:test", TABLE, UNQUALIFIED),
        (ARN, TABLE, UNQUALIFIED),
        (ARN, {"thumbs": BARE}, BARE),
        (f"{ARN}:$LATEST", {"thumbs": BARE}, BARE),
        ("thumbs", TABLE, BARE),
        ("thumbs:live", TABLE, BARE),
        ("thumbs:live", {"thumbs:live": EXACT, "thumbs": BARE}, EXACT),
        ("123456789012:function:thumbs", TABLE, BARE),
        ("arn:aws:lambda:us-east-1:123456789012:function:thumbs", TABLE, BARE),
        ("thumbs", {ARN: UNQUALIFIED}, None),
        ("thumb", TABLE, None),
        (ARN, {"Thumbs": BARE}, None),
        (ARN, {}, None),
    ],
)
def test_what_is_exactly_so_named_goes_first_then_without_alias_then_the_bare_name(
    function: str, table: dict[str, str], found: str | None
) -> None:
    assert url_of(function, table) == found


# ---- the verbs


def test_a_function_is_set_and_changed_by_its_name() -> None:
    services.set_function(ACCOUNT, "thumbs", URL)

    changed = services.set_function(ACCOUNT, "thumbs", "https://functions.example.org/thumbs")

    assert Function.objects.get() == changed
    assert Function.objects.get().url == "https://functions.example.org/thumbs"
    assert changed.updated_at >= changed.created_at


def test_two_accounts_have_functions_of_the_same_name() -> None:
    services.set_function(ACCOUNT, "thumbs", URL)
    services.set_function(OTHER_ACCOUNT, "thumbs", "http://theirs:9001")

    assert Function.urls_of(ACCOUNT) == {"thumbs": URL}
    assert Function.urls_of(OTHER_ACCOUNT) == {"thumbs": "http://theirs:9001"}


@pytest.mark.parametrize(
    ("account", "name", "url", "field"),
    [
        (ACCOUNT, "", URL, "name"),
        (ACCOUNT, "a b", URL, "name"),
        (ACCOUNT, "thumbs\n", URL, "name"),
        (ACCOUNT, "x" * 1025, URL, "name"),
        (ACCOUNT, "arn:aws:s3:::photos", URL, "name"),
        (ACCOUNT, "thumbs", "", "url"),
        (ACCOUNT, "thumbs", "thumbs:9001", "url"),
        (ACCOUNT, "thumbs", "ftp://thumbs", "url"),
        (ACCOUNT, "thumbs", "http://me:pw@thumbs", "url"),
        (ACCOUNT, "thumbs", "http://thumbs?x=1", "url"),
        ("42", "thumbs", URL, "account_id"),
    ],
)
def test_a_bad_value_is_told_by_its_field(account: str, name: str, url: str, field: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        services.set_function(account, name, url)

    assert set(refusal.value.fields) == {field}
    assert "s3" not in str(refusal.value.fields).replace("s3:::photos", "")
    assert Function.objects.count() == 0


def test_only_the_accounts_own_function_is_removed() -> None:
    services.set_function(ACCOUNT, "thumbs", URL)
    services.set_function(OTHER_ACCOUNT, "thumbs", URL)

    services.remove_function(ACCOUNT, "thumbs")

    assert Function.objects.get().account_id == OTHER_ACCOUNT
    with pytest.raises(NotFound, match="no function thumbs in account 000000000000"):
        services.remove_function(ACCOUNT, "thumbs")


# ---- the command


def test_the_command_sets_lists_and_removes() -> None:
    told = run("set", "thumbs", URL)
    run("set", ARN, "http://other:9001", "--account-id", OTHER_ACCOUNT)

    assert told == f"The function thumbs is called at {URL}\n"
    assert run("list").splitlines() == [
        f"thumbs  {ACCOUNT}  {URL}",
        f"{ARN}  {OTHER_ACCOUNT}  http://other:9001",
    ]
    assert run("remove", "thumbs") == "The function thumbs is in the table no more.\n"
    assert Function.objects.get().name == ARN


def test_the_command_says_what_is_wrong() -> None:
    with pytest.raises(CommandError, match="url: Give http:// or https:// and a host"):
        run("set", "thumbs", "thumbs:9001")
    with pytest.raises(CommandError, match="name: Give a function's name or ARN"):
        run("set", "a b", URL)
    with pytest.raises(CommandError, match="There is no function thumbs"):
        run("remove", "thumbs")


# ---- the admin site


def path(model: type[Model], *rest: object) -> str:
    return "/".join(["/admin/jobs", model.__name__.lower(), *map(str, rest), ""])


def test_the_admin_site_makes_changes_and_removes_a_function(admin_client: Client) -> None:
    form = {"account_id": ACCOUNT, "name": "thumbs", "url": URL}
    assert admin_client.post(path(Function, "add"), form).status_code == 302
    row = Function.objects.get()

    place = path(Function, row.pk, "change")
    admin_client.post(place, {**form, "name": "other", "url": "http://thumbs:9002"})
    changed = Function.objects.get()
    admin_client.post(path(Function, row.pk, "delete"), {"post": "yes"})

    assert (changed.pk, changed.name, changed.url) == (row.pk, "thumbs", "http://thumbs:9002")
    assert Function.objects.count() == 0


def test_the_admin_site_removes_several_at_once(admin_client: Client) -> None:
    rows = [services.set_function(ACCOUNT, name, URL) for name in ("a", "b", "c")]
    chosen = {"action": "delete_selected", "_selected_action": [rows[0].pk, rows[1].pk]}

    admin_client.post(path(Function), {**chosen, "post": "yes"})

    assert Function.objects.get().name == "c"


@pytest.mark.parametrize(
    ("change", "field"), [({"name": "a b"}, "name"), ({"url": "nowhere"}, "url")]
)
def test_the_admin_site_tells_a_bad_value_at_its_field(
    admin_client: Client, change: dict[str, str], field: str
) -> None:
    form = {"account_id": ACCOUNT, "name": "thumbs", "url": URL, **change}

    response = admin_client.post(path(Function, "add"), form)

    assert response.context["adminform"].form.errors.keys() == {field}
    assert Function.objects.count() == 0


# ---- the client that a job gets


def client_of(role: object, function: str) -> object:
    lambda_for = stores.store_for(role).lambda_for  # type: ignore[arg-type]
    assert lambda_for is not None
    return lambda_for(function)


def test_a_function_in_the_table_is_called_there(make_role: MakeRole) -> None:
    services.set_function(ACCOUNT, "thumbs", URL)

    client = client_of(make_role(endpoint_url="http://store:9000"), ARN)

    assert client.meta.endpoint_url == URL  # type: ignore[attr-defined]


def test_a_function_that_is_in_no_table_is_called_on_aws_in_its_own_region(
    make_role: MakeRole,
) -> None:
    role = make_role(region="us-west-2")

    by_arn, by_name = client_of(role, ARN), client_of(role, "thumbs")

    assert by_arn.meta.endpoint_url == "https://lambda.eu-west-1.amazonaws.com"  # type: ignore[attr-defined]
    assert by_name.meta.endpoint_url == "https://lambda.us-west-2.amazonaws.com"  # type: ignore[attr-defined]
    signer = by_arn._request_signer._credentials  # type: ignore[attr-defined]
    assert (signer.access_key, signer.secret_key) == ("AKIATESTSONLY", SECRET)


@pytest.mark.parametrize("function", [ARN, "thumbs"])
def test_a_role_of_another_store_needs_an_entry_of_its_own_account(
    make_role: MakeRole, function: str
) -> None:
    services.set_function(OTHER_ACCOUNT, "thumbs", URL)

    with pytest.raises(Unfit) as refusal:
        client_of(make_role(endpoint_url="http://store:9000"), function)

    assert refusal.value.code == "FunctionUnreachable"
    assert function in refusal.value.reason
    assert "manage.py function set" in refusal.value.reason
    assert len(refusal.value.reason) <= 256


def test_a_reason_stays_within_256_characters_for_the_longest_name(make_role: MakeRole) -> None:
    with pytest.raises(Unfit) as refusal:
        client_of(make_role(endpoint_url="http://store:9000"), "x" * 1024)

    assert len(refusal.value.reason) <= 256


def test_a_call_is_tried_once_and_may_take_as_long_as_lambda_lets_a_function_run(
    make_role: MakeRole,
) -> None:
    config = client_of(make_role(), ARN).meta.config  # type: ignore[attr-defined]

    assert config.retries["total_max_attempts"] == 1
    assert config.read_timeout > 15 * 60


def test_a_client_is_made_once_for_a_job(make_role: MakeRole) -> None:
    store = stores.store_for(make_role())

    assert store.lambda_for is not None
    assert store.lambda_for(ARN) is store.lambda_for(ARN)


def test_an_empty_table_is_told_as_such() -> None:
    assert run("list") == "No functions.\n"
