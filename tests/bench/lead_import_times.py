"""One import in a process of its own: `python -m tests.bench.lead_import_times KIND ROWS`. Prints figures as JSON."""

import csv
import io
import json
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "salesos.settings"

import django

django.setup()

import psutil  # noqa: E402
from django.core.management import call_command  # noqa: E402 - models need the settings
from django.db import connection  # noqa: E402

from missions.models import Mapping, Mission  # noqa: E402
from salesos.models import Collaborator, Tenant  # noqa: E402
from salesos.tenancy import tenant_context  # noqa: E402
from salesos.tenants import create_tenant  # noqa: E402

FIRST = ["Maria", "João", "Ana", "Pedro", "Lúcia", "Carlos", "Beatriz", "Antônio", "Francisca", "Rui"]
LAST = ["Silva", "Santos", "Oliveira", "Souza", "Pereira", "Lima", "Carvalho", "Almeida", "Gonçalves", "Ribeiro"]
HEADER = ("Nome", "E-mail", "Telefone", "Empresa", "Cargo", "Origem", "Status", "Etiquetas", "Responsável")
OWNERS = [f"person{number}@bench.example" for number in range(20)]


def _rows(kind: str, count: int) -> Iterator[tuple[str, ...]]:
    """The leads of `kind`; "again" and "changed" are those of "new"."""
    dice = random.Random("new" if kind in ("again", "changed") else kind)
    words = ["".join(dice.choices("abcdefghijlmnoprstuvz", k=dice.randint(4, 9))) for _ in range(5000)]
    mark = {"long": "l", "earning": "e"}.get(kind, "n")
    for number in range(count):
        first, last = dice.choice(FIRST), f"{dice.choice(LAST)} {dice.choice(words).title()}"
        company = dice.choice(words)
        yield (
            f"{first} {last}",
            f"{dice.choice(words)}.{mark}{number}@{company}.com.br",
            f"+55 11 9{dice.randrange(10**7, 10**8)}",
            f"{company.title()} Ltda",
            "Diretora" if kind == "changed" else "Gerente",
            dice.choice(["website", "fair", "phone", "referral"]),
            dice.choice(["new", "contacted", ""]),
            dice.choice(["", "quente", "quente;feira"]),
            dice.choice(OWNERS) if kind == "earning" else "",
        )


def _tenant() -> Tenant:
    found = Tenant.objects.filter(slug="bench").first()
    if found is not None:
        return found
    tenant = create_tenant("Bench", time_zone="America/Sao_Paulo")
    with tenant_context(tenant):
        Collaborator.objects.bulk_create(Collaborator(name=email, email=email, external_id=email) for email in OWNERS)
        mission = Mission.objects.create(name="Leads")
        for code in ("lead.created", "lead.contacted"):
            Mapping.objects.create(source="leads", code=code, mission=mission, points=5)
    return tenant


def _postgres_seconds(postmaster: psutil.Process) -> float:
    """What all processes of the server have used, those that have ended with them."""
    times = postmaster.cpu_times()
    running = [each.cpu_times() for each in postmaster.children()]
    return sum(each.user + each.system for each in [times, *running]) + times.children_user + times.children_system


def _measure(kind: str, count: int) -> dict[str, Any]:
    call_command("migrate", verbosity=0)
    _tenant()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        postmaster = psutil.Process(psutil.Process(cursor.fetchone()[0]).ppid())
    connection.close()
    with tempfile.NamedTemporaryFile("w", newline="", suffix=".csv", encoding="utf-8", delete=False) as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(_rows(kind, count))
    try:
        postgres, python, started = _postgres_seconds(postmaster), time.process_time(), time.perf_counter()
        options = ["--update"] if kind == "changed" else []
        call_command("import_leads", file.name, "--tenant", "bench", *options, stdout=(told := io.StringIO()))
        seconds = time.perf_counter() - started
        python, postgres = time.process_time() - python, _postgres_seconds(postmaster) - postgres
    finally:
        Path(file.name).unlink()
    return {
        "rate": count / seconds,
        "python_us": python / count * 1e6,
        "postgres_us": postgres / count * 1e6,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "told": told.getvalue().strip(),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_measure(sys.argv[1], int(sys.argv[2]))) + "\n")
