"""The only importer of django-q2, with the engine command: doorbells that start lanes (design
decision 8).

A message carries nothing and is acknowledged at its start: losing or doubling one costs half a
second or an empty claim. Every node has a queue of its own, so that its watchdog can judge whether
its own workers answer.
"""

from __future__ import annotations

import logging
import mmap
import os
import secrets
import time
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.db.models.functions import Now
from django.dispatch import receiver
from django_q.brokers import Broker, get_broker
from django_q.signals import pre_execute
from django_q.tasks import async_task

from jobs import alarms, lanes, leases, lifecycle, presence, working
from jobs.database import write
from jobs.models import Lane, Node, recent
from jobs.presence import NODE_SECONDS

logger = logging.getLogger(__name__)

UNANSWERED_SECONDS = 12.0
"""A node whose doorbells nobody answers for so long is wedged."""
RING_AGAIN_SECONDS = 2.0

STOP = mmap.mmap(-1, 1)
"""Set to 1 by the engine to stop its lanes; shared by fork, without a lock that a killed process
could keep.
"""


class ThisNode:
    """The node that this process belongs to; set by the engine before it forks its workers."""

    name = ""

    @classmethod
    def start(cls) -> str:
        """Name the node: one for each start of an engine."""
        cls.name = f"{os.uname().nodename[:60]}-{secrets.token_hex(3)}"
        return cls.name


def queue_of(node: str) -> str:
    """The name of a node's queue at the broker."""
    return f"lading-{node}"


@lru_cache(maxsize=64)
def _broker(queue: str, pid: int) -> Broker:
    """One broker for each queue and process: connections are not shared over a fork."""
    return get_broker(queue)


def broker(node: str) -> Broker:
    """The broker of a node's queue."""
    return _broker(queue_of(node), os.getpid())


# ---- ringing


def ring() -> None:
    """Tell the workers of every living node that there may be work. Never fails: the tickers ring
    again.
    """
    try:
        for node in Node.objects.filter(beat_at__gt=recent(NODE_SECONDS)):
            _ring_node(node.name, node.slots)
    except Exception:
        logger.warning(
            "The doorbell could not be rung; the engine will look by itself.", exc_info=True
        )


def _ring_node(node: str, times: int) -> None:
    queue = broker(node)
    for _ in range(max(0, times - int(queue.queue_size()))):
        async_task("jobs.background.lane", broker=queue, save=False, timeout=-1)


@receiver(pre_execute)
def acknowledge(sender: object, func: object, task: dict[str, Any], **_: object) -> None:
    """Take the message off the queue before the lane starts, so that it can never be delivered
    again.
    """
    if func is lane and (ack_id := task.pop("ack_id", None)):
        broker(ThisNode.name).acknowledge(ack_id)


def lane() -> int:
    """What a doorbell starts."""
    node = ThisNode.name
    with write():
        Node.objects.filter(pk=node).update(answered_at=Now())
    return working.work(node, stop=lambda: STOP[0] == 1)


# ---- the ticker and the watchdog, in the main process of every node


class Ticker:
    """Looks twice a second: beats for the node, ends dead lanes' leases, moves jobs on, rings, and
    judges the node.
    """

    def __init__(self, node: str) -> None:
        self.node = node
        self.slots = settings.LADING_WORKERS
        self.unanswered_since: float | None = None
        self.rang_at = 0.0
        self.answered_at: object = None
        self.waits: bool | None = None
        self.told: set[int] = set()

    def tick(self) -> bool:
        """One look; True when the node is wedged: work waits, doorbells ring, and no worker
        answers.
        """
        self.beat()
        presence.reap()
        self.advance()
        self.tell_of_crashes()
        free = self.slots - Lane.objects.filter(node=self.node).count()
        waits = free > 0 and bool(lanes.waiting())
        self.remember(waits)
        if not waits:
            self.unanswered_since = None
            return False
        now = time.monotonic()
        if now - self.rang_at > RING_AGAIN_SECONDS:
            _ring_node(self.node, free)
            self.rang_at = now
        return self.judge(now)

    def advance(self) -> None:
        """Move jobs on. What is wrong with one of them keeps nobody from ringing for the others."""
        try:
            lifecycle.advance()
        except DatabaseError:
            raise
        except Exception:
            logger.exception("Not every job could be moved on")

    def remember(self, waits: bool) -> None:  # noqa: FBT001
        """For the alarm: nothing is written as long as nothing waits."""
        if waits or self.waits is not False:
            alarms.remember(self.node, waits=waits)
        self.waits = waits

    def tell_of_crashes(self) -> None:
        """Log once of each slice whose workers die again and again."""
        found = list(alarms.crashing()[: alarms.MOST_SLICES])
        for slice_ in found:
            if slice_.pk not in self.told:
                logger.error("Job %s: %s", slice_.job_id, alarms.alarm_of(slice_).message)
        self.told = {slice_.pk for slice_ in found}

    def judge(self, now: float) -> bool:
        """Whether our own doorbells have gone unanswered for too long."""
        answered_at = (
            Node.objects.filter(pk=self.node).values_list("answered_at", flat=True).first()
        )
        if self.unanswered_since is None or answered_at != self.answered_at:
            self.unanswered_since, self.answered_at = now, answered_at
        return now - self.unanswered_since > UNANSWERED_SECONDS

    def beat(self) -> None:
        """Say that the node is there, and forget nodes that are not, with their queues."""
        with write():
            if not Node.objects.filter(pk=self.node).update(beat_at=Now()):
                Node.objects.create(
                    name=self.node,
                    host=leases.host(),
                    pid=os.getpid(),
                    slots=self.slots,
                    **alarms.inherit(),
                )
        for gone in Node.objects.filter(beat_at__lt=recent(60)):
            broker(gone.name).delete_queue()
            with write():
                gone.delete()

    def leave(self, *, in_order: bool) -> None:
        """The node stops, and its lanes are gone. Its successor inherits what it remembers, unless
        it stops in order.
        """
        presence.reap()
        with write():
            row = Node.objects.filter(pk=self.node)
            if in_order:
                row.delete()
            else:
                row.update(beat_at=recent(NODE_SECONDS))
        broker(self.node).delete_queue()
