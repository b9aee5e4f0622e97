"""A store whose every answer the test decides, behind the interface of the sender."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from io import BytesIO
from typing import Any

from botocore.awsrequest import AWSResponse

from operations.base import SUCCESSFUL, Again, Outcome, Target


def refusal(status: int | None, code: str, message: str, again: Again = Again.NEVER) -> Outcome:
    return Outcome(
        succeeded=False, http_status=status, error_code=code, message=message, again=again
    )


FORBIDDEN = refusal(403, "AccessDenied", "Access Denied")
MISSING = refusal(404, "NoSuchKey", 'There is no "object", says the store')
FAULT = refusal(500, "InternalError", "We encountered an internal error.", Again.FAULT)
THROTTLED = refusal(503, "SlowDown", "Please reduce your request rate.", Again.THROTTLED)
CREATED = Outcome(succeeded=True, http_status=201, error_code="", message="Created")


class Body(BytesIO):
    """A body as urllib3 gives it."""

    def stream(self, **_: object) -> list[bytes]:
        return [self.read()]


def reply_to(request: Any, status: int, code: str) -> AWSResponse:
    """A store's refusal, for a handler of botocore's before-send event."""
    text = f"<Error><Code>{code}</Code><Message>No.</Message></Error>"
    return AWSResponse(request.url, status, {}, Body(text.encode()))


class Script:
    """What the store says: `on(key, …)` gives a key's answers in turn; the last one is repeated.

    An answer of None does not come before `release`. Other keys succeed.
    """

    def __init__(self) -> None:
        self.otherwise: Outcome | None = SUCCESSFUL
        self.sent: list[str] = []
        self.targets: list[Target] = []
        self.senders: list[ScriptedSender] = []
        self._answers: dict[str, list[Outcome | None]] = {}
        self._actions: dict[str, list[Callable[[], object]]] = defaultdict(list)

    def on(self, key: str, *answers: Outcome | None) -> None:
        self._answers[key] = list(answers)

    def when_sent(self, key: str, action: Callable[[], object]) -> None:
        """Run `action` once, when the key is sent next."""
        self._actions[key].append(action)

    def answer(self, target: Target) -> Outcome | None:
        self.sent.append(target.key)
        self.targets.append(target)
        for action in self._actions.pop(target.key, []):
            action()
        answers = self._answers.get(target.key, [self.otherwise])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def release(self, key: str, outcome: Outcome) -> None:
        """Let the answer come that was held back."""
        for sender in self.senders:
            for index, target in sender.targets.items():
                if target.key == key and sender.pending.get(index, outcome) is None:
                    sender.pending[index] = outcome

    def sender(self, *_: object, **__: object) -> ScriptedSender:
        """A new sender, in place of `sender_for`."""
        self.senders.append(ScriptedSender(self))
        return self.senders[-1]


class ScriptedSender:
    """Up to `limit` targets in flight; their answers are those of the script."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.limit = self.most = 16
        self.most_in_flight = 0
        self.is_closed = False
        self.pending: dict[int, Outcome | None] = {}
        self.targets: dict[int, Target] = {}

    @property
    def in_flight(self) -> int:
        return len(self.pending)

    @property
    def room(self) -> int:
        return max(0, self.limit - len(self.pending))

    def send(self, index: int, target: Target) -> None:
        assert self.room, "sent without room"
        assert index not in self.pending, "sent twice at the same time"
        self.targets[index] = target
        self.pending[index] = self.script.answer(target)
        self.most_in_flight = max(self.most_in_flight, self.in_flight)

    def collect(self, timeout: float) -> list[tuple[int, Outcome]]:
        ready = [(index, said) for index, said in self.pending.items() if said is not None]
        for index, _ in ready:
            del self.pending[index]
        if self.pending and not ready:
            time.sleep(min(timeout, 0.002))
        return ready

    def abandon(self) -> list[int]:
        indexes, self.pending = sorted(self.pending), {}
        return indexes

    def close(self) -> None:
        self.is_closed = True
