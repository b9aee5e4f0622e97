"""A store that sends clients elsewhere."""

from __future__ import annotations

import pytest

from jobs import stores
from jobs.redirects import Redirected
from tests.conftest import MakeRole
from tests.operations.http_store import HttpStore, reply


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_that_names_no_region_is_told_with_where_it_leads(
    make_role: MakeRole, status: int
) -> None:
    elsewhere = reply(status, Location="https://s3.example.org/photos")
    with HttpStore(lambda _: elsewhere) as store:
        s3 = stores.s3_for(make_role(endpoint_url=store.url, addressing="path"))

        with pytest.raises(Redirected, match=r"sends requests on to https://s3.example.org/photos"):
            s3.head_bucket(Bucket="photos")


def test_a_host_is_kept_in_lower_case_as_clients_send_it(make_role: MakeRole) -> None:
    role = make_role(endpoint_url="http://Store.Example:9000/Path")

    role.full_clean()

    assert role.endpoint_url == "http://store.example:9000/Path"
