"""How the production server runs. Its names are gunicorn's settings: `gunicorn -c python:salesos.server salesos.wsgi`.

`manage.py serve` runs the same server with the same settings. It speaks plain HTTP and waits for slow bodies, so on the
open internet a proxy that buffers requests and speaks HTTPS stands before it.
"""

import gc
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress

from django.core.management.base import BaseCommand, SystemCheckError
from django.db import connections
from django.urls import get_resolver
from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker

from salesos.client_address import parse_network
from salesos.settings import BIND, PORT, TRUSTED_PROXIES, WEB_CONCURRENCY


def _proxy_networks() -> Iterator[str]:
    for entry in TRUSTED_PROXIES:
        # A Unix socket needs no entry; `on_starting` refuses what is no network.
        with suppress(ValueError):
            yield str(parse_network(entry))


bind = BIND if BIND.startswith("unix:") else f"{BIND}:{PORT}"

# A thread waits for the database most of the time it takes; four of them keep a process busy, and its memory shared.
workers = WEB_CONCURRENCY
worker_class = "salesos.worker.SalesOSWorker"
threads = 4
# Settings and code are loaded once, before the workers are forked off; no connection may be open by then.
preload_app = True

# Longer than the pauses of a CRM that sends one activity after another, and than what proxies keep idle.
keepalive = 15
# A stopped server finishes what it has begun; a batch takes well under a second.
graceful_timeout = 20

# X-Forwarded-Proto counts from these peers alone. The caller's address is salesos.client_address's business.
forwarded_allow_ips = ",".join(["127.0.0.1", "::1", *_proxy_networks()])
secure_scheme_headers = {"X-FORWARDED-PROTO": "https"}
# A proxy may not move the application to another path.
forwarder_headers = ""

limit_request_line = 4094
limit_request_fields = 64
limit_request_field_size = 8190

# Requests are logged in the database (salesos.request_log); the server logs only what is wrong with itself.
accesslog = None
errorlog = "-"
# A heartbeat on a busy disk can block a worker until it is taken for dead; memory can't.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - gunicorn makes an unlinked file
control_socket_disable = True


def on_starting(arbiter: Arbiter) -> None:
    """A wrong setting stops the server before it serves, in the words of `manage.py check`."""
    try:
        BaseCommand().check()
    except SystemCheckError as error:
        sys.exit(str(error))
    # What is open when the workers are forked off would be shared by all of them.
    connections.close_all()


def on_exit(arbiter: Arbiter) -> None:
    """A second, impatient Ctrl-C must not hit the embedded PostgreSQL while it stops."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def post_worker_init(worker: Worker) -> None:
    """Before its first request a worker loads what would be loaded by it, and takes all of that out of the collector.

    A batch allocates thousands of objects; each collection they cause would otherwise walk all of Django, too.
    """
    get_resolver().url_patterns  # noqa: B018 - imports every view
    gc.collect()
    gc.freeze()
