"""Where roles and functions may be: told when they are set, through every door."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from jobs import services
from jobs.errors import InvalidRequest
from jobs.models import Function, Role
from operations.reach import Reach
from tests.conftest import SECRET, MakeRole
from tests.operations.http_store import HttpStore, reply
from tests.resolving import Resolve, resolve

__all__ = ["resolve"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("resolve")]

ACCOUNT = "000000000000"
METADATA = "http://169.254.169.254/latest"
IS_METADATA = (
    "169.254.169.254 is an address of a cloud's metadata service: Lading does not connect there. "
    "An administrator can allow it in LADING_ENDPOINTS."
)


@pytest.fixture
def listed(settings: Any) -> Callable[..., None]:
    """Have an administrator's list: listed("*.example.org", "10.0.0.0/8")."""

    def have(*entries: str) -> None:
        settings.LADING_ENDPOINTS = Reach.parse(entries)

    return have


def set_role(url: str, **values: Any) -> Role:
    given = {"access_key_id": "AKIAONE", "secret_access_key": SECRET, **values}
    return services.set_role(ACCOUNT, "archive", endpoint_url=url, **given)


def refusal_of(url: str, **values: Any) -> str:
    """What is said of an endpoint, of a role and of a function alike."""
    with pytest.raises(InvalidRequest) as of_role:
        set_role(url, **values)
    with pytest.raises(InvalidRequest) as of_function:
        services.set_function(ACCOUNT, "thumbs", url)
    assert (Role.objects.count(), Function.objects.count()) == (0, 0)
    assert of_function.value.fields == {"url": of_role.value.fields["endpoint_url"]}
    (told,) = of_role.value.fields["endpoint_url"]
    return told


def is_taken(url: str, **values: Any) -> bool:
    set_role(url, **values)
    services.set_function(ACCOUNT, "thumbs", url)
    return Role.objects.exists() and Function.objects.exists()


# ---- without a list


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254",
        "http://169.254.169.254:80/latest/meta-data/iam",
        "http://2852039166",
        "https://0xA9FEA9FE",
        "http://169.254.43518",
        "http://0251.0376.0251.0376",
        "http://[::ffff:169.254.169.254]",
        "http://[fd00:ec2::254]",
        "http://[fe80::1]:9000",
        "http://168.63.129.16",
        "http://100.100.100.200",
        "http://0.0.0.0:9000",
        "http://0:9000",
        "http://[::]:9000",
        "http://224.0.0.1",
    ],
)
def test_an_address_that_is_no_store_is_refused(url: str) -> None:
    assert "Lading does not connect there. An administrator can allow it" in refusal_of(url)


def test_a_name_that_leads_there_is_refused_with_the_address(resolve: Resolve) -> None:
    resolve({"store.test": ["169.254.169.254"]})

    assert refusal_of("http://store.test:9000") == (
        "store.test is at 169.254.169.254, an address of a cloud's metadata service: Lading does "
        "not connect there. An administrator can allow it in LADING_ENDPOINTS."
    )


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9000", "http://[::1]:9000", "http://10.1.2.3", "http://192.168.0.9"]
)
def test_loopback_and_private_networks_are_taken(url: str) -> None:
    assert is_taken(url)


def test_a_name_that_resolves_to_nothing_now_is_taken() -> None:
    assert is_taken("http://later.test:9000")


def test_a_name_is_taken_as_long_as_one_of_its_addresses_may_be_reached(resolve: Resolve) -> None:
    resolve({"store.test": ["fe80::1", "10.0.0.1"]})

    assert is_taken("http://store.test:9000")


# ---- with a list


@pytest.mark.parametrize(
    ("entries", "url"),
    [
        (["store.test"], "http://store.test:9000"),
        (["*.test"], "http://store.test:9000"),
        (["10.0.0.0/8"], "http://store.test:9000"),
        (["10.0.0.0/8"], "http://later.test:9000"),
        (["10.0.0.0/8"], "http://10.1.2.3:9000"),
        (["127.0.0.1"], "http://127.0.0.1:9000"),
        (["169.254.169.254"], "http://169.254.169.254"),
    ],
)
def test_what_is_listed_is_taken(
    listed: Callable[..., None], resolve: Resolve, entries: list[str], url: str
) -> None:
    resolve({"store.test": ["10.0.0.1"]})
    listed(*entries)

    assert is_taken(url)


@pytest.mark.parametrize(
    ("entries", "url", "what"),
    [
        (["other.test"], "http://store.test:9000", "store.test"),
        (["other.test"], "http://later.test:9000", "later.test"),
        (["10.9.0.0/16"], "http://store.test:9000", "store.test (10.0.0.1)"),
        (["10.9.0.0/16"], "http://10.1.2.3:9000", "10.1.2.3"),
        (["*.test"], "http://127.0.0.1:9000", "127.0.0.1"),
    ],
)
def test_what_is_not_listed_is_refused_and_told(
    listed: Callable[..., None], resolve: Resolve, entries: list[str], url: str, what: str
) -> None:
    resolve({"store.test": ["10.0.0.1"]})
    listed(*entries)

    told = f"{what} is not in LADING_ENDPOINTS, the administrator's list of what may be reached."
    assert refusal_of(url) == told


def test_a_store_with_buckets_in_its_host_name_needs_the_names_below_it(
    listed: Callable[..., None], resolve: Resolve
) -> None:
    resolve({"store.test": ["10.0.0.1"]})
    listed("store.test")

    with pytest.raises(InvalidRequest, match=r"\*\.store\.test is not in LADING_ENDPOINTS"):
        set_role("http://store.test:9000", addressing="virtual")

    listed("store.test", "*.store.test")
    assert set_role("http://store.test:9000", addressing="virtual").pk


def test_aws_is_always_taken(listed: Callable[..., None]) -> None:
    listed("store.test")

    assert set_role("").is_aws


# ---- the doors


def test_the_command_refuses_a_role_and_a_function() -> None:
    keys = ("--access-key-id", "AKIAONE", "--secret-access-key", SECRET)

    with pytest.raises(CommandError) as of_role:
        call_command("role", "set", "archive", "--endpoint-url", METADATA, *keys)
    with pytest.raises(CommandError) as of_function:
        call_command("function", "set", "thumbs", METADATA)

    assert str(of_role.value) == f"--endpoint-url: {IS_METADATA}"
    assert str(of_function.value) == f"url: {IS_METADATA}"


def test_the_command_says_what_is_set_where_it_may_be_reached() -> None:
    out = io.StringIO()

    call_command("function", "set", "thumbs", "http://127.0.0.1:9001", stdout=out)

    assert out.getvalue() == "The function thumbs is called at http://127.0.0.1:9001\n"


def test_the_admin_site_tells_it_at_the_field(admin_client: Client) -> None:
    role = {
        **{"account_id": ACCOUNT, "name": "archive", "endpoint_url": METADATA},
        **{"region": "us-east-1", "addressing": "auto", "access_key_id": "AKIAONE"},
        **{"secret_access_key": SECRET, "scratch_bucket": "", "scratch_prefix": ".probe/"},
    }
    function = {"account_id": ACCOUNT, "name": "thumbs", "url": METADATA}

    of_role = admin_client.post("/admin/jobs/role/add/", role)
    of_function = admin_client.post("/admin/jobs/function/add/", function)

    assert of_role.context["adminform"].form.errors == {"endpoint_url": [IS_METADATA]}
    assert of_function.context["adminform"].form.errors == {"url": [IS_METADATA]}
    assert (Role.objects.count(), Function.objects.count()) == (0, 0)


@pytest.mark.parametrize("url", ["http://[", "http://[::1", "nonsense", "http://a b"])
def test_what_is_no_endpoint_at_all_is_told_as_ever(url: str) -> None:
    with pytest.raises(InvalidRequest, match="endpoint_url: Give http:// or https:// and a host"):
        set_role(url)
    with pytest.raises(InvalidRequest, match="url: Give http:// or https:// and a host"):
        services.set_function(ACCOUNT, "thumbs", url)


# ---- a store that is tried


def test_a_trial_of_a_store_that_moved_away_is_refused_with_the_reason(
    make_role: MakeRole, resolve: Resolve
) -> None:
    resolve({"store.test": ["169.254.169.254"]})
    role = make_role(endpoint_url="http://store.test:9000", addressing="path")

    with pytest.raises(InvalidRequest) as refusal:
        services.probe_role(role, "photos")
    with pytest.raises(CommandError, match=r"--role: The store at http://store\.test:9000 could"):
        call_command("role", "probe", role.name, "--bucket", "photos")

    assert refusal.value.fields == {
        "role": [
            "The store at http://store.test:9000 could not be reached: store.test is at "
            "169.254.169.254, an address of a cloud's metadata service: Lading does not connect "
            "there. An administrator can allow it in LADING_ENDPOINTS."
        ]
    }


def test_a_store_that_may_be_reached_is_asked(make_role: MakeRole, resolve: Resolve) -> None:
    with HttpStore(lambda _: reply(404)) as store:
        resolve({"store.test": ["127.0.0.1"]})
        role = make_role(endpoint_url=f"http://store.test:{store.port}", addressing="path")

        with pytest.raises(InvalidRequest, match="There is no bucket photos"):
            services.probe_role(role, "photos")
