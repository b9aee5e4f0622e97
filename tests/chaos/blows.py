"""The blows of a run. Each falls on what is there, and returns what it did; None where it found
nothing to fall on.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.engines import Engine
from tests.chaos.figures import Kill
from tests.chaos.programs import state_of
from tests.chaos.services import Services, Sqlite
from tests.chaos.store import ChaosStore, Fault, Weather
from tests.chaos.watching import Watch

SHARES = {
    Fault.SLOW_DOWN: 0.6,
    Fault.INTERNAL_ERROR: 0.4,
    Fault.SILENCE: 0.05,
    Fault.RESET: 0.3,
    Fault.HALF: 0.3,
    Fault.ERROR_INSIDE: 0.5,
}
"""The part of the requests that a fault falls on."""
ENGINE_BLOWS = ("worker",) * 4 + ("monitor", "pusher", "sentinel", "cluster", "freeze", "stop")
NOTICE_SECONDS = 5.0
"""How long a worker that wakes up may take to notice that its slice is another's."""
STALE = 3
"""Old messages that each node gets when messages are doubled."""
DUPLICATE = (
    "INSERT INTO django_q_ormq (key, payload, lock) SELECT key, payload, lock FROM django_q_ormq"
    " UNION ALL SELECT 'lading-' || name, '{message}', beat_at FROM jobs_node,"
    " (SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3)"
)


@dataclass
class Blows:
    """Deals blows; `later` calls something after so many seconds, and `lease` is the lanes'."""

    random: random.Random
    engines: list[Engine]
    services: Services | Sqlite
    store: ChaosStore
    watch: Watch
    lease: float
    later: Callable[[float, Callable[[], object]], None]
    message: str
    small_disk: Path | None = None
    kills: list[Kill] = field(default_factory=list)
    fallen: dict[str, int] = field(default_factory=dict)
    frozen: set[int] = field(default_factory=set)

    def deck(self) -> list[str]:
        """Every blow that can fall here, shuffled; worker kills more often."""
        cards = [*ENGINE_BLOWS, "duplicates", *(f"store {fault}" for fault in Fault)]
        cards += ["lock"] if isinstance(self.services, Sqlite) else ["database"]
        cards += ["flush", "redis"] if isinstance(self.services, Services) else []
        cards += ["spool"] if self.small_disk else []
        self.random.shuffle(cards)
        return cards

    def deal(self, card: str) -> str | None:
        """Let a blow fall; returns what it did."""
        if card.startswith("store "):
            told: str | None = self.fail_store(Fault(card.removeprefix("store ")))
        elif card in ENGINE_BLOWS:
            told = self.strike(card)
        else:
            for engine in self.engines:
                engine.hit(card)
            told = getattr(self, f"on_{card}")()
        if told:
            kind = "store" if card.startswith("store ") else card
            self.fallen[kind] = self.fallen.get(kind, 0) + 1
        return told

    # ---- on an engine

    def strike(self, card: str) -> str | None:
        """A blow on an engine that has all its processes."""
        whole = [engine for engine in self.engines if engine.is_whole]
        if not whole:
            return None
        engine = self.random.choice(whole)
        engine.hit(card)
        told: str | None = getattr(self, f"on_{card}")(engine)
        return f"{told} of {engine.name}" if told else None

    def worker_of(self, engine: Engine) -> int | None:
        """A worker that is not frozen; one that holds a slice where there is one."""
        found = [pid for pid in engine.pids("worker") if pid not in self.frozen]
        busy = [pid for pid in found if pid in self.watch.busy()]
        return self.random.choice(busy or found) if found else None

    def hold(self, kind: str, pids: list[int], seconds: float = 0.0) -> None:
        """Stop processes for a look at what they hold: it bounds what may be done again."""
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        self.watch.look(pids)
        now = time.monotonic()
        self.kills.append(Kill(kind, now, frozenset(pids), now + seconds))

    def on_worker(self, engine: Engine) -> str | None:
        if (pid := self.worker_of(engine)) is None:
            return None
        self.hold("worker", [pid])
        kill(pid)
        return f"kill -9 of worker {pid}"

    def on_monitor(self, engine: Engine) -> str:
        kill(engine.pids("monitor")[0])
        return "kill -9 of the monitor"

    def on_pusher(self, engine: Engine) -> str:
        kill(engine.pids("pusher")[0])
        return "kill -9 of the pusher"

    def on_sentinel(self, engine: Engine) -> str:
        self.hold("sentinel", engine.pids("worker"))
        kill(engine.sentinel)
        return "kill -9 of the sentinel"

    def on_cluster(self, engine: Engine) -> str:
        self.hold("cluster", engine.pids("worker"))
        os.killpg(engine.process.pid, signal.SIGKILL)
        return "kill -9 of all processes"

    def on_freeze(self, engine: Engine) -> str | None:
        if (pid := self.worker_of(engine)) is None:
            return None
        seconds = self.lease + self.random.uniform(1, 3)
        self.hold("freeze", [pid], seconds + NOTICE_SECONDS)
        self.frozen.add(pid)
        self.later(seconds, lambda: self.thaw(pid))
        return f"SIGSTOP of worker {pid} for {seconds:.1f} s"

    def thaw(self, pid: int) -> None:
        """Let a frozen worker go on, where it still lives."""
        if pid in self.frozen and state_of(pid) == "T":
            os.kill(pid, signal.SIGCONT)
        self.frozen.discard(pid)

    def on_stop(self, engine: Engine) -> str:
        engine.ask_to_stop()
        return "SIGTERM"

    # ---- on what all engines share

    def on_database(self) -> str:
        assert isinstance(self.services, Services)
        self.services.crash_database()
        self.services.start_database()
        return "the database crashed and was started again"

    def on_lock(self) -> str | None:
        assert isinstance(self.services, Sqlite)
        seconds = self.random.uniform(1, 2.5)
        if not self.services.lock():
            return None
        self.later(seconds, self.services.unlock)
        return f"the database was locked from outside for {seconds:.1f} s"

    def on_flush(self) -> str | None:
        assert isinstance(self.services, Services)
        self.services.redis.flushall()
        return "Redis was flushed"

    def on_redis(self) -> str | None:
        assert isinstance(self.services, Services)
        self.services.crash_redis()
        self.services.start_redis()
        return "Redis was killed and started again, empty"

    def on_duplicates(self) -> str | None:
        """Every message that waits comes twice, and an old one comes again and again."""
        if isinstance(self.services, Sqlite):
            doubled = self.services.change(DUPLICATE.format(message=self.message))
            return f"{doubled} messages came again" if doubled else None
        return self.double_in_redis(self.services)

    def double_in_redis(self, services: Services) -> str | None:
        """The same at Redis; only where the database tells which nodes there are."""
        if not services.answers():
            return None
        doubled = 0
        for (node,) in services.rows("SELECT name FROM jobs_node"):
            key = f"django_q:lading-{node}:q"
            for message in [*services.redis.lrange(key, 0, -1), *[self.message] * STALE]:
                doubled += bool(services.redis.rpush(key, message))
        return f"{doubled} messages came again" if doubled else None

    def on_spool(self) -> str:
        """Fill the small disk to its last byte for a while."""
        assert self.small_disk is not None
        filler, block = self.small_disk / "filler", bytes(2**20)
        with suppress(OSError), filler.open("wb", buffering=0) as out:
            while True:
                out.write(block)
        seconds = self.random.uniform(2, 4)
        self.later(seconds, lambda: filler.unlink(missing_ok=True))
        return f"the spool was full for {seconds:.1f} s"

    def fail_store(self, fault: Fault) -> str:
        """Let a part of the requests fail for a while."""
        weather = Weather(fault, SHARES[fault])
        seconds = self.random.uniform(2, 4)
        self.store.weather = weather
        self.later(seconds, lambda: self.clear(weather))
        return f"the store: {fault} for {weather.share:.0%} of the requests, {seconds:.1f} s"

    def clear(self, weather: Weather | None = None) -> None:
        """The store does what it is asked again."""
        if weather is None or self.store.weather is weather:
            self.store.weather = None


def kill(pid: int) -> None:
    """kill -9, of a process that may be gone."""
    if pid:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
