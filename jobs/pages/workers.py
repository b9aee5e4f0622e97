"""The page of the workers: which engines are alive, and what their lanes are at."""

from __future__ import annotations

from dataclasses import dataclass

from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from jobs import services
from jobs.pages.access import PageRequest, signed_in
from jobs.pages.progress import Progress
from jobs.pages.words import duration
from jobs.workers import LaneSeen, NodeSeen


@dataclass(frozen=True)
class LaneRow:
    """A worker at work, in the words of the page."""

    seen: LaneSeen

    @property
    def host(self) -> str:
        """The machine's name, without what tells its boots and containers apart."""
        return self.seen.lane.host.partition("/")[0]

    @property
    def title(self) -> str:
        """What people call the job; empty where it is not theirs."""
        return Progress(self.seen.job).title if self.seen.job else ""

    @property
    def doing(self) -> str:
        """What it does with the job."""
        lane = self.seen.lane
        if lane.slice:
            return f"Slice {lane.slice.number:,}, {lane.slice.size:,} tasks"
        return {"Preparing": "Prepares the job", "Finishing": "Finishes the job"}.get(
            lane.stage, "Takes up a slice"
        )

    @property
    def rate(self) -> str:
        """Of late; a dash where there is none yet, or nothing to count, or no sign of life."""
        rate = 0.0 if self.seen.silent else self.seen.lane.rate
        return (f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}") if rate else "–"

    @property
    def working(self) -> str:
        """For how long on it."""
        return duration(self.seen.working)

    @property
    def silent(self) -> str:
        """For how long without a sign of life; empty while all is well."""
        return duration(self.seen.silent) if self.seen.silent else ""


@dataclass(frozen=True)
class NodeRow:
    """An engine, in the words of the page."""

    seen: NodeSeen

    @property
    def lanes(self) -> list[LaneRow]:
        """Its workers that are at work."""
        return [LaneRow(lane) for lane in self.seen.lanes]

    @property
    def running(self) -> str:
        """For how long."""
        return duration(self.seen.running)


@signed_in
@require_safe
def workers(request: PageRequest) -> HttpResponseBase:
    """Everything that is alive; as a fragment, what changes."""
    found = services.workers_of(request.user)
    context = {
        "workers": found,
        "nodes": [NodeRow(node) for node in found.nodes],
        "alarms": found.alarms,
    }
    template = "workers/_live.html" if request.htmx else "workers/list.html"
    return render(request, template, context)
