"""The demo tenant, loaded: all that was promised is there, made through the API, and the printed way in works."""

import io
import json
import shutil
import stat
import subprocess
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from types import SimpleNamespace

import pytest
from django.conf import settings as current_settings
from django.core.management import call_command
from django.db import transaction
from django.db.models import Count, Max, Min
from django.test import Client, override_settings
from django.utils import timezone

from integrations.demo import credentials
from leads.models import Deal, Lead
from missions.consistency import differences
from missions.leaderboards import standings, team_standings
from missions.mapping import received_codes
from missions.models import Activity, Adjustment, Mapping, Mission, Score, UnmatchedActivity
from missions.periods import Period, today_in, window
from salesos.keys import TOKEN, issue_key, revoke_key
from salesos.models import ApiKey, Collaborator, RequestLog, Team, Tenant, User
from salesos.roles import Role
from salesos.scopes import Scope
from salesos.tenancy import tenant_context
from salesos.tenants import create_tenant

# The real one takes its time, as it should.
HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ENDPOINT = "/functions/v1/default-integration"
SEEDS_MAPPING = [
    ("001", "Ligacoes Realizadas", 5),
    ("002", "Reunioes Agendadas", 15),
    ("003", "Propostas Enviadas", 20),
    ("004", "Contratos Fechados", 50),
    ("005", "Visitas Realizadas", 25),
    ("006", "Follow-ups Enviados", 3),
    ("007", "Leads Qualificados", 10),
]
TABLES = (ApiKey, Collaborator, Team, Mission, Mapping, Activity, UnmatchedActivity, Score, Adjustment, RequestLog)


def load(*arguments):
    out = io.StringIO()
    call_command("load_demo", *arguments, stdout=out)
    return out.getvalue()


def kept():
    return json.loads((current_settings.DATA_DIR / "demo.json").read_text())


def counts(tenant):
    with tenant_context(tenant):
        return {table.__name__: table.objects.count() for table in TABLES}


def day_of_loading(tenant):
    return today_in(tenant, tenant.created_at)


@pytest.fixture(scope="module")
def _once(django_db_setup, django_db_blocker, tmp_path_factory):
    """The whole demo beside a stranger, loaded once for all tests of this file and rolled back after them."""
    folder = tmp_path_factory.mktemp("data")
    with (
        django_db_blocker.unblock(),
        override_settings(DATA_DIR=folder, PASSWORD_HASHERS=HASHERS),
        transaction.atomic(),
    ):
        globex = create_tenant("Globex")
        printed = load("--url", "http://sales.example:9000/")
        yield SimpleNamespace(printed=printed, globex=globex, folder=folder)
        transaction.set_rollback(True)


@pytest.fixture
def loaded(_once, db, settings, tmp_path):
    """The loaded demo; what a test changes of it, or of the file, is undone."""
    settings.DATA_DIR, settings.PASSWORD_HASHERS = tmp_path, HASHERS
    shutil.copy2(_once.folder / "demo.json", tmp_path)
    return SimpleNamespace(
        printed=_once.printed, globex=_once.globex, tenant=Tenant.objects.get(slug="demo"), folder=_once.folder
    )


@pytest.fixture
def in_demo(loaded):
    with tenant_context(loaded.tenant):
        yield loaded.tenant


def test_the_demo_is_a_brazilian_company_beside_whom_it_does_not_touch(loaded):
    tenant = loaded.tenant
    assert (tenant.name, tenant.time_zone, tenant.language) == ("Imobiliária Horizonte", "America/Sao_Paulo", "en")
    assert set(counts(loaded.globex).values()) == set(counts(tenant.sandbox).values()) == {0}


def test_the_team_is_the_seeds_and_a_dozen_more(in_demo):
    people = Collaborator.objects.order_by("external_id").values_list("name", "email", "team__name")
    assert list(people[:3]) == [
        ("Maria Santos", "maria@yourcompany.com", "Sales Team A"),
        ("Joao Silva", "joao@yourcompany.com", "Sales Team A"),
        ("Ana Oliveira", "ana@yourcompany.com", "Sales Team B"),
    ]
    assert Counter(team for _name, _email, team in people) == {"Sales Team A": 7, "Sales Team B": 8}


def test_the_mapping_is_the_seeds(in_demo):
    mappings = Mapping.objects.order_by("source", "code").values_list("code", "mission__name", "points")
    assert list(mappings.filter(source="default")) == SEEDS_MAPPING
    assert list(mappings.filter(source="leads")) == [
        ("deal.won", "Negocios Ganhos", 100),
        ("lead.qualified", "Leads Qualificados", 10),
    ]
    assert all(mapping.label for mapping in Mapping.objects.all())
    for mission in Mission.objects.all():
        mission.full_clean(validate_unique=False, validate_constraints=False)
    assert len({(mission.icon, mission.colour) for mission in Mission.objects.all()}) == 8
    assert set(Mission.objects.exclude(target=None).values_list("name", "target", "target_period")) == {
        ("Ligacoes Realizadas", 40, "week"),
        ("Reunioes Agendadas", 2, "day"),
        ("Contratos Fechados", 3, "month"),
        ("Negocios Ganhos", 2, "month"),
    }


def test_ninety_days_of_activities_end_today_and_not_later(in_demo):
    today = day_of_loading(in_demo)
    span = Activity.objects.aggregate(Min("day"), Max("day"), Max("occurred_at"), Count("day", distinct=True))
    assert span["day__max"] == today
    assert span["occurred_at__max"] <= timezone.now()
    assert span["day__min"] == today - timedelta(days=89)
    assert Activity.objects.filter(day=today).count() >= 10
    assert {person.name for person in standings(window(Period.ALL, today=today)) if person.points <= 0} == set()


def test_there_are_fewer_contracts_than_calls_and_some_codes_that_nobody_mapped(in_demo):
    received = {row.code: row for row in received_codes("default", since=day_of_loading(in_demo))}
    assert list(received) == ["001", "002", "003", "004", "005", "006", "007", "008", "020"]
    assert received["004"].received * 20 < received["001"].received
    assert [code for code, row in received.items() if row.uncounted] == ["008", "020"]
    assert [code for code, row in received.items() if row.mapping is None] == ["008", "020"]
    assert sum(row.received for row in received.values()) == Activity.objects.filter(source="default").count() > 10_000


def test_some_activities_name_people_who_are_not_registered(in_demo):
    emails = set(UnmatchedActivity.objects.values_list("email", flat=True))
    assert len(emails) == 3
    assert not Collaborator.objects.filter(email__in=emails).exists()


def test_points_are_given_and_taken_by_hand_with_reasons(in_demo):
    adjustments = Adjustment.objects.values_list("collaborator__name", "points", "author__email")
    assert set(adjustments) == {
        ("Fernanda Lima", 50, "admin@demo.example"),
        ("Joao Silva", -20, "admin@demo.example"),
        ("Thiago Ribeiro", 30, "admin@demo.example"),
    }
    assert all(adjustment.reason for adjustment in Adjustment.objects.all())


def test_the_scores_are_those_of_the_evidence(in_demo):
    assert differences() == []
    teams = team_standings(window(Period.ALL, today=day_of_loading(in_demo)))
    earned = sum(Activity.objects.completions().values_list("points", flat=True))
    assert sum(team.points for team in teams) == earned + 50 - 20 + 30


def test_everything_was_sent_through_the_api(in_demo):
    logged = {row.pk: row for row in RequestLog.objects.filter(status=200)}
    activities = Activity.objects.filter(source="default")
    sent_by = activities.order_by().values_list("request_id").annotate(Count("pk"))
    assert {request: logged[request].counts["processed"] for request, _count in sent_by} == dict(sent_by)
    assert [row.action for row in logged.values()].count("sync_collaborators") == 2
    assert sum(row.counts["duplicates"] for row in logged.values() if row.action == "sync_activities") >= 10


def test_the_request_log_has_refused_requests(loaded):
    with tenant_context(loaded.tenant):
        own = RequestLog.objects.exclude(status=200).values_list("status", "error_code")
        assert Counter(own) == {(400, "VALIDATION_ERROR"): 3, (403, "FORBIDDEN"): 1, (401, "UNAUTHORIZED"): 1}
    strangers = RequestLog.objects.every_tenant(reason="a test").filter(tenant=None)
    assert Counter(strangers.values_list("method", "status", "error_code")) == {
        ("POST", 401, "UNAUTHORIZED"): 1,
        ("GET", 405, "METHOD_NOT_ALLOWED"): 1,
    }


def test_the_pipeline_is_full_and_the_leaderboard_shows_it(in_demo):
    month = day_of_loading(in_demo).replace(day=1)
    deals = Counter(Deal.objects.values_list("stage__kind", flat=True))
    assert (Lead.objects.count(), deals) == (60, {"open": 16, "won": 6, "lost": 3})
    assert Counter(Lead.objects.values_list("status", flat=True))["converted"] == 25
    ended = Deal.objects.exclude(closed_at=None)
    in_month = [
        deal for deal in ended.select_related("stage") if timezone.localdate(deal.closed_at, in_demo.zone) >= month
    ]
    assert Counter(deal.stage.kind for deal in in_month) == {"won": 4, "lost": 2}
    assert ended.filter(closed_at__gt=timezone.now()).count() == 0
    assert all(Deal.objects.filter(stage__kind="lost").values_list("close_reason", flat=True))
    assert Deal.objects.filter(stage__kind="open", expected_close_date__lt=day_of_loading(in_demo)).count() == 3
    won = Activity.objects.filter(source="leads", code="deal.won")
    assert set(won.values_list("points", flat=True)) == {100}
    assert won.count() == 6
    for deal in Deal.objects.all():
        moments = list(deal.stage_changes.order_by("id").values_list("at", flat=True))
        assert moments == sorted(moments)


def test_every_role_can_sign_in_with_the_one_password(loaded):
    password = kept()["password"]
    users = {user.email: user for user in User.objects.all()}
    assert {email: user.role_in(loaded.tenant) for email, user in users.items()} == {
        "admin@demo.example": Role.ADMIN,
        "manager@demo.example": Role.MANAGER,
        "auditor@demo.example": Role.AUDITOR,
        "staff@demo.example": Role.ADMIN,
    }
    assert {email for email, user in users.items() if user.role_in(loaded.globex)} == {"staff@demo.example"}
    assert all(user.check_password(password) for user in users.values())
    assert len(password) >= 16


def test_password_and_key_are_kept_for_their_owner_only(loaded):
    file = loaded.folder / "demo.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in loaded.folder.iterdir()) == ["demo.json", "demo.lock"]
    assert set(json.loads(file.read_text())) == {"password", "api_key"}


def test_the_way_in_is_printed(loaded):
    assert "http://sales.example:9000/dashboard/" in loaded.printed
    assert "admin@demo.example" in loaded.printed
    assert kept()["password"] in loaded.printed
    assert f"Bearer {kept()['api_key']}" in loaded.printed


def test_the_printed_command_is_accepted_and_moves_the_leaderboard(loaded):
    command = loaded.printed[loaded.printed.index("curl ") :]
    shell = subprocess.run(
        ["sh", "-c", "curl() { printf '%s\\0' \"$@\"; }\n" + command], capture_output=True, text=True, check=True
    )
    arguments = shell.stdout.split("\0")[:-1]
    assert arguments[:3] == ["-X", "POST", f"http://sales.example:9000{ENDPOINT}"]
    headers = dict(
        value.split(": ", 1) for option, value in pairwise(arguments) if option == "-H"
    )  # fmt: skip
    all_time = window(Period.ALL, today=day_of_loading(loaded.tenant))

    def marias_points():
        with tenant_context(loaded.tenant):
            return next(person.points for person in standings(all_time) if person.name == "Maria Santos")

    before = marias_points()
    answer = Client(headers=headers).post(ENDPOINT, arguments[-1], content_type=headers["Content-Type"]).json()
    assert answer["data"] == {"processed": 1, "skipped": 0, "duplicates": 0, "errors": [], "total": 1}
    assert marias_points() == before + 5


def test_loading_again_changes_nothing_and_prints_the_same(loaded):
    before, file = counts(loaded.tenant), kept()
    printed = load("--url", "http://sales.example:9000")
    assert printed == loaded.printed[loaded.printed.index("\nDemo: ") :]
    assert (counts(loaded.tenant), kept()) == (before, file)
    assert (Tenant.objects.count(), User.objects.count()) == (4, 4)


@pytest.mark.parametrize("spoilt", [None, "[]", '{"password": "'])
def test_a_lost_file_means_a_new_password_and_a_new_key(loaded, settings, spoilt):
    file, old = settings.DATA_DIR / "demo.json", kept()
    file.unlink() if spoilt is None else file.write_text(spoilt)

    printed = load()

    assert "The demo's password was lost: its users have a new one." in printed
    assert "The demo's API key was lost or has ended: this is a new one." in printed
    new = kept()
    assert new["password"] in printed
    assert new["password"] != old["password"]
    assert {user.check_password(new["password"]) for user in User.objects.all()} == {True}
    key_id = TOKEN.fullmatch(new["api_key"])[2]
    with tenant_context(loaded.tenant):
        assert ApiKey.objects.get(key_id=key_id).is_usable(at=timezone.now())
    assert load() == printed[printed.index("\nDemo: ") :]


def test_a_revoked_key_is_replaced_and_the_password_stays(loaded):
    old = kept()
    with tenant_context(loaded.tenant):
        key = ApiKey.objects.get(key_id=TOKEN.fullmatch(old["api_key"])[2])
    revoke_key(key, by=None, at=timezone.now())
    printed = load()
    assert printed.startswith("The demo's API key was lost or has ended: this is a new one.\n\nDemo: ")
    assert (kept()["password"], kept()["api_key"] != old["api_key"]) == (old["password"], True)


def test_another_tenants_key_in_the_file_is_not_the_demos(loaded):
    stranger = issue_key(loaded.globex, name="CRM", scopes=[Scope.DEFAULT_SYNC])
    credentials.keep(credentials.Credentials(kept()["password"], stranger.token))
    assert stranger.token not in load()


def test_a_password_that_somebody_has_set_is_neither_reset_nor_told(loaded):
    admin = User.objects.get(email="admin@demo.example")
    admin.set_password("another horse battery")
    admin.save()
    printed = load()
    assert "Password   the one that you have set\n" in printed
    assert kept()["password"] not in printed
    admin.refresh_from_db()
    assert admin.check_password("another horse battery")
