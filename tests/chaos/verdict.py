"""The examination after a run: report by report, slice by slice, object by object, log by log."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.chaos import invariants, logs
from tests.chaos.client import Client, rows_of
from tests.chaos.figures import Figures, Kill, measure
from tests.chaos.invariants import PartRow, SliceRow
from tests.chaos.objects import Objects, Place
from tests.chaos.watching import Loss
from tests.chaos.work import SOURCE, Plan, encoded

INVENTORY = """
import json
from jobs.models import Job, Lane, Node, recent
from jobs.results import task_rows
for job in Job.objects.order_by("created_at"):
    slices = [
        [s.pk, s.origin_id, s.size, s.state, s.succeeded, s.failed, s.deferred,
         [row.decode() for row in task_rows(s)]]
        for s in job.slices.order_by("number")
    ]
    parts = [list(row) for row in job.parts.values_list(
        "slice_id", "start", "end", "succeeded", "failed", "deferred")]
    print(json.dumps({"name": job.description, "counted": [job.succeeded, job.failed],
                      "slices": slices, "parts": parts}))
print(json.dumps({"lanes": [str(lane) for lane in Lane.objects.all()],
                  "nodes": [str(node) for node in Node.objects.filter(beat_at__gt=recent(3))]}))
"""
"""Prints what the database holds at the end: a line of JSON for each job, then who is alive."""


def check_jobs(client: Client, made: Sequence[Plan], objects: Objects) -> list[str]:
    """What the API and the store tell of each job that has ended."""
    wrong = [*client.wrong, *invariants.check_bystanders(objects)]
    listed = client.call("GET", "jobs/?limit=100")["results"]
    if len(listed) != len(client.jobs):
        wrong.append(f"{len(client.jobs)} jobs were handed in, {len(listed)} are listed")
    for plan in made:
        wrong += invariants.check_end(plan, client.job(plan))
        rows: list[tuple[str, str, str]] = []
        for key, content in client.report(plan):
            delivered = objects.buckets["reports"].get(key)
            if delivered is None or delivered.body != content:
                wrong.append(f"{plan.name}: {key} was not delivered as it can be downloaded")
            rows += rows_of(content) if key.endswith(".csv") else []
        wrong += invariants.check_report(plan, rows)
        wrong += invariants.check_store(plan, objects)
    return wrong


def read_inventory(printed: str) -> tuple[dict[str, dict[str, Any]], dict[str, list[str]]]:
    """What INVENTORY printed: the jobs by name, and who is alive."""
    *jobs, alive = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    for job in jobs:
        job["slices"] = [SliceRow(*row[:-1], tuple(row[-1])) for row in job["slices"]]
        job["parts"] = [PartRow(*row) for row in job["parts"]]
    return {job["name"]: job for job in jobs}, alive


def check_database(made: Sequence[Plan], jobs: dict[str, dict[str, Any]]) -> list[str]:
    """What the database tells of slices, parts and counters."""
    wrong = []
    for plan in made:
        if job := jobs.get(plan.name):
            wrong += invariants.check_slices(plan.name, job["slices"], job["parts"])
            counted = (job["counted"][0], job["counted"][1])
            wrong += invariants.check_counters(plan, counted, job["slices"], job["parts"])
    return wrong


def re_executed(
    made: Sequence[Plan],
    jobs: dict[str, dict[str, Any]],
    objects: Objects,
    losses: Sequence[Loss],
    kills: Sequence[Kill],
) -> Figures:
    """How much was done again in the store."""
    places: dict[int, list[Place]] = {}
    mine: dict[Place, Any] = {}
    for plan in made:
        by_row = {f"{SOURCE},{encoded(key)}": plan.place_of(key) for key in plan.keys + plan.absent}
        for slice_ in jobs.get(plan.name, {}).get("slices", []):
            places[slice_.id] = [by_row[row] for row in slice_.rows]
        for place in by_row.values():
            if place in objects.effects:
                mine[place] = objects.effects[place]
    return measure(mine, losses, places, kills)


def check_logs(folder: Path, blows: set[str]) -> list[str]:
    """What web server and engines said."""
    wrong: list[str] = []
    for log in sorted([*folder.glob("engine*.log"), *folder.glob("web.log")]):
        with log.open(errors="replace") as lines:
            wrong += logs.check_log(log.stem, lines, blows)
    return wrong
