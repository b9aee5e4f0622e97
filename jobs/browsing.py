"""Buckets as folders: a look around a store for somebody who has to name an object.

A page of a listing at a time, in little time: who looks around does not wait for retries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from threading import BoundedSemaphore, Thread
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from botocore.exceptions import ClientError

from jobs import stores
from jobs.answering import FAULTS, is_not_s3, no_s3_at, place_of, reaching, unreachable
from jobs.errors import InvalidRequest
from jobs.linting import role_named
from jobs.members import Rank, require
from jobs.requests import BUCKET
from operations.client_events import needed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from jobs.members import User
    from jobs.models import Role

Told = TypeVar("Told")

PAGE = 200
SECONDS = 5
ASKING = BoundedSemaphore(8)
NAMED = 5
"""So many buckets are named in a sentence."""
REFUSED = frozenset({"AccessDenied", "AllAccessDisabled", "MethodNotAllowed", "NotImplemented"})

LISTING = ("Name", "IsTruncated", "MaxKeys", "KeyCount", "Contents", "CommonPrefixes")
"""What a listing has: each store some of it, also where there is nothing to list."""


class FoundObject(NamedTuple):
    """An object that could be chosen."""

    key: str
    size: int
    modified_at: datetime | None


@dataclass(frozen=True)
class Place:
    """A page of what is in a bucket below a prefix; of the buckets, where there is no bucket."""

    bucket: str = ""
    prefix: str = ""
    buckets: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    objects: tuple[FoundObject, ...] = ()
    next_token: str = ""


class Answer(NamedTuple):
    """How a store answers a role that asks for its buckets."""

    told: str
    """A sentence for people."""
    is_well: bool = False
    """True where it lists its buckets, be there any or not."""
    buckets: tuple[str, ...] = ()


def ask_store(user: User, role: str) -> Answer:
    """Whether the store of a role answers with its keys now: told within SECONDS, whatever the
    store does.

    Raises InvalidRequest where there is no such role; NotPermitted.
    """
    require(user, Rank.SUBMITTER, "Asking a store for its buckets")
    found = role_named(user, role)
    s3 = stores.s3_for(found, retries=1, timeout=SECONDS)
    try:
        reply = _within(SECONDS, s3.list_buckets)
        return _listed(needed(reply, "Buckets", "Owner") or [])
    except TimeoutError:
        return Answer(f"The store at {place_of(found)} did not answer within {SECONDS} seconds.")
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in REFUSED:
            return Answer(f"The store answers, but the role may not list its buckets ({code}).")
        return Answer(_refusal(error, "", found))
    except FAULTS as error:
        return Answer(unreachable(found, error))


def _listed(buckets: Sequence[Any]) -> Answer:
    names = sorted(each["Name"] for each in buckets)
    if not names:
        return Answer("The store answers; it lists no buckets.", is_well=True)
    some = ", ".join([*names[:NAMED], *["…"][: len(names) - NAMED]])
    count = f"{len(names):,} buckets" if len(names) > 1 else "1 bucket"
    told = f"The store answers; it lists {count}: {some}."
    return Answer(told, is_well=True, buckets=tuple(names))


def _within(seconds: float, ask: Callable[[], Told]) -> Told:
    """What `ask` returns or raises; TimeoutError where that takes longer. A client's own limits are
    for each address and each byte alone. So a thread may outlive it, but no more of them at a time
    than ASKING: a store that is slow on purpose gets no others.
    """
    answer: Future[Told] = Future()
    if not ASKING.acquire(blocking=False):
        raise TimeoutError

    def run() -> None:
        try:
            answer.set_result(ask())
        except BaseException as error:
            answer.set_exception(error)
        finally:
            ASKING.release()

    Thread(target=run, daemon=True).start()
    return answer.result(seconds)


def look_around(
    user: User, role: str, *, bucket: str = "", prefix: str = "", token: str = ""
) -> Place:
    """What a role sees at its store; `token` is the `next_token` of the page before.

    Raises InvalidRequest, which names `role` or `place`; NotPermitted.
    """
    require(user, Rank.SUBMITTER, "Looking around in a store")
    if bucket and not BUCKET.fullmatch(bucket):  # an ARN could lead to another host
        raise InvalidRequest({"place": [f"{bucket[:80]} is no name of a bucket."]})
    found = role_named(user, role)
    s3 = stores.s3_for(found, retries=1, timeout=SECONDS)
    with reaching(found):
        try:
            return _in_bucket(s3, bucket, prefix, token) if bucket else _buckets(s3, token)
        except ClientError as error:
            if is_not_s3(error):
                raise
            raise InvalidRequest({"place": [_refusal(error, bucket, found)]}) from None


def _buckets(s3: S3Client, after: str) -> Place:
    """By name: not every store gives pages of its buckets, so the last name is the token."""
    told = needed(s3.list_buckets(), "Buckets", "Owner") or []
    names = sorted(each["Name"] for each in told if each["Name"] > after)
    more = names[PAGE - 1] if len(names) > PAGE else ""
    return Place(buckets=tuple(names[:PAGE]), next_token=more)


def _in_bucket(s3: S3Client, bucket: str, prefix: str, token: str) -> Place:
    asked: dict[str, Any] = {"ContinuationToken": token} if token else {}
    told = s3.list_objects_v2(Bucket=bucket, Prefix=prefix, Delimiter="/", MaxKeys=PAGE, **asked)
    needed(told, *LISTING)
    objects = (
        FoundObject(each["Key"], each["Size"], each.get("LastModified"))
        for each in told.get("Contents", [])
    )
    return Place(
        bucket=bucket,
        prefix=prefix,
        folders=tuple(each["Prefix"] for each in told.get("CommonPrefixes", [])),
        objects=tuple(each for each in objects if each.key != prefix),
        next_token=told.get("NextContinuationToken", ""),
    )


def _refusal(error: ClientError, bucket: str, role: Role) -> str:
    code = error.response["Error"]["Code"]
    if code.isdigit() and not code.startswith("5") and code != "429":
        return no_s3_at(role)  # botocore's own code, of an answer that names none of S3
    if code == "NoSuchBucket":
        return f"There is no bucket {bucket}."
    if code in stores.BAD_CREDENTIALS:
        return f"The store refused the role's credentials: {code}."
    if code in REFUSED and not bucket:
        return f"The role may not list the buckets ({code}). Type the name of one."
    if code in REFUSED:
        return f"The role may not list the bucket {bucket} ({code}). Type the whole location."
    return f"The store answered {code}: {error.response['Error'].get('Message', '')}"[:300]
