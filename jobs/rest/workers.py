"""The workers in the JSON API: which engines are alive, and what their lanes are at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.decorators import api_view
from rest_framework.response import Response

from jobs import services
from jobs.rest import representation as show
from jobs.rest import shapes_of_work as shapes
from jobs.rest.schema import answers, described

if TYPE_CHECKING:
    from rest_framework.request import Request

    from jobs.alarms import Alarm
    from jobs.workers import LaneSeen, NodeSeen


@described(
    GET=answers("The engines that are alive.", shapes.Workers),
)
@api_view(["GET"])
def workers(request: Request) -> Response:
    """The engines that were seen in the last seconds. Jobs of other accounts are not named."""
    found = services.workers_of(request.user)
    shown: shapes.Workers = {
        "slots": found.slots,
        "free": found.free,
        "nodes": [_node(seen, request) for seen in found.nodes],
        "alarms": [_alarm(alarm, request) for alarm in found.alarms],
    }
    return Response(shown)


def _node(seen: NodeSeen, request: Request) -> shapes.Node:
    return {
        "name": seen.node.name,
        "host": seen.host,
        "pid": seen.node.pid,
        "started_at": seen.node.started_at,
        "slots": seen.node.slots,
        "free": seen.free,
        "lanes": [_lane(lane, request) for lane in seen.lanes],
    }


def _lane(seen: LaneSeen, request: Request) -> shapes.Lane:
    return {
        "pid": seen.lane.pid,
        "started_at": seen.lane.since,
        "silent_seconds": int(seen.silent.total_seconds()) if seen.silent else None,
        "work": _work(seen, request) if seen.job else None,
    }


def _work(seen: LaneSeen, request: Request) -> shapes.Work:
    """What the lane is at; `slice` and `rate` are null where it prepares or finishes the job."""
    lane, slice_ = seen.lane, seen.lane.slice
    performs = lane.stage == lane.Stage.PERFORMING
    return {
        **_job(seen.lane.job_id, request),
        "stage": lane.stage,
        "slice": {"number": slice_.number, "size": slice_.size} if slice_ else None,
        "since": lane.work_since,
        "seconds": int(seen.working.total_seconds()),
        "rate": round(lane.rate, 1) if performs else None,
    }


def _alarm(alarm: Alarm, request: Request) -> shapes.Alarm:
    return {
        "code": alarm.code,
        "message": alarm.message,
        "since": alarm.since,
        **_job(alarm.job and alarm.job.pk, request),
    }


def _job(pk: object, request: Request) -> shapes.JobNamed:
    return {"job": str(pk) if pk else None, "url": show.url(request, "job", pk) if pk else None}
