"""The course of the demo: start, fill, ask, wait, read back."""

from __future__ import annotations

import secrets
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from typing import TextIO, cast

from django.conf import settings
from django.contrib.auth.models import User

from jobs import services
from jobs.demo import plan, store
from jobs.demo.checking import database_faults, report_faults, report_folder
from jobs.demo.filling import fill, put_manifest
from jobs.demo.objects import MISSING, NASTY, OBJECTS
from jobs.demo.reading import read_back
from jobs.demo.terminal import Progress
from jobs.models import Job
from jobs.supervisor import ChildDied, Supervisor, engine, web_server

USERNAME = "demo"
START_SECONDS = 30
WAIT_SECONDS = 300


def function_server(port: int) -> list[str]:
    """The example function, served over Lambda's Invoke call; it is there long before its job."""
    return [
        *(sys.executable, "-m", "operations.examples.runner"),
        *("operations.examples.describe_key:handler", "--port", str(port)),
    ]


class Demo:
    """One run of it."""

    def __init__(
        self,
        store_name: str,
        store_child: Supervisor,
        children: Supervisor,
        say: Callable[[str], None],
        out: object,
    ) -> None:
        self.store = store.STORES[store_name](settings.LADING_DATA / f"demo-{store_name}")
        self.store_child = store_child
        self.children = children
        self.say = say
        self.out = cast("TextIO", out)
        web, self.function_port = store.free_ports(2)
        self.bind = f"127.0.0.1:{web}"
        self.password = secrets.token_urlsafe(9)

    def run(self) -> list[str]:
        """All of it; returns what is wrong, as sentences."""
        self._start()
        contents = self._fill()
        plans = [
            plan.tagging(contents),
            plan.copying(contents, self.store.absent_version_code),
            plan.describing(contents),
        ]
        jobs = [self._ask(each) for each in plans]
        self._wait(jobs, plans)
        faults = self._read_back(contents)
        for job, each in zip(jobs, plans, strict=True):
            faults += [*database_faults(job, each), *report_faults(job, each, self.store.client())]
            self._report(job, each)
        return faults

    def address(self) -> str:
        """Where the dashboard is, and how to enter."""
        return (
            f"\nThe dashboard:  http://{self.bind}/\n"
            f"  user          {USERNAME}\n"
            f"  password      {self.password}\n"
            f"The store:      {self.store.endpoint_url}\n"
            f"  access key    {store.ACCESS_KEY_ID}\n"
            f"  secret key    {store.SECRET_ACCESS_KEY}\n"
            "Ctrl-C ends all of it."
        )

    def _start(self) -> None:
        self.store_child.start(f"store {self.store.name}", self.store.command())
        self.children.start("engine", engine(), restart=True)
        self.children.start("web server", web_server(self.bind))
        self.children.start("function", function_server(self.function_port))
        self.user, _ = User.objects.get_or_create(
            username=USERNAME, defaults={"is_staff": True, "is_superuser": True}
        )
        self.user.set_password(self.password)
        self.user.save()
        self.store.wait(self._check)
        self.role = services.set_role(
            settings.LADING_ACCOUNT_ID,
            f"demo-{self.store.name}",
            secret_access_key=store.SECRET_ACCESS_KEY,
            access_key_id=store.ACCESS_KEY_ID,
            endpoint_url=self.store.endpoint_url,
            region=store.REGION,
            addressing="path",
        )
        services.set_function(
            settings.LADING_ACCOUNT_ID, plan.FUNCTION, f"http://127.0.0.1:{self.function_port}"
        )
        self._wait_for(f"http://{self.bind}/healthz")
        self.say(
            f"{self.store.name} is at {self.store.endpoint_url}, Lading at http://{self.bind}/"
        )

    def _check(self) -> None:
        self.store_child.check()
        self.children.check()

    def _wait_for(self, url: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            self._check()
            try:
                with urllib.request.urlopen(url, timeout=5):
                    return
            except (urllib.error.URLError, OSError) as error:
                if time.monotonic() > deadline:
                    raise ChildDied(f"The web server does not answer: {error}") from None
                time.sleep(0.2)

    def _fill(self) -> plan.Contents:
        nasty = sum(len(keys) for kind, keys in NASTY.items() if kind not in self.store.cannot_hold)
        self.say(f"Putting {OBJECTS:,} objects, {nasty} of them with nasty keys")
        for kind, reason in self.store.cannot_hold.items():
            self.say(f"  left out: {kind} ({len(NASTY[kind])} keys): {reason}")
        progress = Progress(self.out, put=OBJECTS)
        contents = fill(self.store, lambda done: progress.show("put", done))
        progress.end()
        return contents

    def _ask(self, each: plan.Plan) -> Job:
        put_manifest(self.store, each)
        job = services.create_job(self.user, each.request(self.role.name))
        self.say(
            f"Created {each.title} over {len(each.rows):,} rows: http://{self.bind}{job.get_absolute_url()}"
        )
        return job

    def _wait(self, jobs: list[Job], plans: list[plan.Plan]) -> None:
        names = [f"{job.operation_type.label.split()[0].lower()}" for job in jobs]
        totals = {name: len(each.rows) for name, each in zip(names, plans, strict=True)}
        progress = Progress(self.out, **totals)
        deadline = time.monotonic() + WAIT_SECONDS
        while not all(job.is_final for job in jobs):
            self._check()
            if time.monotonic() > deadline:
                raise ChildDied(f"The jobs did not end within {WAIT_SECONDS} s.")
            time.sleep(0.2)
            for name, job in zip(names, jobs, strict=True):
                job.refresh_from_db()
                progress.show(name, job.executed)
        progress.end()

    def _read_back(self, contents: plan.Contents) -> list[str]:
        self.say("Reading the store back, key by key")
        progress = Progress(self.out, read=len(contents.keys) + MISSING)
        faults = read_back(self.store, contents, lambda done: progress.show("read", done))
        progress.end()
        return faults

    def _report(self, job: Job, each: plan.Plan) -> None:
        elapsed = (job.terminated_at or job.created_at) - job.created_at
        failures = f"({MISSING} {each.absent_because}: {each.absent_code})"
        rate = job.executed / (job.active_time or timedelta(seconds=1)).total_seconds()
        self.say(
            f"{each.title} ({job.operation})\n"
            f"  tasks      {job.total_tasks:>6,}\n"
            f"  succeeded  {job.succeeded:>6,}\n"
            f"  failed     {job.failed:>6,}   {failures}\n"
            f"  elapsed    {elapsed.total_seconds():>6.1f} s\n"
            f"  rate       {rate:>6.0f} tasks/s while active\n"
            f"  report     s3://{plan.REPORTS}/{report_folder(job)}/manifest.json"
        )
