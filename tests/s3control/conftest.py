"""Keys, boto3 clients without a network, and a CreateJob that is accepted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from jobs.credentials import AccessKey
from jobs.members import account_of
from jobs.models import Role
from tests.s3control.wire import Key, client_of

TAGGING = {"S3PutObjectTagging": {"TagSet": [{"Key": "project", "Value": "lading"}]}}

KeyOf = Callable[[User], Key]
Asked = Callable[..., dict[str, Any]]


@pytest.fixture
def key_of() -> KeyOf:
    """An access key of a user."""

    def issue(user: User) -> Key:
        row, secret = AccessKey.issue(user)
        return Key(row.access_key_id, secret, account_of(user))

    return issue


@pytest.fixture
def key(user: User, key_of: KeyOf) -> Key:
    """The key of an operator of the default account."""
    return key_of(user)


@pytest.fixture
def control(key: Key) -> Any:
    """boto3 with that key."""
    return client_of(key)


@pytest.fixture
def lax(key: Key) -> Any:
    """boto3 with that key, which sends whatever it is given."""
    return client_of(key, lax=True)


@pytest.fixture
def asked(role: Role) -> Asked:
    """The arguments of a CreateJob: asked(Priority=3), asked(Manifest=None).

    Nothing of what they name is there but the role: a store is not asked before Preparing.
    """

    def ask(**changes: Any) -> dict[str, Any]:
        given = {
            "AccountId": role.account_id,
            "ConfirmationRequired": False,
            "Operation": TAGGING,
            "Report": {"Enabled": False},
            "ClientRequestToken": "a token",
            "Manifest": {
                "Spec": {
                    "Format": "S3BatchOperations_CSV_20180820",
                    "Fields": ["Bucket", "Key"],
                },
                "Location": {
                    "ObjectArn": "arn:aws:s3:::manifests/list.csv",
                    "ETag": "60e460c9d1046e73f7dde5043ac3ae85",
                },
            },
            "Priority": 7,
            "RoleArn": role.arn,
            **changes,
        }
        return {name: value for name, value in given.items() if value is not None}

    return ask
