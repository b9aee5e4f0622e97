"""Whether a store answers, and as S3 does; for people where it does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from jobs.accounts import Role
from jobs.errors import InvalidRequest
from operations.client_events import FAULTS, TRUE_STATUS

__all__ = ["FAULTS", "is_not_s3", "no_s3_at", "place_of", "reaching", "unreachable"]

URL = re.compile(r':? ?"https?://[^"]*"')
"""As botocore tells it; of what was asked, which means nothing to people."""
NOT_S3 = "What answers at {} does not answer as S3 does. Is it the right address?"


@contextmanager
def reaching(role: Role) -> Iterator[None]:
    """That a store does not answer, or not as S3 does, is a fault of the role that was given."""
    try:
        yield
    except FAULTS as error:
        raise InvalidRequest({"role": [unreachable(role, error)]}) from None


def is_not_s3(error: Exception) -> bool:
    """True for a success that no S3 gives, which botocore takes for a fault of the server where it
    is no XML.
    """
    if not isinstance(error, ClientError):
        return isinstance(error, ResponseParserError)
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    code = error.response.get("Error", {}).get("Code", "")
    return headers.get(TRUE_STATUS, "").startswith("2") and code.isdecimal()


def unreachable(role: Role, error: Exception) -> str:
    """A sentence for people on one of FAULTS. botocore's texts hold no secrets."""
    if is_not_s3(error):
        return no_s3_at(role)
    told = URL.sub("", str(error)).rstrip(".: ")
    return f"The store at {place_of(role)} could not be reached: {told}"[:255] + "."


def no_s3_at(role: Role) -> str:
    """What to say where something else answers."""
    return NOT_S3.format(place_of(role)[:180])


def place_of(role: Role) -> str:
    """Where the store of a role is."""
    return role.endpoint_url or f"AWS S3 in {role.region}"
