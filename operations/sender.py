"""The fast lane: many signed requests in flight over kept-alive connections, through libcurl.

One thread feeds targets and collects outcomes; libcurl's multi interface carries connections, TLS,
proxies, timeouts and chunked replies (design decision 12). Requests come from a proved template.
What the template is not for, and what a store redirects, goes through boto3 in threads.
"""

from __future__ import annotations

import logging
import resource
import sys
from time import monotonic

import pycurl

from operations.base import Operation, Outcome, Store, Target
from operations.connection import Connection
from operations.gate import Refused
from operations.proof import prove
from operations.replies import Reply, Verdict
from operations.request import CannotCompile, RequestTemplate
from operations.threads import ThreadSender

logger = logging.getLogger(__name__)

SPARE_DESCRIPTORS = 64
FEWEST_CONNECTIONS = 16
BOTO3_THREADS = 8
"""For targets that the template is not for."""
LONGEST_SELECT = 0.05


class CurlSender:
    """Performs an operation on targets, up to `connections` at once; to be used from one thread.

    The template must be proved. Has the interface of ThreadSender.
    """

    def __init__(self, template: RequestTemplate, connections: int) -> None:
        self._template = template
        self._connections = connections
        self._limit = connections
        self._closed = False
        self._reply = Reply(template)
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, connections)
        self._idle: list[Connection] = []
        self._busy: dict[pycurl.Curl, Connection] = {}
        self._ready: list[tuple[int, Outcome]] = []
        self._threads = ThreadSender(template.operation, template.store, BOTO3_THREADS)
        self._redirected: list[tuple[int, Target]] = []
        self._moved = False
        self._fits = True
        self._next_look = 0.0

    @property
    def most(self) -> int:
        """The greatest limit there can be."""
        return self._connections

    @property
    def limit(self) -> int:
        """How many targets may be in flight: 0 to `connections`. What is in flight stays so."""
        return self._limit

    @limit.setter
    def limit(self, limit: int) -> None:
        self._limit = max(0, min(self._connections, limit))

    @property
    def in_flight(self) -> int:
        """The number of targets sent and not yet collected."""
        aside = self._threads.in_flight + len(self._redirected)
        return len(self._busy) + len(self._ready) + aside

    @property
    def room(self) -> int:
        """How many more targets `send` takes now."""
        if self._closed or self._redirected:
            return 0
        return max(0, self._limit - self.in_flight)

    def send(self, index: int, target: Target) -> None:
        """Start the operation on a target; `index` is the caller's name for it.

        To be called as often as `room` said. Raises RuntimeError after `close`.
        """
        if self._closed:
            raise RuntimeError("The sender is closed.")
        if not (self._fits and self._template.takes(target)):
            self._redirected.append((index, target))
            self._hand_over()
            return
        connection = self._idle.pop() if self._idle else Connection(self._template)
        curl = connection.curl
        connection.start(index, target)
        self._multi.add_handle(curl)
        self._busy[curl] = connection

    def collect(self, timeout: float) -> list[tuple[int, Outcome]]:
        """All outcomes there are, after waiting up to `timeout` seconds for the first.

        Returns at once when nothing is under way. An exception that is not an outcome is raised
        here; the outcomes beside it come with the next call.
        """
        deadline = monotonic() + timeout
        while True:
            self._turn()
            if self._ready or not self.in_flight:
                break
            left = deadline - monotonic()
            if left <= 0:
                break
            if self._busy:
                self._multi.select(min(left, LONGEST_SELECT))
                self._hang_up_on_the_overdue(monotonic())
            else:
                self._ready += self._from_threads(left)
        collected, self._ready = self._ready, []
        return collected

    def _turn(self) -> None:
        """Let libcurl work, and take the replies that have come."""
        if self._busy:
            self._multi.perform()
            more = 1
            while more:
                more, done, failed = self._multi.info_read()
                for curl in done:
                    self._settle(curl, 0, "")
                for curl, number, text in failed:
                    self._settle(curl, number, text)
        if self._redirected:
            self._hand_over()
        if self._threads.in_flight:
            self._ready += self._from_threads(0)

    def _hang_up_on_the_overdue(self, now: float) -> None:
        if now < self._next_look:
            return
        self._next_look = now + 1
        overdue = [curl for curl, connection in self._busy.items() if connection.is_overdue(now)]
        for curl in overdue:
            self._settle(curl, pycurl.E_OPERATION_TIMEDOUT, "The store took too long to answer.")

    def _settle(self, curl: pycurl.Curl, fault: int, text: str) -> None:
        connection = self._busy.pop(curl)
        self._multi.remove_handle(curl)
        said = self._reply.read(connection, fault, text)
        if said is Verdict.MOVED:
            self._moved = True
            self._redirected.append((connection.index, connection.target))
        else:
            self._ready.append((connection.index, said))
        self._idle.append(connection)

    def _hand_over(self) -> None:
        while self._redirected and self._threads.room:
            self._threads.send(*self._redirected.pop())

    def _from_threads(self, timeout: float) -> list[tuple[int, Outcome]]:
        """Outcomes of what boto3 did. It follows redirects and remembers where a bucket is, so that
        the template can be made anew.
        """
        outcomes = self._threads.collect(timeout)
        if outcomes and self._moved:
            self._moved = False
            self._renew()
        return outcomes

    def _renew(self) -> None:
        try:
            self._template.renew()
            prove(self._template)
        except (CannotCompile, Refused):
            self._fits = False

    def abandon(self) -> list[int]:
        """Drop all that is in flight, and return its indexes; their outcomes never come."""
        indexes = [index for index, _ in self._ready + self._redirected]
        indexes += [connection.index for connection in self._busy.values()]
        indexes += self._threads.abandon()
        for curl in self._busy:
            self._multi.remove_handle(curl)
            curl.close()
        self._busy, self._ready, self._redirected = {}, [], []
        return sorted(indexes)

    def close(self) -> None:
        """Take no more targets, and close the connections; waits for none."""
        if self._closed:
            return
        self._closed = True
        self._threads.close()
        if not self._busy:
            for connection in self._idle:
                connection.curl.close()
            self._idle = []
            self._multi.close()


Sender = CurlSender | ThreadSender


def descriptors() -> int:
    """How many connections the process may open, leaving some descriptors for files."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return sys.maxsize
    return max(FEWEST_CONNECTIONS, limit - SPARE_DESCRIPTORS)


def sender_for(
    operation: Operation,
    store: Store,
    bucket: str,
    *,
    versions: bool,
    connections: int,
    threads: int,
) -> Sender:
    """The fastest sender that says what boto3 says: libcurl where the request can be compiled and
    the proof holds, else boto3 in threads.
    """
    if operation.in_one_request(store):
        try:
            template = RequestTemplate(operation, store, bucket, versions=versions)
            prove(template)
        except CannotCompile as reason:
            logger.warning("%s goes through boto3, which is slower: %s", operation.name, reason)
        else:
            return CurlSender(template, min(connections, descriptors()))
    return ThreadSender(operation, store, threads)
