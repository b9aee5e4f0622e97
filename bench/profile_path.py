"""The whole path in one process, so that a profiler sees all of it.

    python -m bench.profile_path 50000 [--copy] [--delay 20] [--profile] [--sort tottime]

A job of N rows on a temporary SQLite is created, prepared, executed and finished by
`jobs.working.work` in this process against the null server. Without --profile the figures are
comparable with those of an engine with one worker; with it they are not, as cProfile costs much.
cProfile sees the thread that calls it: threads of a ThreadSender show as waiting.
"""

from __future__ import annotations

import argparse
import cProfile
import logging
import pstats
import resource
import sys
import tempfile
import time
from pathlib import Path

from bench import installation
from bench.server import CannotBench, NullServer
from bench.work import Work

LONGEST_SECONDS = 900


def arguments(given: list[str]) -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench.profile_path")
    parser.add_argument("count", type=int, nargs="?", default=20_000, help="rows of the manifest")
    parser.add_argument("--copy", action="store_true", help="copy instead of tagging")
    parser.add_argument("--delay", type=float, default=0, help="the server's latency in ms")
    parser.add_argument("--profile", action="store_true", help="show the hottest functions")
    parser.add_argument("--sort", default="tottime", help="tottime or cumulative")
    parser.add_argument("--lines", type=int, default=40, help="functions to show")
    parser.add_argument("--out", type=Path, help="keep the profile for snakeviz or pstats")
    return parser.parse_args(given)


def run_in_process(work: Work) -> None:
    """Create the job and be its lane until it has ended."""
    from jobs import working

    job = installation.create_job(work, installation.upload(work))
    deadline = time.monotonic() + LONGEST_SECONDS
    while not job.is_final and time.monotonic() < deadline:
        if not working.work("bench", stop=lambda: False):
            time.sleep(0.02)
        job.refresh_from_db()
    if found := installation.faults(job, work.count):
        raise SystemExit("\n".join(found))
    moves = [
        f"{event.to_status} +{(event.at - job.created_at).total_seconds():.2f} s"
        for event in job.events.order_by("pk")
        if event.to_status
    ]
    print("  ".join(moves))


def main(words: list[str]) -> None:
    """Run it, and print tasks/s, CPU seconds and the profile."""
    given = arguments(words)
    work = Work("copy" if given.copy else "tagging", given.count)
    with tempfile.TemporaryDirectory() as folder, NullServer(given.delay) as server:
        installation.configure(Path(folder))
        logging.disable(logging.INFO)
        installation.set_role(server.endpoint_url)
        profile = cProfile.Profile()
        wall, cpu = time.perf_counter(), time.process_time()
        if given.profile or given.out:
            profile.runcall(run_in_process, work)
        else:
            run_in_process(work)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        answered = server.counts()[work.kind]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{work.kind}, {work.count:,} tasks, {given.delay:g} ms: {work.count / wall:,.0f} tasks/s, "
        f"{cpu / work.count * 1000:.4f} CPU s/1,000 tasks, peak {peak:.0f} MiB, "
        f"{answered:,} requests at the server"
    )
    if given.out:
        profile.dump_stats(given.out)
    if given.profile:
        pstats.Stats(profile).strip_dirs().sort_stats(given.sort).print_stats(given.lines)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except CannotBench as error:
        sys.exit(str(error))
