"""Try a case at a store on every key through one lane, and judge what the store did."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import Enum
from time import monotonic
from typing import Any

from botocore.exceptions import ClientError

from operations.base import Operation, Outcome, Store, Target
from operations.sender import CurlSender, Sender, sender_for
from operations.threads import ThreadSender
from tests.stores.cases import Case, Trial
from tests.stores.keys import KEYS
from tests.stores.shop import Shop, Unreadable, code_of

SECONDS = 60.0
THREADS = 6
WORKS = "works"
IGNORED = "ignored silently"
DESTROYS = "destroys data"
UNSEEN = "accepted, effect not shown"
NO_VERSIONS = "no versions"
BUCKET_OF_LANE = re.compile("-(libcurl|boto3)(?=-replicas)")
REQUEST_ID = re.compile(r"(Request ID: )[^;)]*")


class Lane(Enum):
    """The ways to a store."""

    CURL = "libcurl"
    BOTO3 = "boto3"


@dataclass(frozen=True)
class Sight:
    """What can be seen of an object, and of the version of it that is not to be touched."""

    contents: list[Any]
    """Of the target, and with versions also of the latest and of the one not to be touched."""
    effect: Any
    other_effect: Any


@dataclass(frozen=True)
class Subject:
    """An object that the operation is tried on."""

    target: Target
    other: Target | None
    body: bytes


@dataclass(frozen=True)
class Found:
    """What came of one key: the outcome as the report tells it, and what the store really did."""

    outcome: Outcome | None
    verdict: str


def perform_all(sender: Sender, targets: Sequence[Target]) -> list[Outcome]:
    """The outcomes of all targets, in their order."""
    outcomes: dict[int, Outcome] = {}
    sent, deadline = 0, monotonic() + SECONDS
    while len(outcomes) < len(targets):
        assert monotonic() < deadline, f"{len(outcomes)} of {len(targets)} after {SECONDS} s"
        while sent < len(targets) and sender.room:
            sender.send(sent, targets[sent])
            sent += 1
        outcomes.update(sender.collect(1.0))
    sender.close()
    return [outcomes[index] for index in range(len(targets))]


def sender_of(lane: Lane, operation: Operation, store: Store, target: Target) -> Sender:
    """The sender of a lane. An operation of several requests has only boto3's."""
    if lane is Lane.BOTO3 or not operation.in_one_request(store):
        return ThreadSender(operation, store, 4)
    versions = target.version_id is not None
    sender = sender_for(
        operation, store, target.bucket, versions=versions, connections=8, threads=4
    )
    assert isinstance(sender, CurlSender), f"{operation.name} has no template that holds"
    return sender


def without_request_ids(outcome: Outcome) -> Outcome:
    """The outcome without what differs from request to request, and from lane to lane."""
    message = BUCKET_OF_LANE.sub("", REQUEST_ID.sub(r"\1", outcome.message))
    return replace(outcome, message=message)


def try_case(shop: Shop, case: Case, lane: Lane, *, versions: bool) -> dict[str, Found]:
    """What came of every kind of key that the store is tried with."""
    bucket = f"{case.slug}-{'version' if versions else 'latest'}-{lane.value}"
    shop.make_bucket(bucket, versions=versions, locked=case.locked)
    trial = Trial(shop, bucket)
    case.arrange(trial)
    kinds = shop.server.kinds if case.on_every_key else shop.server.few

    def put(kind: str) -> Subject | str:
        return _put(trial, case, KEYS[kind], versions=versions)

    with ThreadPoolExecutor(THREADS) as pool:
        made = dict(zip(kinds, pool.map(put, kinds), strict=True))
        subjects = {kind: each for kind, each in made.items() if isinstance(each, Subject)}
        found = _perform(trial, case, lane, subjects, pool) if subjects else {}
    return {
        kind: found[kind] if isinstance(each, Subject) else Found(None, each)
        for kind, each in made.items()
    }


def _put(trial: Trial, case: Case, key: str, *, versions: bool) -> Subject | str:
    """Put an object, and prepare it; or why that cannot be done here."""
    body = f"the body of {key}".encode()
    try:
        version = trial.shop.put(trial.bucket, key, body, **case.put)
        other = None
        if versions:
            if version is None:
                return NO_VERSIONS
            newer = trial.shop.put(trial.bucket, key, b"newer than " + body, **case.put)
            other = Target(trial.bucket, key, newer)
    except ClientError as error:
        return f"cannot be put: {code_of(error)}"
    target = Target(trial.bucket, key, version if versions else None)
    try:
        case.before(trial, target)
    except ClientError as error:
        return f"cannot be tried: {code_of(error)}"
    return Subject(target, other, body)


def _perform(
    trial: Trial, case: Case, lane: Lane, subjects: Mapping[str, Subject], pool: Executor
) -> dict[str, Found]:
    def look(subject: Subject) -> Sight:
        return _look(trial, case, subject)

    operation, tried = case.operation(trial), list(subjects.values())
    targets = [subject.target for subject in tried]
    before = list(pool.map(look, tried))
    store = trial.shop.store(asks_size=lane is Lane.BOTO3)
    outcomes = perform_all(sender_of(lane, operation, store, targets[0]), targets)
    after = list(pool.map(look, tried))
    return {
        kind: Found(outcome, judge(was, outcome, now, case, subject.body))
        for (kind, subject), was, outcome, now in zip(
            subjects.items(), before, outcomes, after, strict=True
        )
    }


def _look(trial: Trial, case: Case, subject: Subject) -> Sight:
    other, shop = subject.other, trial.shop
    latest = Target(*subject.target[:2])
    places = [subject.target, latest, other] if other else [subject.target]
    return Sight(
        contents=[shop.content(place, archived=case.archived) for place in places],
        effect=case.effect(trial, subject.target),
        other_effect=case.effect(trial, other) if other and not case.elsewhere else None,
    )


def judge(was: Sight, outcome: Outcome, now: Sight, case: Case, body: bytes) -> str:
    """What the store did, whatever it said."""
    wanted = case.wanted(body)
    if was.contents != now.contents:
        return DESTROYS
    if was.other_effect != now.other_effect:
        return "wrong: another version changed"
    if not outcome.succeeded:
        said = f"{outcome.http_status} {outcome.error_code}".removesuffix(f" {outcome.http_status}")
        return f"refused: {said}" if was.effect == now.effect else f"wrong: done, yet {said}"
    if case.tells:
        return WORKS if case.tells(outcome, body) else f"wrong: {outcome.message}"[:80]
    if now.effect == wanted:
        return WORKS if was.effect != wanted else UNSEEN
    if isinstance(now.effect, Unreadable):
        return UNSEEN
    return IGNORED if was.effect == now.effect else "wrong: not what was asked for"
