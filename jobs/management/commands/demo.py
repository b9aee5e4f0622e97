"""manage.py demo: three jobs over two thousand objects on its own store, and a check of every key.

Everything it makes lies in LADING_DATA; `make demo` gives it a folder of its own there.
"""

from __future__ import annotations

import fcntl
import signal
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.demo.show import Demo
from jobs.demo.store import STORES, StoreUnavailable
from jobs.errors import JobError
from jobs.supervisor import ChildDied, Supervisor


class Command(BaseCommand):
    """Prints `demo: OK` only when the store, the database and the report agree."""

    help = "Show Lading at work on a store that is started for it, and check the result."
    # The checks open the database, whose folder is made first.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Which store, and whether to stay."""
        parser.add_argument("--store", choices=STORES, default="moto")
        parser.add_argument("--exit", action="store_true", help="End after the check: 0 or 1.")

    def handle(self, *_: Any, **options: Any) -> None:
        """The whole demo. Its children end with it, however it ends."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.default_int_handler)
        self._refuse_foreign_database()
        settings.LADING_DATA.mkdir(parents=True, exist_ok=True)
        log_path = settings.LADING_DATA / "demo.log"
        try:
            with ExitStack() as stack:
                self._keep_others_out(stack)
                log = stack.enter_context(log_path.open("wb"))
                call_command("migrate", verbosity=0, interactive=False)
                # The store is entered first, so that it is left last: the engine may still need it.
                store_child = stack.enter_context(Supervisor(say=self._say, log=log))
                children = stack.enter_context(Supervisor(say=self._say, log=log))
                demo = Demo(options["store"], store_child, children, self._say, self.stdout)
                faults = demo.run()
                self._tell(faults)
                if not options["exit"]:
                    self._serve(demo, store_child, children)
        except (ChildDied, StoreUnavailable, JobError) as error:
            raise CommandError(f"{error}\n{_tail(log_path)}demo: FAILED") from None
        except KeyboardInterrupt:
            self._say("\nThe demo has ended.")
            raise SystemExit(130 if options["exit"] else 0) from None
        if faults:
            raise SystemExit(1)

    def _tell(self, faults: list[str]) -> None:
        for fault in faults[:20]:
            self._say(f"  wrong: {fault}")
        if len(faults) > 20:
            self._say(f"  … and {len(faults) - 20:,} more")
        self._say("demo: FAILED" if faults else "demo: OK")

    def _serve(self, demo: Demo, *all_children: Supervisor) -> None:
        self._say(demo.address())
        while True:
            for children in all_children:
                children.check()
            time.sleep(0.2)

    def _refuse_foreign_database(self) -> None:
        database = settings.DATABASES["default"]
        name = Path(str(database["NAME"]))
        if database["ENGINE"] != "jobs.sqlite" or name.parent != settings.LADING_DATA:
            raise CommandError(
                "The demo keeps to a database of its own under LADING_DATA; start it with "
                "`make demo`, or without DATABASE_URL."
            )

    def _keep_others_out(self, stack: ExitStack) -> None:
        lock = stack.enter_context((settings.LADING_DATA / "demo.lock").open("w"))
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(
                f"Another demo is running in {settings.LADING_DATA}; end it, or set LADING_DATA."
            ) from None

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def _tail(path: Path) -> str:
    """The end of the children's log, for an error's sake."""
    lines = path.read_text(errors="replace").splitlines()[-15:]
    return "".join(f"  | {line}\n" for line in lines)
