"""Nothing of globex through acme's door: not in a page, a choice, a filter, a search or a form."""

import pytest
from django.urls import reverse

from missions.models import Adjustment, Mapping, UnmatchedActivity
from salesos.models import Collaborator, Membership
from salesos.tenancy import tenant_context
from tests.salesos.admin import routes

BAD_CHOICE = "Select a valid choice"


def test_no_page_of_acme_mentions_globex(people, acme_rows, globex_rows, acme):
    looked_at = 0
    for name in set(routes.names()) - {"logout"}:
        object_id = routes.row_id(name, acme_rows, acme) if routes.takes_a_row(name) else None
        answer = people["admin"].get(routes.address(name, object_id, "lost0@acme.example"))
        content = answer.getvalue().lower()
        assert b"globex" not in content, name
        looked_at += b"acme" in content
    # When testing that nothing leaks, make sure something could.
    assert looked_at > 30


def test_a_list_is_not_opened_by_another_tenants_ids(people, acme_rows, globex_rows):
    for path, query in (
        ("salesos_collaborator", {"team__id__exact": globex_rows.team.pk}),
        ("salesos_collaborator", {"q": "globex"}),
        ("missions_activity", {"mission__id__exact": globex_rows.mission.pk}),
        ("missions_activity", {"q": globex_rows.activity.external_id}),
        ("missions_activity", {"q": "person0@globex.example"}),
        ("missions_adjustment", {"q": "globex"}),
    ):
        answer = people["admin"].get(reverse(f"admin:{path}_changelist"), query)
        assert len(answer.context["cl"].result_list) == 0, (path, query)


@pytest.mark.parametrize("tenant_id", ["tenant__id__exact", "tenant_id", "collaborator__tenant__slug"])
def test_a_list_can_not_be_asked_for_another_tenant(people, acme_rows, globex_rows, globex, tenant_id):
    answer = people["admin"].get(reverse("admin:missions_activity_changelist"), {tenant_id: globex.pk})
    assert b"globex" not in answer.content.lower()


def test_a_form_takes_another_tenants_team_for_no_choice(people, acme_rows, globex_rows, acme):
    sent = {"name": "Zoe", "email": "zoe@acme.example", "metadata": "{}", "is_active": "on"}
    add = reverse("admin:salesos_collaborator_add")
    foreign = people["admin"].post(add, {**sent, "team": globex_rows.team.pk})
    unknown = people["admin"].post(add, {**sent, "team": 999_999_999})
    assert foreign.context["errors"] == unknown.context["errors"]
    assert BAD_CHOICE in str(foreign.context["errors"])
    with tenant_context(acme):
        assert list(Collaborator.objects.values_list("email")) == [("person0@acme.example",)]


def test_an_adjustment_is_for_ones_own_people_and_missions(people, acme_rows, globex_rows, acme):
    sent = {"points": "7", "day": "2026-11-01", "reason": "because"}
    for field, value in (("collaborator", globex_rows.person.pk), ("mission", globex_rows.mission.pk)):
        answer = people["admin"].post(
            reverse("admin:missions_adjustment_add"), {**sent, "collaborator": acme_rows.person.pk, field: value}
        )
        assert BAD_CHOICE in str(answer.context["errors"])
    with tenant_context(acme):
        assert Adjustment.objects.count() == 1


def test_configure_knows_another_tenants_mission_as_little_as_one_that_does_not_exist(
    people, acme_rows, globex_rows, acme, globex
):
    told = []
    for code, name in (("501", globex_rows.mission.name), ("502", "Nobody's mission")):
        sent = {f"m{code}": name, f"p{code}": "5"}
        planned = people["admin"].post(reverse("admin:configure"), sent).context["plan"]
        told.append((planned.new_missions == [name], [line.effect for line in planned.lines]))
        people["admin"].post(reverse("admin:configure"), sent | {"do": "save"})
    assert told[0] == told[1] == (True, ["new"])
    with tenant_context(globex):
        assert list(Mapping.objects.values_list("code")) == [("001",)]


def test_the_autocomplete_offers_ones_own_people_only(people, acme_rows, globex_rows):
    query = {"app_label": "missions", "model_name": "adjustment", "field_name": "collaborator", "term": "person"}
    answer = people["manager"].get(reverse("admin:autocomplete"), query)
    assert answer.json()["results"] == [{"id": str(acme_rows.person.pk), "text": "acme person 0"}]


def test_an_action_on_another_tenants_row_does_nothing(people, acme_rows, globex_rows, globex):
    people["admin"].post(
        reverse("admin:salesos_collaborator_changelist"),
        {"action": "deactivate", "_selected_action": [acme_rows.person.pk, globex_rows.person.pk]},
    )
    with tenant_context(globex):
        assert Collaborator.objects.get().is_active
    with tenant_context(acme_rows.tenant):
        assert not Collaborator.objects.get().is_active


def test_what_another_tenant_keeps_unmatched_is_neither_shown_nor_discarded(people, acme_rows, globex_rows, globex):
    address = routes.address("unmatched_of", email="lost0@globex.example")
    assert people["admin"].get(address).status_code == 404
    for doing in ("discard", "replay", "register", "point"):
        people["admin"].post(address, {"do": doing, "name": "X", "person": "person0@acme.example"})
    with tenant_context(globex):
        assert UnmatchedActivity.objects.count() == 1


def test_an_admin_never_sees_or_changes_who_belongs_to_another_tenant(people, acme_rows, globex):
    of_globex = Membership.objects.get(tenant=globex, role="admin")
    people["admin"].post(reverse("admin:salesos_membership_change", args=[of_globex.pk]), {"role": "auditor"})
    people["admin"].post(reverse("admin:salesos_membership_delete", args=[of_globex.pk]), {"post": "yes"})
    of_globex.refresh_from_db()
    assert of_globex.role == "admin"
