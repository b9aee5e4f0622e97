"""Preparing or finishing one job in a process that does nothing else, so that its memory is known.

    python -m bench.alone prepare|finish JOB

Does what a lane does: claims the job and works on it, turn after turn, until its status has moved
on. The job must be the only one with work. Prints seconds, CPU seconds and the peak of resident
memory as JSON; what the start and the imports took is left out of the times.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from typing import TYPE_CHECKING

from bench.measuring import peak_mib

if TYPE_CHECKING:
    from jobs.models import Job

OWNER = "bench:1:1"


def do(what: str, job: Job) -> None:
    """Claim and work until the job has moved on."""
    from jobs import lanes, preparing, report
    from jobs.status import TO_FINISH, TO_PREPARE

    work, while_in = {
        "prepare": (lambda claim: preparing.prepare(claim, lambda: False), TO_PREPARE),
        "finish": (report.finish, TO_FINISH),
    }[what]
    while job.state in while_in:
        claim = lanes.claim(OWNER)
        if not isinstance(claim, lanes.JobClaim) or claim.job.pk != job.pk:
            raise SystemExit(f"There was {claim} to claim instead of job {job.pk}.")
        work(claim)
        job.refresh_from_db()


def main(what: str, pk: str) -> None:
    """Do it, and tell how long it took."""
    import django

    django.setup()
    logging.disable(logging.INFO)
    from jobs.models import Job

    job = Job.objects.get(pk=pk)
    wall, cpu = time.perf_counter(), time.process_time()
    do(what, job)
    told = {
        "seconds": time.perf_counter() - wall,
        "cpu_seconds": time.process_time() - cpu,
        "peak_mib": round(peak_mib(os.getpid()), 1),
        "status": job.status,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
