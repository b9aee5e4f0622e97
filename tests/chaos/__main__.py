"""python -m tests.chaos [--seconds 60] [--seed 7] [--services] [--settle 90] [--keep]"""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

from tests.chaos.run import Asked, Run
from tests.chaos.services import Missing

BEGAN = time.monotonic()


def say(text: str) -> None:
    print(text, flush=True)


def tell(text: str) -> None:
    """A line of the run's story."""
    say(f"{time.monotonic() - BEGAN:5.1f} s  {text}")


def parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long blows fall")
    parser.add_argument("--seed", type=int, default=None, help="the same seed, the same blows")
    parser.add_argument(
        "--settle", type=float, default=90.0, help="how long jobs may stand still after the blows"
    )
    parser.add_argument("--services", action="store_true", help="PostgreSQL and Redis, not SQLite")
    parser.add_argument("--keep", action="store_true", help="keep the folder with the logs")
    return parser.parse_args(words)


def interrupt(*_: object) -> None:
    """Also where the suite was started with SIGINT ignored, as shells do in the background."""
    raise KeyboardInterrupt


def main(words: list[str]) -> int:
    """Exit code 0 where everything holds, 1 where not, 2 where the suite cannot run."""
    asked = parse(words)
    seed = random.SystemRandom().randrange(10_000) if asked.seed is None else asked.seed
    say(f"seed {seed}")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, interrupt)
    folder = Path(tempfile.mkdtemp(prefix="lading-chaos-"))
    run = Run(Asked(asked.seconds, seed, asked.settle, asked.services, tell), folder)
    try:
        return through(run)
    except Missing as missing:
        say(f"chaos: {missing}")
        return 2
    except KeyboardInterrupt:
        say("chaos: interrupted")
        return 1
    except Exception:
        traceback.print_exc()
        say(f"chaos: FAILED seed={seed}, the suite itself broke off")
        return 1
    finally:
        run.close()
        if asked.keep:
            say(f"kept {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def through(run: Run) -> int:
    """A run from beginning to end; the last line sums it up."""
    run.start()
    run.beat_up()
    wrong = run.settle()
    found, figures = run.examine()
    wrong += found
    for told in wrong:
        say(f"VIOLATION {told}")
    asked, blows = run.asked, run.blows.fallen
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(blows.items()))
    said = [
        f"seed={asked.seed} {run.services.name} {time.monotonic() - BEGAN:.0f} s",
        f"{len(run.plans)} jobs",
        f"{sum(plan.total for plan in run.plans):,} tasks",
        f"{sum(blows.values())} blows ({kinds})",
        str(figures),
        f"{run.store.faults:,} of {run.store.requests:,} requests failed on purpose",
        f"{run.client.tries} calls of the API repeated, {run.client.confirmed} jobs confirmed",
        f"{sum(engine.starts for engine in run.engines)} engine starts",
        f"{sum(engine.watchdog_exits for engine in run.engines)} by watchdog",
    ]
    outcome = f"FAILED ({len(wrong)} violations)" if wrong else "OK"
    say(f"chaos: {outcome} {', '.join(said)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
