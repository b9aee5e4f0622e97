"""manage.py engine: django-q2's cluster with four fixes, so that no death of a process wedges it
(django-q2.md 5.4).
"""

from __future__ import annotations

import ctypes
import logging
import os
import queue
import signal
import sys
import threading
import time
from typing import Any

import django_q.cluster
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connections
from django_q.conf import Conf
from django_q.queues import Queue

from jobs import retention
from jobs.background import STOP, ThisNode, Ticker, queue_of
from jobs.models import Lane

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.5
DRAIN_SECONDS = 15.0
PR_SET_PDEATHSIG = 1
WEDGED = 3


class PollQueue(Queue):  # type: ignore[misc]
    """Never waits while holding the reader's lock, which a kill -9 would leave locked for ever
    (django-q2 issue 23).
    """

    def get(self, *args: Any, **kwargs: Any) -> Any:
        """Wait for the pipe without the lock, then take the lock without waiting."""
        while True:
            if self._reader.poll(1.0):
                try:
                    return super().get(block=False)
                except queue.Empty:
                    time.sleep(0.002)


def die_with_parent() -> None:
    """From now on forked children are killed when their parent dies: no orphan goes on."""
    libc = ctypes.CDLL(None)
    parent = [0]

    def before() -> None:
        parent[0] = os.getpid()

    def in_child() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent[0]:
            os._exit(1)

    os.register_at_fork(before=before, after_in_child=in_child)


class Command(BaseCommand):
    """Run this node's workers until SIGTERM or SIGINT."""

    help = "Run the workers that prepare, execute and finish jobs. Start one on every machine."

    def handle(self, *args: Any, **options: Any) -> None:
        """Start the cluster, tick, and stop it; exit code 0 only when stopped on purpose."""
        node = ThisNode.start()
        Conf.CLUSTER_NAME = queue_of(node)
        django_q.cluster.Queue = PollQueue
        die_with_parent()
        connections.close_all()
        cluster = django_q.cluster.Cluster()
        cluster.start()
        retention.start()
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.ask_to_stop(stopping))
        ticker = Ticker(node)
        self.stdout.write(f"engine {node}: {ticker.slots} workers")
        code = self.watch(cluster, ticker, stopping)
        if stopping.is_set():
            code = self.drain(cluster, ticker)
        self.leave(ticker)
        sys.stdout.flush()
        os._exit(code)

    def ask_to_stop(self, stopping: threading.Event) -> None:
        """The signal's handler: sets flags, does nothing that could block."""
        STOP[0] = 1
        stopping.set()

    def watch(self, cluster: Any, ticker: Ticker, stopping: threading.Event) -> int:
        """Tick until asked to stop, or until the node is beyond help; returns the exit code."""
        while not stopping.is_set():
            if not cluster.sentinel.is_alive():
                self.stderr.write("engine: the sentinel died")
                return 1
            try:
                if ticker.tick():
                    self.stderr.write(
                        "engine: no worker answers; giving up so that a fresh engine can take over"
                    )
                    os.kill(cluster.sentinel.pid, signal.SIGKILL)
                    return WEDGED
            except DatabaseError as error:
                logger.warning("The database did not answer the ticker: %s", error)
                connections.close_all()
            except Exception:
                logger.exception("The ticker failed")
            stopping.wait(TICK_SECONDS)
        return 0

    def drain(self, cluster: Any, ticker: Ticker) -> int:
        """Let the lanes commit and release what they hold, within DRAIN_SECONDS; then kill what is
        left.

        `stop_event.set` may block for ever when a waiting process was killed, so it is never called
        in this thread.
        """
        threading.Thread(target=cluster.stop_event.set, daemon=True).start()
        deadline = time.monotonic() + DRAIN_SECONDS
        while cluster.sentinel.is_alive() and time.monotonic() < deadline:
            if not self.busy(ticker) and deadline - time.monotonic() > 3.0:
                deadline = time.monotonic() + 3.0
            time.sleep(0.05)
        if cluster.sentinel.is_alive():
            os.kill(cluster.sentinel.pid, signal.SIGKILL)
            cluster.sentinel.join(5)
        return 0

    def busy(self, ticker: Ticker) -> bool:
        """Whether a lane of this node still holds work."""
        try:
            return Lane.objects.filter(node=ticker.node).exists()
        except DatabaseError:
            connections.close_all()
            return True

    def leave(self, ticker: Ticker) -> None:
        """Take the node off the list; its leases run out by themselves where that fails."""
        try:
            ticker.leave()
        except Exception:
            logger.warning("The node could not be taken off the list.", exc_info=True)
