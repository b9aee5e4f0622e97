"""One run: start everything, let blows fall while jobs run, wait until they end, and examine."""

from __future__ import annotations

import heapq
import itertools
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos import invariants, verdict
from tests.chaos.blows import Blows
from tests.chaos.client import Client, Refused
from tests.chaos.clock import wrong_clock
from tests.chaos.engines import Engine, stop_all
from tests.chaos.figures import Figures
from tests.chaos.installation import LEASE_SECONDS, Installation
from tests.chaos.objects import Objects
from tests.chaos.programs import Programs, mount_small_disk, unmount, until
from tests.chaos.services import Missing, Services, Sqlite
from tests.chaos.store import ChaosStore
from tests.chaos.watching import Watch
from tests.chaos.work import BUCKETS, Plan, fill, plans
from tests.processes.installation import PROGRAMS, free_port

SPOOL_MEBIBYTES = 96
GAP_SECONDS = (0.6, 2.2)
FIRST_TASK_SECONDS = 20
"""Blows begin with the first task, or after so long."""
STORM_SHARE = 0.7
"""The store is well for the rest of the time, as what it refused waits for ten seconds and more."""
LONGEST_SETTLE = 4
"""How many times the patience with jobs that stand still may be spent on jobs that move."""
TEND_SECONDS = 0.1
LOOK_SECONDS = 0.25


@dataclass
class Asked:
    """What a run is asked for."""

    seconds: float
    seed: int
    settle: float
    services: bool
    say: Callable[[str], None]


@dataclass
class Run:
    """The whole installation of a run, in `folder`. `close` ends all of it, at any time."""

    asked: Asked
    folder: Path
    due: list[tuple[float, int, Callable[[], object]]] = field(default_factory=list)
    engines: list[Engine] = field(default_factory=list)

    # ---- the beginning

    def start(self) -> None:
        """Start store, services, web server and engines."""
        asked = self.asked
        self.numbers = itertools.count()
        self.plans = plans(asked.seed, asked.seconds)
        self.objects = Objects(*BUCKETS)
        fill(self.objects, self.plans)
        self.store = ChaosStore(self.objects, asked.seed)
        spool = self.folder / "spool"
        why_no_disk = mount_small_disk(spool, SPOOL_MEBIBYTES)
        if why_no_disk:
            asked.say(f"skipped: a full spool, as there is no small disk for it ({why_no_disk})")
        self.programs = Programs(self.folder, {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
        self.services = (Services if asked.services else Sqlite)(self.programs)
        self.install()
        self.watch = Watch(self.services.rows)
        for number in (1, 2):
            engine = Engine(number, self.programs, asked.say, self.clock_of(number))
            self.engines.append(engine)
        self.blows = Blows(
            random.Random(asked.seed),
            self.engines,
            self.services,
            self.store,
            self.watch,
            LEASE_SECONDS,
            self.later,
            self.installation.message,
            None if why_no_disk else spool,
        )
        until(lambda: all(engine.is_whole for engine in self.engines), 30, "the engines")
        asked.say(f"{self.services.name}, two engines, a web server and a store are up")

    def install(self) -> None:
        """An installation with its web server, a user and a role."""
        self.installation = Installation(self.folder, self.services.environment, self.store.start())
        self.programs.environment = self.installation.environment
        port = free_port()
        self.web = self.programs.start(
            "web",
            *(PROGRAMS / "gunicorn", "config.wsgi", f"--bind=127.0.0.1:{port}"),
            *("--worker-class=gthread", "--threads=4", "--no-control-socket"),
        )
        address = f"http://127.0.0.1:{port}"
        self.client = Client(address, self.installation.token, self.asked.say)
        self.client.call("GET", "jobs/")

    def clock_of(self, number: int) -> dict[str, str]:
        """The environment of an engine: the second's clock is an hour off, where machines may
        differ. With SQLite all are on one machine, whose clock is the database's.
        """
        if number != 2 or isinstance(self.services, Sqlite):
            return {}
        hours = random.Random(self.asked.seed).choice((1, -1))
        try:
            environment = wrong_clock(hours * 3600, self.folder)
        except RuntimeError as why:
            if os.environ.get("LADING_REQUIRE_ALL") == "1":
                raise Missing(f"no clock can be made wrong, as {why}") from None
            self.asked.say(f"skipped: a wrong clock, as {why}")
            return {}
        self.asked.say(f"the clock of engine2 is wrong by {hours:+} h")
        return environment

    # ---- the middle

    def later(self, seconds: float, action: Callable[[], object]) -> None:
        """Do something in so many seconds."""
        heapq.heappush(self.due, (time.monotonic() + seconds, next(self.numbers), action))

    def tend(self, until_time: float) -> None:
        """Keep the engines, watch, and do what is due, for a while."""
        while (now := time.monotonic()) < until_time:
            while self.due and self.due[0][0] <= now:
                heapq.heappop(self.due)[2]()
            for engine in self.engines:
                engine.tend()
            if now - self.looked_at > LOOK_SECONDS:
                self.watch.look()
                self.looked_at = now
            time.sleep(TEND_SECONDS)

    def beat_up(self) -> None:
        """Let blows fall while jobs are handed in and worked on."""
        asked, stop = self.asked, threading.Event()
        start, self.looked_at = time.monotonic(), 0.0
        client = threading.Thread(
            target=self.client.hand_in, args=(self.plans, start, stop), daemon=True
        )
        client.start()
        while not self.objects.effects and time.monotonic() < start + FIRST_TASK_SECONDS:
            self.tend(time.monotonic() + TEND_SECONDS)
        deck: list[str] = []
        start = time.monotonic()
        while (now := time.monotonic()) < start + asked.seconds:
            self.tend(min(now + self.blows.random.uniform(*GAP_SECONDS), start + asked.seconds))
            deck = deck or self.blows.deck()
            card = deck.pop()
            if card.startswith("store ") and now > start + STORM_SHARE * asked.seconds:
                continue
            if told := self.blows.deal(card):
                asked.say(told)
            else:  # nothing was there to be hit: it falls later
                deck.insert(0, card)
        client.join(60)
        stop.set()

    def settle(self) -> list[str]:
        """No more blows: wait until every job has ended, or nothing moves any more."""
        self.blows.clear()
        for _, _, action in sorted(self.due, key=lambda entry: entry[0]):
            action()
        self.due.clear()
        self.asked.say("no more blows")
        deadline = time.monotonic() + self.asked.settle
        last, before = deadline + LONGEST_SETTLE * self.asked.settle, ""
        while (now := time.monotonic()) < min(deadline, last):
            self.tend(now + 0.5)
            try:
                found = [self.client.settled(plan) for plan in self.open_jobs()]
            except Refused as error:
                return [str(error)]
            if all(found):
                return []
            if (progress := self.client.progress) != before:
                deadline, before = time.monotonic() + self.asked.settle, progress
        return [f"{plan.name} did not end" for plan in self.open_jobs()]

    def open_jobs(self) -> list[Plan]:
        """Jobs that were handed in and are not known to have ended."""
        return [
            plan
            for plan in self.plans
            if plan.number in self.client.jobs and plan.number not in self.client.ended
        ]

    # ---- the end

    def examine(self) -> tuple[list[str], Figures]:
        """What is wrong, and what was measured. Stops the engines on the way."""
        self.asked.say("examining")
        lost = [plan for plan in self.plans if plan.number not in self.client.jobs]
        ended = [plan for plan in self.plans if plan.number in self.client.ended]
        wrong = verdict.check_jobs(self.client, ended, self.objects)
        wrong += [f"{plan.name} was never handed in" for plan in lost]
        wrong += stop_all(self.engines)
        printed = self.installation.run(verdict.INVENTORY)
        jobs, alive = verdict.read_inventory(printed)
        wrong += verdict.check_database(ended, jobs)
        wrong += [f"{kind} still listed: {names}" for kind, names in alive.items() if names]
        blows = self.blows
        figures = verdict.re_executed(
            self.plans, jobs, self.objects, self.watch.losses, blows.kills
        )
        if figures.unexplained:
            told = invariants.some(figures.unexplained)
            wrong.append(f"tasks were done again that no lane had lost: {told}")
        self.programs.end(self.web)
        self.services.close()
        wrong += [f"process {pid} is left" for pid in self.programs.left()]
        wrong += verdict.check_logs(self.folder, set(blows.fallen))
        unknown = sorted(set(self.objects.unknown))
        wrong += [f"the store of the suite does not know the request {name}" for name in unknown]
        return wrong, figures

    def close(self) -> None:
        """End every process that is left: engines at once, so that Ctrl-C is not waited for."""
        for engine in self.engines:
            self.programs.end(engine.process, signal.SIGKILL)
        if hasattr(self, "services"):
            self.services.close()
        if hasattr(self, "programs"):
            self.programs.end_all()
        unmount(self.folder / "spool")
