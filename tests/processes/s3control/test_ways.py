"""The ways to reach Lading that the README names: clients put the account in front of the host."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from tests.processes.s3control.conftest import ACCOUNT, REGION, Wired

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("s3control")]


def lists(control: Any) -> bool:
    reply = control.list_jobs(AccountId=ACCOUNT, MaxResults=1)
    return bool(reply["ResponseMetadata"]["HTTPStatusCode"] == 200)


def url_called(control: Any) -> list[str]:
    """Where requests go, from now on."""
    urls: list[str] = []
    control.meta.events.register("before-send.s3-control", lambda request, **_: urls.append(
        request.url
    ))  # fmt: skip
    return urls


def test_by_region_snow(wired: Wired) -> None:
    control = wired.control(region="snow")
    urls = url_called(control)

    assert lists(control)
    assert urls == [wired.installation.url("/v20180820/jobs?maxResults=1")]


def bare_host(request: Any, **_: object) -> None:
    """The hook that the README shows: sends requests to the endpoint as it was given."""
    account = request.headers["x-amz-account-id"]
    if isinstance(account, bytes):
        account = account.decode()
    request.url = request.url.replace(f"://{account}.", "://", 1)


def test_by_a_hook_and_with_the_real_region(wired: Wired) -> None:
    control = wired.control(region=REGION)
    control.meta.events.register("before-sign.s3-control", bare_host)
    urls = url_called(control)

    assert lists(control)
    assert urls == [wired.installation.url("/v20180820/jobs?maxResults=1")]


def test_by_a_name_that_resolves(wired: Wired, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a wildcard in the DNS or a line in /etc/hosts does."""
    real = socket.getaddrinfo

    def resolve(host: Any, *arguments: Any, **more: Any) -> Any:
        local = isinstance(host, str) and host.endswith(".localhost")
        return real("127.0.0.1" if local else host, *arguments, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    port = wired.installation.port
    control = wired.control(region=REGION, endpoint=f"http://localhost:{port}")
    urls = url_called(control)

    assert lists(control)
    assert urls == [f"http://{ACCOUNT}.localhost:{port}/v20180820/jobs?maxResults=1"]


def test_by_any_other_name_that_resolves(wired: Wired, monkeypatch: pytest.MonkeyPatch) -> None:
    """No list of hosts has to name it: the signature covers the name."""
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda _host, *more, **named: real("127.0.0.1", *more, **named)
    )
    endpoint = f"http://batch.example.test:{wired.installation.port}"

    assert lists(wired.control(region=REGION, endpoint=endpoint))


# ---- the AWS CLI


def test_the_command_line_by_region_snow(wired: Wired) -> None:
    place = ("--region", "snow", "--endpoint-url", wired.installation.url(""))

    done = wired.run("list-jobs", *place)

    assert done.returncode == 0, done.stderr


def test_the_command_line_by_its_environment(wired: Wired) -> None:
    done = wired.run(
        "list-jobs",
        AWS_ENDPOINT_URL_S3_CONTROL=wired.installation.url(""),
        AWS_DEFAULT_REGION="snow",
    )

    assert done.returncode == 0, done.stderr


def test_the_command_line_by_a_proxy_that_is_lading_itself(wired: Wired) -> None:
    """Requests come in absolute form then."""
    done = wired.run(
        "list-jobs",
        *("--endpoint-url", "http://batch.example.test", "--region", REGION, "--output", "json"),
        HTTP_PROXY=wired.installation.url(""),
    )

    assert done.returncode == 0, done.stderr
    assert "Jobs" in json.loads(done.stdout)
