"""Commands for people, run: in a shell, in Python, and in the AWS CLI itself."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from functools import partial
from typing import Any

import boto3
import pytest
from awscli.clidriver import create_clidriver
from botocore import xform_name
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from jobs.s3control.model import find
from jobs.s3control.reading import read_input
from tests.s3control.wire import Content

URL = "http://127.0.0.1:8000"


def words_of(command: str) -> list[str]:
    """The command as a shell hands it on."""
    stand_in = "() { printf '%s\\0' {} \"$@\"; }; "
    known = "".join(f"{name}{stand_in.replace('{}', name, 1)}" for name in ("aws", "curl"))
    script = f"LADING_TOKEN=a-key; {known}{command}"
    done = subprocess.run(["/bin/sh", "-euc", script], capture_output=True, check=True)
    return done.stdout.decode().split("\0")[:-1]


class Answering:
    """Takes the one request that botocore sends, and keeps it."""

    def __init__(self) -> None:
        self.sent: list[AWSPreparedRequest] = []
        self.given: dict[str, Any] = {}

    def __call__(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        self.sent.append(request)
        body = b"<CreateJobResult><JobId>a-job</JobId></CreateJobResult>"
        return AWSResponse(request.url, 200, {}, Content(body))

    def listen(self, events: Any) -> None:
        """To a client's, or to those of the AWS CLI."""
        events.register("provide-client-params.s3-control.CreateJob", self.keep)
        events.register("before-send.s3-control", self)

    def keep(self, params: dict[str, Any], **_: object) -> None:
        """Keep the arguments of the call."""
        self.given = params

    @property
    def options(self) -> dict[str, Any]:
        """The arguments as the AWS CLI takes them."""
        given = self.given | {"Priority": str(self.given["Priority"])}
        given.pop("ClientRequestToken")  # the CLI makes one
        sure = given.pop("ConfirmationRequired")
        switch = "--confirmation-required" if sure else "--no-confirmation-required"
        where = {"--region": "snow", "--endpoint-url": URL, switch: True}
        return where | {f"--{xform_name(name, '-')}": value for name, value in given.items()}

    @property
    def members(self) -> dict[str, Any]:
        """As Lading reads them."""
        (request,) = self.sent
        assert request.url == f"{URL}/v20180820/jobs"
        call, path = find("POST", "/v20180820/jobs")
        account = request.headers["x-amz-account-id"]
        text = account.decode() if isinstance(account, bytes) else account
        return {**read_input(call, path, {}, bytes(request.body)), "AccountId": text}


Run = Callable[[str], Answering]


@pytest.fixture
def run_python(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Run:
    """Runs a snippet; what it did."""
    client = partial(boto3.client, aws_access_key_id="LADINGKEY", aws_secret_access_key="secret")

    def run(code: str) -> Answering:
        answering = Answering()

        def listened(*names: str, **options: str) -> Any:
            made = client(*names, **options)
            answering.listen(made.meta.events)
            return made

        monkeypatch.setattr(boto3, "client", listened)
        exec(compile(code, "snippet", "exec"), {})
        assert capsys.readouterr().out == "a-job\n"
        return answering

    return run


@pytest.fixture
def run_aws(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in the AWS CLI itself; what it did."""
    monkeypatch.setitem(os.environ, "AWS_ACCESS_KEY_ID", "LADINGKEY")
    monkeypatch.setitem(os.environ, "AWS_SECRET_ACCESS_KEY", "secret")

    def run(command: str) -> Answering:
        answering, driver = Answering(), create_clidriver()
        answering.listen(driver.session)
        name, *arguments = words_of(command)
        assert (name, driver.main(arguments)) == ("aws", 0)
        return answering

    return run


def options_of(command: str) -> dict[str, Any]:
    """The members that a command gives, by the CLI's names for them."""
    name, service, call, *rest = words_of(command)
    assert (name, service, call) == ("aws", "s3control", "create-job")
    given: dict[str, Any] = {}
    while rest:
        option = rest.pop(0)
        value = rest.pop(0) if rest and not rest[0].startswith("--") else True
        given[option] = json.loads(value) if str(value)[:1] in ("{", "[") else value
    return given


def body_of(command: str) -> dict[str, Any]:
    """What curl sends."""
    parts = words_of(command)
    assert parts[:2] == ["curl", f"{URL}/api/v1/jobs/"]
    assert "Authorization: Token a-key" in parts
    body: dict[str, Any] = json.loads(parts[parts.index("-d") + 1])
    return body
