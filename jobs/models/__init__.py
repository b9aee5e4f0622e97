"""The rows of a job's life. A few per ten thousand objects, never one per object (design decision
1).

    Manifest ─┐
    Role ─────┴─ Job ─┬─ Slice ── Part          what is to be done, and what is done
                      ├─ TaskResult, Tally      failures, for triage
                      ├─ Throughput             how fast it was, over its life
                      ├─ JobEvent               every move of the status
                      └─ ReportFile             the completion report
    Node, Lane                                  which workers are alive
    Function                                    where functions are called
    Trial, Waiver                               what is known of stores
    Member, ApiToken, AccessKey, Login          who may ask

Only `Job.become` writes `Job.status`; only execution.py writes parts and results.
"""

from jobs.accounts import Role
from jobs.credentials import AccessKey, ApiToken
from jobs.logins import Login
from jobs.members import Member, Rank
from jobs.models.events import JobEvent
from jobs.models.function import Function
from jobs.models.job import UNTRIED, Job
from jobs.models.job_queryset import JobQuerySet
from jobs.models.manifest import SELECTABLE, Manifest, name_of_tasks
from jobs.models.outcomes import MOST_TASK_RESULTS, ReportFile, Tally, TaskResult
from jobs.models.slices import Part, Slice
from jobs.models.throughput import Throughput
from jobs.models.trials import Trial, Waiver
from jobs.models.workers import Lane, Node, recent

__all__ = [
    "MOST_TASK_RESULTS",
    "SELECTABLE",
    "UNTRIED",
    "AccessKey",
    "ApiToken",
    "Function",
    "Job",
    "JobEvent",
    "JobQuerySet",
    "Lane",
    "Login",
    "Manifest",
    "Member",
    "Node",
    "Part",
    "Rank",
    "ReportFile",
    "Role",
    "Slice",
    "Tally",
    "TaskResult",
    "Throughput",
    "Trial",
    "Waiver",
    "name_of_tasks",
    "recent",
]
