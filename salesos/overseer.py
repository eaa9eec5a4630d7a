"""Gunicorn's master process, which also keeps the background worker running (`manage.py work`)."""

import os
import subprocess
import sys
import time

from django.conf import settings
from gunicorn.arbiter import Arbiter

RESTARTED_AFTER = 5.0
"""Seconds from one start of the worker to the next at least: one that can't run must not keep the machine busy."""


class Overseer(Arbiter):
    """Starts the background worker beside the web workers, again whenever it has ended, and stops it with them."""

    work: "subprocess.Popen[bytes] | None" = None
    started_at = 0.0

    def manage_workers(self) -> None:
        super().manage_workers()
        # Gunicorn reaps all children, and this one is then taken for ended, too.
        has_ended = self.work is None or self.work.poll() is not None
        if has_ended and time.monotonic() - self.started_at > RESTARTED_AFTER:
            self.started_at = time.monotonic()
            manage = str(settings.BASE_DIR / "manage.py")
            command = [sys.executable, manage, "work", "--parent", str(os.getpid())]
            self.work = subprocess.Popen(command)  # noqa: S603 - our own command

    def stop(self, graceful: bool = True) -> None:
        if self.work is not None:
            self.work.terminate()
        super().stop(graceful)
        if self.work is not None:
            try:
                self.work.wait(self.cfg.graceful_timeout)
            except subprocess.TimeoutExpired:
                self.work.kill()
