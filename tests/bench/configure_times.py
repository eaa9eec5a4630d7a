"""Ask for Configure as a browser does, in a process of its own: `python -m tests.bench.configure_times TENANT`."""

import json
import os
import statistics
import sys
import time
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "salesos.settings"

import django

django.setup()

from django.core.management import call_command  # noqa: E402 - models need the settings
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from missions.changes import mark_of_worth  # noqa: E402
from missions.mapping import worth_of  # noqa: E402
from missions.models import Mapping, Mission, ReceivedCode  # noqa: E402
from salesos.models import Membership, Tenant, User  # noqa: E402
from salesos.roles import Role  # noqa: E402
from salesos.tenancy import tenant_context  # noqa: E402

MISSIONS = 200
WARM_UP, REPETITIONS = 5, 30
ALL = "/dashboard/missions/configure/?show=all"


def _measure(tenant: Tenant) -> dict[str, Any]:
    call_command("collectstatic", interactive=False, verbosity=0)
    with tenant_context(tenant):
        _fill()
    user = User.objects.create_user("configure@bench.example", password=None)
    Membership.objects.create(tenant=tenant, user=user, role=Role.ADMIN)
    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    with CaptureQueriesContext(connection) as captured:
        page = client.get(ALL).content
    statements = len(captured)
    assert page.count(b'<tr id="r') == 999, page[:2000]
    taken, cpu = [], time.process_time()
    for _ in range(WARM_UP + REPETITIONS):
        started = time.perf_counter()
        client.get(ALL)
        taken.append((time.perf_counter() - started) * 1000)
    cpu = (time.process_time() - cpu) * 1000 / len(taken)
    taken = taken[WARM_UP:]
    return {
        "milliseconds": statistics.median(taken),
        "slowest": max(taken),
        "cpu": cpu,
        "times": REPETITIONS,
        "bytes": len(page),
        "statements": statements,
        "saving": _saving(client, tenant),
    }


def _fill() -> None:
    now = timezone.now()
    codes = [f"{number:03d}" for number in range(1, 1000)]
    missions = Mission.objects.bulk_create(Mission(name=f"Ligações Realizadas {n:03d}") for n in range(MISSIONS))
    Mapping.objects.all().delete()
    Mapping.objects.bulk_create(
        Mapping(code=code, mission=missions[n % MISSIONS], points=n, label=f"Phone call to prospect {code}")
        for n, code in enumerate(codes)
    )
    ReceivedCode.objects.bulk_create(
        (
            ReceivedCode(source="default", code=code, day=now.date(), received=12345, last_received_at=now)
            for code in codes
        ),
        ignore_conflicts=True,
    )


def _saving(client: Client, tenant: Tenant) -> float:
    with tenant_context(tenant):
        rows = list(Mapping.objects.select_related("mission"))
    form: dict[str, Any] = {"do": "save", "shown": " ".join(f"{r.code}:{mark_of_worth(worth_of(r))}" for r in rows)}
    for row in rows:
        form |= {f"m{row.code}": row.mission.name, f"p{row.code}": row.points + 1, f"l{row.code}": row.label}
    started = time.perf_counter()
    answer = client.post(ALL, form)
    assert answer.status_code == 302
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    json.dump(_measure(Tenant.objects.get(pk=sys.argv[1])), sys.stdout)
