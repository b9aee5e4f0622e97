"""manage.py run: the web server and the engine in the foreground, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import signal
import time
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from jobs.supervisor import ChildDied, Supervisor, engine, web_server


class Command(BaseCommand):
    """Runs the two as children; a dead engine is restarted, a dead web server ends the whole."""

    help = "Run the web server and the engine; the engine is restarted when it dies."
    requires_migrations_checks = True

    def handle(self, *_: Any, **__: Any) -> None:
        self.stopping = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop)
        with Supervisor(say=self._say) as children:
            children.start("engine", engine(), restart=True)
            children.start("web server", web_server(settings.LADING_BIND))
            self._say(f"Lading is at http://{settings.LADING_BIND}/ (Ctrl-C ends it).")
            try:
                while not self.stopping:
                    children.check()
                    time.sleep(0.2)
            except ChildDied as death:
                raise CommandError(str(death)) from None
            self._say("Stopping: what is in flight is finished first (Ctrl-C again ends at once).")

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        if self.stopping:
            raise KeyboardInterrupt
        self.stopping = True

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
