"""manage.py engine: django-q2's cluster with a few fixes, so that no death of a process wedges it
(django-q2.md 5.4), and that it always ends within ten seconds of being asked.
"""

from __future__ import annotations

import ctypes
import logging
import os
import queue
import signal
import sys
import time
from contextlib import suppress
from multiprocessing.context import ForkContext, ForkProcess
from threading import Event, Thread
from typing import Any

import django_q.cluster
from django.core.management.base import BaseCommand
from django.db import DatabaseError, InterfaceError, connections
from django_q.conf import Conf
from django_q.queues import Queue

from jobs import retention
from jobs.background import STOP, ThisNode, Ticker, queue_of
from jobs.models import Lane

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.5
SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
TWICE_SECONDS = 1.0
"""Within so long a second signal is the first one again: a service manager may send one to every
process, and `manage.py run` one more to the engine."""
DRAIN_SECONDS = 8.0
"""Then what has not come to an end is killed."""
IDLE_SECONDS = 3.0
"""The same where no lane is left."""
END_SECONDS = 9.0
"""Then the engine ends, even if it cannot take itself off the list."""
PR_SET_PDEATHSIG = 1
WEDGED = 3

_prctl = ctypes.CDLL(None).prctl


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


class Child(ForkProcess):
    """A process of the cluster. It is killed when its parent dies, so that no orphan goes on.

    SIGNALS stay blocked in it, as they are in the engine: what is sent to the whole process group
    reaches the engine alone, which tells the lanes. They are blocked and not ignored, since the
    sentinel sets handlers of its own.
    """

    def run(self) -> None:
        """Tie its life to the parent's before anything else."""
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != self._parent_pid:  # type: ignore[attr-defined]
            os._exit(1)
        super().run()

    def terminate(self) -> None:
        """What the sentinel does to a worker that is beyond its time; SIGTERM is blocked."""
        self.kill()


class Children(ForkContext):
    """In place of django-q2's context."""

    Process = Child


class Stopping(Thread):
    """Waits for a signal to stop, and sees to it that the engine ends.

    In a thread of its own, as a database that hangs may keep the main thread from hearing.
    """

    def __init__(self, cluster: Any) -> None:
        super().__init__(daemon=True, name="stopping")
        self.cluster = cluster
        self.asked = Event()

    def run(self) -> None:
        """Tell lanes and cluster; end everything at the second signal, or when time is over."""
        signal.sigwait(SIGNALS)
        STOP[0] = 1
        self.asked.set()
        # It may block for ever when a process was killed that waited for it.
        Thread(target=self.cluster.stop_event.set, daemon=True).start()
        time.sleep(TWICE_SECONDS)
        while signal.sigtimedwait(SIGNALS, 0):
            pass
        again = signal.sigtimedwait(SIGNALS, END_SECONDS - TWICE_SECONDS)
        told = "asked again" if again else "not everything came to an end in time"
        with suppress(OSError):  # nobody may be there to read it
            os.write(2, f"engine: {told}; ending at once\n".encode())
        self.kill()
        os._exit(0)

    def kill(self) -> None:
        """End the sentinel, and every process under it; one that has ended already is fine, and its
        pid may be another's by now.
        """
        self.cluster.sentinel.kill()


class Command(BaseCommand):
    """Run this node's workers until SIGTERM or SIGINT."""

    help = "Run the workers that prepare, execute and finish jobs. Start one on every machine."

    def handle(self, *args: Any, **options: Any) -> None:
        """Start the cluster, tick, and stop it; exit code 0 only when stopped on purpose."""
        node = ThisNode.start()
        Conf.CLUSTER_NAME = queue_of(node)
        django_q.cluster.Queue = PollQueue
        django_q.cluster.get_mp_context = Children
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        connections.close_all()
        cluster = django_q.cluster.Cluster()
        cluster.start()
        stopping = Stopping(cluster)
        stopping.start()
        retention.start()
        ticker = Ticker(node)
        self.stdout.write(f"engine {node}: {ticker.slots} workers")
        code = self.watch(ticker, stopping)
        if stopping.asked.is_set():
            code = self.drain(ticker, stopping)
        self.leave(ticker, code)
        sys.stdout.flush()
        os._exit(code)

    def watch(self, ticker: Ticker, stopping: Stopping) -> int:
        """Tick until asked to stop, or until the node is beyond help; returns the exit code."""
        while not stopping.asked.is_set():
            if not stopping.cluster.sentinel.is_alive():
                self.stderr.write("engine: the sentinel died")
                return 1
            try:
                if ticker.tick():
                    self.stderr.write(
                        "engine: no worker answers; giving up so that a fresh engine can take over"
                    )
                    stopping.kill()
                    return WEDGED
            except (DatabaseError, InterfaceError) as error:
                logger.warning("The database did not answer the ticker: %s", error)
                connections.close_all()
            except Exception:
                logger.exception("The ticker failed")
            stopping.asked.wait(TICK_SECONDS)
        return 0

    def drain(self, ticker: Ticker, stopping: Stopping) -> int:
        """Let the lanes commit and release what they hold; kill what is left after a while."""
        sentinel = stopping.cluster.sentinel
        deadline = time.monotonic() + DRAIN_SECONDS
        while sentinel.is_alive() and (now := time.monotonic()) < deadline:
            if not self.busy(ticker):
                deadline = min(deadline, now + IDLE_SECONDS)
            sentinel.join(0.2)
        if sentinel.is_alive():
            stopping.kill()
            sentinel.join()
            time.sleep(0.2)  # its children die with it, each by itself
        return 0

    def busy(self, ticker: Ticker) -> bool:
        """Whether a lane of this node still holds work."""
        try:
            return Lane.objects.filter(node=ticker.node).exists()
        except (DatabaseError, InterfaceError):
            connections.close_all()
            return True

    def leave(self, ticker: Ticker, code: int) -> None:
        """Take the node off the list; its leases run out by themselves where that fails."""
        try:
            ticker.leave(in_order=code == 0)
        except Exception:
            logger.warning("The node could not be taken off the list.", exc_info=True)
