"""Suite `report`: finishing a long job, and its pages beside those of a job of ten tasks.

The account of the long job has ten thousand others, that of the short one none.
"""

from __future__ import annotations

import time
from pathlib import Path

from bench import installation, lists, long_jobs, many_jobs, pages
from bench.figures import Found, Raw
from bench.measuring import Measure
from bench.plan import Plan, label, rounds_of, say, sizes
from bench.server import NullServer

SMALL_ACCOUNT = "000000000010"
SMALL = 10
QUICK_JOBS = 100
TITLES = {"lading-report": "**Lading**, report of all tasks", "lading-commit": "Committing only"}


def report(plan: Plan, folder: Path) -> tuple[Found, dict[str, str]]:
    """A job whose tasks are all committed, one in a thousand as failed, is finished by a process
    of its own; the pages are asked for before and after.
    """
    found: Found = {}
    with NullServer() as server:
        for account in ("", SMALL_ACCOUNT):
            installation.set_role(server.endpoint_url, account)
        for count in sizes(plan):
            found[label(count)] = _finished(plan, count, folder)
    return found, TITLES


def _finished(plan: Plan, count: int, folder: Path) -> dict[str, list[Raw]]:
    path = folder / "list.csv"
    lists.write_csv(path, count)
    user = installation.somebody()
    job = long_jobs.prepared(long_jobs.uploaded(path), user)
    path.unlink()
    begun, cpu = time.perf_counter(), time.process_time()
    long_jobs.perform(job)
    runs = [Measure(count, time.perf_counter() - begun, time.process_time() - cpu).raw()]
    found: dict[str, list[Raw]] = {"lading-commit": runs, "lading-report": []}
    job.refresh_from_db()
    small = _small(folder)
    others = many_jobs.made(job, QUICK_JOBS if plan.quick else many_jobs.JOBS)
    views = pages.measured(plan, {"long": (user, job), "short": small})
    for number in range(rounds_of(plan, count)):
        long_jobs.to_finish(job)
        measure = long_jobs.alone("finish", job, count, folder)
        found["lading-report"].append(measure.raw())
        say(
            f"{label(count)}, round {number + 1}: report in {measure.seconds:.2f} s, "
            f"{measure.more['peak_mib']} MiB"
        )
    long_jobs.to_finish(small[1])
    long_jobs.alone("finish", small[1], SMALL, folder)
    views |= pages.measured(plan, {"long": (user, job), "short": small}, ended=True)
    many_jobs.forget(others)
    for one in (job, small[1]):
        long_jobs.forget(one)
    return found | views


def _small(folder: Path) -> pages.Seen:
    """A job of ten tasks in an account of its own; all of them fail, so its pages have rows."""
    path = folder / "short.csv"
    lists.write_csv(path, SMALL)
    user = installation.somebody(SMALL_ACCOUNT)
    job = long_jobs.prepared(long_jobs.uploaded(path, user), user)
    long_jobs.perform(job, every=1)
    job.refresh_from_db()
    return user, job
