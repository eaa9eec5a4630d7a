import csv
import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from missions.models import Adjustment, Mission
from salesos import audit
from salesos.admin.audit_words import every_action
from salesos.admin.base import ReadOnlyAdmin
from salesos.admin.site import site
from salesos.models import AuditEntry, Collaborator, Membership, Team, Tenant, User
from salesos.roles import Role
from salesos.tenancy import tenant_context
from tests.factories import UserFactory

ROOT = Path(__file__).resolve().parents[3]
TRAIL = "/dashboard/settings/audit-trail/"
PLATFORM = "/dashboard/platform/audit-trail/"


def trail_of(tenant: Tenant | None) -> list[tuple[str, str]]:
    """(action, who), oldest first; the platform's for None."""
    entries = AuditEntry.objects.every_tenant(reason="made by the test").filter(tenant=tenant).order_by("pk")
    return list(entries.values_list("action", "actor_email"))


def last(tenant: Tenant | None) -> AuditEntry:
    entries = AuditEntry.objects.every_tenant(reason="made by the test").filter(tenant=tenant)
    return entries.order_by("-pk").first()


def shown(client, path=TRAIL, **query) -> list[str]:
    return [row.entry.subject for row in client.get(path, query).context["rows"]]


@pytest.fixture
def some(acme, globex):
    """Three entries of acme's, newest first in the list; globex has one that is like them."""
    user = UserFactory(email="zoe@acme.example")
    with tenant_context(globex):
        audit.record("team.created", "Globex red", by=user)
    with tenant_context(acme):
        audit.record("team.created", "Red", by=user)
        audit.record("team.changed", "Blue", changes={"name": ("Bleu", "Blue")}, by=user)
        audit.record("rocket.launched", "100% _rare_")


# What every form leaves

PERSON = {"name": "Zoe", "email": "zoe@acme.example", "metadata": "{}", "is_active": "on"}
MISSION = {"name": "Calls", "icon": "flag", "colour": "#6366f1", "is_active": "on"}
NO_MEMBERSHIPS = {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
PASSWORD = "lots of red bicycles"
NEW_TENANT = {"name": "Initech", "slug": "initech", "time_zone": "UTC", "language": "en", "is_active": "on"}

# What to send to the forms of each model that has any: to add a row and to change one. The rest follows from roles.
FORMS = {
    "salesos_collaborator": (PERSON, {**PERSON, "name": "Zoe B.", "email": "zoe-b@acme.example"}),
    "salesos_team": ({"name": "Red"}, {"name": "Redder"}),
    "salesos_membership": (
        {"email": "known@x.example", "name": "", "role": "manager"},
        {"role": "manager"},
    ),
    "salesos_tenant": (NEW_TENANT, {**NEW_TENANT, "name": "Acme & Sons", "slug": "acme"}),
    "salesos_user": (
        {"email": "new@x.example", "name": "", "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD},
        {"email": "auditor@acme.example", "name": "Renamed", "is_active": "on", **NO_MEMBERSHIPS},
    ),
    "missions_mission": (MISSION, {**MISSION, "name": "More calls"}),
    "missions_adjustment": ({"points": "5", "reason": "because", "day": "2026-11-01"}, None),
}
OF_OTHERS = {"salesos_apikey"}
"""Their operations leave the entries; they have tests of their own."""


def test_the_table_names_every_form_on_the_site():
    with_forms = {
        f"{model._meta.app_label}_{model._meta.model_name}"
        for model, model_admin in site._registry.items()
        if not isinstance(model_admin, ReadOnlyAdmin)
    }
    assert set(FORMS) | OF_OTHERS <= with_forms
    assert with_forms - set(FORMS) - OF_OTHERS == set()


@pytest.mark.parametrize("model", FORMS)
def test_every_form_leaves_an_entry(people, acme_rows, acme, globex, model):
    add, change = FORMS[model]
    of_platform = model in ("salesos_tenant", "salesos_user")
    where = None if of_platform else acme
    client, who = (people["staff"], "staff@salesos.example") if of_platform else (people["admin"], "admin@acme.example")
    row = {
        "salesos_collaborator": lambda: acme_rows.person,
        "salesos_team": lambda: acme_rows.team,
        "salesos_membership": lambda: Membership.objects.get(tenant=acme, role=Role.AUDITOR),
        "salesos_tenant": lambda: acme,
        "salesos_user": lambda: User.objects.get(email="auditor@acme.example"),
        "missions_mission": lambda: acme_rows.mission,
        "missions_adjustment": lambda: acme_rows.adjustment,
    }[model]()
    UserFactory(email="known@x.example")
    before = len(trail_of(where))
    if model == "missions_adjustment":
        add = {**add, "collaborator": acme_rows.person.pk}
    answer = client.post(reverse(f"admin:{model}_add"), add)
    assert (answer.status_code, len(trail_of(where))) == (302, before + 1)
    if change is not None:
        client.post(reverse(f"admin:{model}_change", args=[row.pk]), change)
        assert len(trail_of(where)) == before + 2
    assert {email for _action, email in trail_of(where)[before:]} == {who}
    noun = model.partition("_")[2]
    done = ["posted"] if change is None else ["created", "changed"]
    named = [f"{noun}.{what}" for what in done]
    if model == "salesos_membership":
        named[0] = "member.invited"
    assert [action for action, _who in trail_of(where)[before:]] == named


@pytest.mark.parametrize("model", ["salesos_team", "salesos_membership", "missions_mission"])
def test_every_deletion_leaves_an_entry(people, acme, globex, model):
    with tenant_context(acme):
        row = {
            "salesos_team": lambda: Team.objects.create(name="Red"),
            "salesos_membership": lambda: Membership.objects.get(tenant=acme, role=Role.AUDITOR),
            "missions_mission": lambda: Mission.objects.create(name="Calls"),
        }[model]()
    name = str(row)
    people["admin"].post(reverse(f"admin:{model}_delete", args=[row.pk]), {"post": "yes"})
    entry = last(acme)
    assert (entry.action, entry.subject) == (f"{model.partition('_')[2]}.deleted", name)
    assert trail_of(globex) == []


def test_a_form_that_changes_nothing_leaves_nothing(people, acme, globex):
    with tenant_context(acme):
        team = Team.objects.create(name="Red")
    people["admin"].post(reverse("admin:salesos_team_change", args=[team.pk]), {"name": "Red"})
    assert trail_of(acme) == []


def test_what_a_form_changed_is_told_before_and_after(people, acme, globex):
    with tenant_context(acme):
        red, blue = Team.objects.create(name="Red"), Team.objects.create(name="Blue")
        person = Collaborator.objects.create(name="Zoe", email="zoe@acme.example", team=red, document="111")
    sent = {**PERSON, "team": blue.pk, "document": "222"}
    people["manager"].post(reverse("admin:salesos_collaborator_change", args=[person.pk]), sent)
    [row] = people["admin"].get(TRAIL).context["rows"]
    assert [str(change) for change in row.changes] == ["Document: ••• → •••", "Team: Red → Blue"]
    assert row.entry.address == "127.0.0.1"


def test_the_tenants_settings_leave_an_entry_in_its_own_trail(people, acme, globex):
    sent = {"name": "Acme & Sons", "time_zone": "america/new york", "language": "en"}
    people["admin"].post(reverse("admin:tenant_settings"), sent)
    [row] = people["admin"].get(TRAIL).context["rows"]
    assert row.entry.action == "tenant.changed"
    assert [str(change) for change in row.changes] == [
        "Name: Acme → Acme & Sons",
        "Time zone: America/Sao_Paulo → America/New_York",
    ]
    assert row.href == reverse("admin:tenant_settings")
    people["admin"].post(reverse("admin:tenant_settings"), {**sent, "time_zone": "America/New_York"})
    assert len(trail_of(acme)) == 1


def test_a_change_of_a_tenant_by_staff_stands_in_both_trails(people, acme, globex):
    people["staff"].post(reverse("admin:salesos_tenant_change", args=[globex.pk]), {**NEW_TENANT, "slug": "globex"})
    assert trail_of(globex) == trail_of(None) == [("tenant.changed", "staff@salesos.example")]
    assert trail_of(acme) == []
    people["staff"].post(reverse("admin:salesos_tenant_add"), {**NEW_TENANT, "name": "Umbrella", "slug": "umbrella"})
    assert trail_of(Tenant.objects.get(slug="umbrella")) == [("tenant.created", "staff@salesos.example")]


def test_roles_that_staff_give_and_take_stand_in_the_trails_of_their_tenants(people, acme, globex):
    user = User.objects.get(email="auditor@acme.example")
    membership = Membership.objects.get(user=user)
    sent = {
        "email": user.email, "name": "", "is_active": "on",
        "memberships-TOTAL_FORMS": 2, "memberships-INITIAL_FORMS": 1,
        "memberships-0-id": membership.pk, "memberships-0-user": user.pk, "memberships-0-tenant": acme.pk,
        "memberships-0-role": "manager",
        "memberships-1-user": user.pk, "memberships-1-tenant": globex.pk, "memberships-1-role": "auditor",
    }  # fmt: skip
    address = reverse("admin:salesos_user_change", args=[user.pk])
    assert people["staff"].post(address, sent).status_code == 302
    assert last(acme).changes == {"role": ["auditor", "manager"]}
    assert [action for action, _who in trail_of(acme)] == ["membership.changed"]
    assert [action for action, _who in trail_of(globex)] == ["membership.created"]
    given = Membership.objects.get(user=user, tenant=globex)
    moved = {
        **sent, "memberships-INITIAL_FORMS": 2, "memberships-1-id": given.pk, "memberships-0-DELETE": "on",
    }  # fmt: skip
    people["staff"].post(address, moved)
    assert [action for action, _who in trail_of(acme)] == ["membership.changed", "membership.deleted"]
    assert len(trail_of(globex)) == 1


def test_a_member_who_is_changed_from_the_sandbox_stands_in_the_tenants_trail(people, acme, globex):
    people["admin"].post(reverse("admin:switch"), {"tenant": "acme-sandbox"})
    auditor = Membership.objects.get(tenant=acme, role=Role.AUDITOR)
    people["admin"].post(reverse("admin:salesos_membership_change", args=[auditor.pk]), {"role": "manager"})
    assert trail_of(acme) == [("membership.changed", "admin@acme.example")]
    assert trail_of(acme.sandbox) == []
    history = people["admin"].get(reverse("admin:salesos_membership_history", args=[auditor.pk]))
    assert [row.action for row in history.context["rows"]] == ["Member's role changed"]


def test_a_password_that_staff_set_is_told_without_it(people, acme, globex):
    user = User.objects.get(email="auditor@acme.example")
    sent = {"usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}
    people["staff"].post(reverse("admin:auth_user_password_change", args=[user.pk]), sent)
    assert (last(None).action, last(None).changes) == ("user.changed", {"password": ["•••", "•••"]})


def test_an_adjustment_and_its_entry_are_one(people, acme_rows, acme, globex):
    before = len(trail_of(acme))
    sent = {"collaborator": acme_rows.person.pk, "points": "0", "reason": "because", "day": "2026-11-01"}
    people["manager"].post(reverse("admin:missions_adjustment_add"), sent)
    assert len(trail_of(acme)) == before
    people["manager"].post(reverse("admin:missions_adjustment_add"), {**sent, "points": "-20"})
    entry = last(acme)
    assert entry.changes == {
        "collaborator": ["", "acme person 0"], "points": ["", "-20"], "day": ["", "2026-11-01"],
        "reason": ["", "because"],
    }  # fmt: skip
    with tenant_context(acme):
        assert entry.subject_id == str(Adjustment.objects.first().pk)


def test_tenants_and_users_made_on_the_command_line_leave_entries_without_a_person(acme, globex):
    call_command("create_tenant", "Umbrella", stdout=io.StringIO())
    assert trail_of(Tenant.objects.get(slug="umbrella")) == trail_of(None) == [("tenant.created", "")]
    UserFactory(email="zoe@example.com")
    for role in ("auditor", "admin", "admin"):
        call_command("create_user", "zoe@example.com", tenant="acme-sandbox", role=role, stdout=io.StringIO())
    assert trail_of(acme) == [("membership.created", ""), ("membership.changed", "")]
    assert last(acme).changes == {"role": ["auditor", "admin"]}
    assert trail_of(globex) == []


# The screen


def test_the_trail_is_read_newest_first_and_each_tenant_sees_its_own(people, some):
    assert shown(people["admin"]) == shown(people["auditor"]) == ["100% _rare_", "Blue", "Red"]


def test_an_action_is_told_in_words_and_an_unknown_one_as_it_is(people, some):
    rows = people["admin"].get(TRAIL).context["rows"]
    assert [row.action for row in rows] == ["rocket.launched", "Team changed", "Team created"]
    assert [row.who for row in rows] == ["from the command line", "zoe@acme.example", "zoe@acme.example"]


def test_every_action_that_the_code_records_has_words():
    recorded = {
        action
        for package in ("salesos", "missions", "leads")
        for file in (ROOT / package).rglob("*.py")
        for action in re.findall(r'\brecord\w*\([^"]*"([a-z_]+\.[a-z_]+)"', file.read_text())
    }

    assert {"user.signed_in", "mapping.applied"} <= recorded
    assert recorded - set(every_action()) == set()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"person": "ZOE@"}, ["Blue", "Red"]),
        ({"person": "%"}, []),
        ({"action": "team.created"}, ["Red"]),
        ({"action": "rocket.launched"}, ["100% _rare_"]),
        ({"subject": "e"}, ["100% _rare_", "Blue", "Red"]),
        ({"subject": "_"}, ["100% _rare_"]),
        ({"subject": "0%"}, ["100% _rare_"]),
        ({"subject": "blue", "action": "team.created"}, []),
        ({"last": "1999-12-31"}, []),
        ({"first": "0001-01-01", "last": "9999-12-31"}, ["100% _rare_", "Blue", "Red"]),
        ({"last": "9999-12-30"}, ["100% _rare_", "Blue", "Red"]),
        ({"first": "9999-12-31"}, []),
        ({"first": "2026-02-31"}, ["100% _rare_", "Blue", "Red"]),
        ({"before": "x", "after": "9" * 30}, ["100% _rare_", "Blue", "Red"]),
        ({"before": "-1"}, ["100% _rare_", "Blue", "Red"]),
    ],
)
def test_the_filters_combine(people, some, query, found):
    assert shown(people["admin"], **query) == found


def test_the_days_of_the_filter_are_the_tenants(people, some, acme):
    # 23:30 in São Paulo, the next day in UTC.
    at = datetime(2026, 3, 11, 2, 30, tzinfo=UTC)
    with tenant_context(acme):
        AuditEntry(tenant=acme, action="a.b", subject="Late").save()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE salesos_auditentry SET at = %s WHERE subject = 'Late'", [at])
        cursor.execute("SET session_replication_role = origin")
    assert shown(people["admin"], first="2026-03-10", last="2026-03-10") == ["Late"]
    assert shown(people["admin"], first="2026-03-11", last="2026-03-11") == []


def test_what_can_not_be_filtered_by_is_told_and_kept(people, some):
    answer = people["admin"].get(TRAIL, {"first": "2026-03-02", "last": "2026-03-01", "subject": "Bl"})
    assert b"The last day is before the first." in answer.content
    assert b'value="2026-03-02"' in answer.content


def test_pages_turn_both_ways_without_a_count(people, acme, globex):
    with tenant_context(acme):
        for number in range(120):
            audit.record("team.created", f"Team {number}", by=None)
    client = people["admin"]
    first = client.get(TRAIL, {"action": "team.created"})
    second = client.get(TRAIL + first.context["page"].older)
    third = client.get(TRAIL + second.context["page"].older)
    assert [len(page.context["rows"]) for page in (first, second, third)] == [50, 50, 20]
    assert (first.context["page"].newer, third.context["page"].older) == ("", "")
    back = client.get(TRAIL + third.context["page"].newer)
    assert [row.entry.pk for row in back.context["rows"]] == [row.entry.pk for row in second.context["rows"]]
    assert "action=team.created" in back.context["page"].newer


def test_the_subject_leads_to_what_is_there_and_may_be_seen(people, acme_rows, globex_rows, acme):
    with tenant_context(acme):
        audit.record("collaborator.changed", acme_rows.person)
        audit.record("membership.changed", Membership.objects.get(tenant=acme, role=Role.AUDITOR))
        audit.record("user.changed", User.objects.get(email="auditor@acme.example"))
        gone = Team.objects.create(name="Gone")
        audit.record("team.deleted", gone)
        gone.delete()
    links = [bool(row.href) for row in people["auditor"].get(TRAIL).context["rows"]][:4]
    assert links == [False, False, True, True]
    assert people["staff"].get(TRAIL).context["rows"][1].href != ""


def test_staff_are_marked(people, acme, globex):
    people["staff"].post("/dashboard/salesos/team/add/", {"name": "Red"})
    [row] = people["admin"].get(TRAIL).context["rows"]
    assert (row.who, row.entry.as_staff) == ("staff@salesos.example", True)
    assert b'<span class="tag">Platform staff</span>' in people["admin"].get(TRAIL).content


def test_the_export_streams_what_is_filtered_with_formulas_defused(people, some, acme):
    with tenant_context(acme):
        audit.record("team.created", "=cmd|' /C calc'!A0", changes={"name": ("", "=1+1")})
        for number in range(600):
            audit.record("team.changed", f"{number}")
    answer = people["auditor"].get(TRAIL, {"action": "team.created", "export": "csv"})
    assert answer.streaming
    rows = list(csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    assert [row[4] for row in rows] == ["Subject", "'=cmd|' /C calc'!A0", "Red"]
    everything = people["auditor"].get(TRAIL, {"export": "csv"}).getvalue().decode("utf-8-sig")
    assert len(list(csv.reader(io.StringIO(everything)))) == 1 + 604
    assert "Globex" not in everything


def test_the_platforms_trail_is_for_staff_and_holds_no_tenants_entries(people, some):
    audit.record("user.created", "Somebody", of_platform=True)
    assert shown(people["staff"], PLATFORM) == ["Somebody"]
    assert people["admin"].get(PLATFORM).status_code == 403
    assert people["staff"].get(PLATFORM, {"export": "csv"}).headers["Content-Type"].startswith("text/html")


def test_nobody_can_add_or_change_an_entry(people, some):
    for who in ("auditor", "admin", "staff"):
        for method in ("post", "put", "delete", "patch"):
            assert getattr(people[who], method)(TRAIL).status_code in (403, 405), (who, method)
    assert AuditEntry not in site._registry


# A row's history


def test_a_rows_history_is_the_trail_of_this_row(people, acme_rows, globex_rows, acme):
    person = acme_rows.person
    change = reverse("admin:salesos_collaborator_change", args=[person.pk])
    sent = {**PERSON, "email": person.email, "external_id": "e0", "team": acme_rows.team.pk}
    people["manager"].post(change, {**sent, "name": "Other"})
    history = reverse("admin:salesos_collaborator_history", args=[person.pk])
    assert history.encode() in people["manager"].get(change).content
    [row] = people["manager"].get(history).context["rows"]
    assert (row.action, [str(change) for change in row.changes]) == (
        "Person changed", ["Name: acme person 0 → Other"],
    )  # fmt: skip
    assert b"127.0.0.1" not in people["manager"].get(history).content
    assert b"127.0.0.1" in people["auditor"].get(history).content


def test_evidence_has_no_history_to_offer(people, acme_rows, globex_rows):
    address = reverse("admin:missions_activity_change", args=[acme_rows.activity.pk])
    assert b"/history/" not in people["admin"].get(address).content


def test_staff_read_the_history_of_users_and_tenants(people, acme, globex):
    people["staff"].post(reverse("admin:salesos_tenant_change", args=[globex.pk]), {**NEW_TENANT, "slug": "globex"})
    history = people["staff"].get(reverse("admin:salesos_tenant_history", args=[globex.pk]))
    assert [row.entry.action for row in history.context["rows"]] == ["tenant.changed"]


def test_the_trail_costs_as_many_statements_for_many_entries_as_for_one(people, acme_rows, globex_rows, acme):
    def statements() -> int:
        with CaptureQueriesContext(connection) as queries:
            people["admin"].get(TRAIL)
        return len(queries)

    with tenant_context(acme):
        audit.record("team.changed", acme_rows.team)
    statements()  # the first one of a minute notes that the session was seen
    few = statements()
    with tenant_context(acme):
        for number in range(30):
            audit.record("team.created", Team.objects.create(name=f"T{number}"))
    assert statements() == few
    assert timezone.now() - last(acme).at < timedelta(minutes=5)
