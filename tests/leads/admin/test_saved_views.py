"""Views of the list: saved, shared, changed, begun with, and still standing when what they name is gone."""

import pytest
from django.db import IntegrityError, transaction

from leads.models import DefaultView, SavedView
from leads.saved_views import MOST_VIEWS
from salesos.models import AuditEntry, Team, User
from salesos.roles import Role
from salesos.tenancy import WrongTenant, tenant_context
from tests.leads.admin.conftest import LEADS, make
from tests.salesos.admin.conftest import member, signed_in

VIEWS = f"{LEADS}views/"


@pytest.fixture
def admin(acme, manager):
    """Another user who may post."""
    return signed_in(member(acme, Role.ADMIN))


@pytest.fixture
def save(manager, acme):
    def post(name="Mine", client=manager, **sent):
        return client.post(VIEWS, {"do": "save", "name": name, "status": "new", "sort": "name", **sent})

    return post


def view_in(tenant, name) -> SavedView:
    with tenant_context(tenant):
        return SavedView.objects.get(name=name)


def tabs(client) -> list[str]:
    return [tab.title for tab in client.get(LEADS, {"view": "all"}).context["tabs"]]


def trail(tenant) -> list[tuple[str, str]]:
    with tenant_context(tenant):
        return list(AuditEntry.objects.order_by("pk").values_list("action", "subject"))


def test_a_view_is_its_users_own_and_leads_to_its_filters(save, manager, admin, acme):
    answer = save(page="3", nonsense="x", per_page="50")
    view = view_in(acme, "Mine")
    assert view.filters == {"status": "new", "sort": "name", "per_page": "50"}
    assert answer["Location"] == f"{LEADS}?status=new&sort=name&per_page=50&view={view.public_id}"
    shown = manager.get(answer["Location"])
    assert [tab.title for tab in shown.context["tabs"] if tab.is_chosen] == ["Mine"]
    assert (tabs(manager), tabs(admin)) == (["All leads", "Mine"], ["All leads"])
    assert trail(acme) == []


def test_a_shared_view_is_everybodys_here_and_stands_in_the_trail(save, admin, auditor, acme):
    save("Ours", is_shared="on")
    assert tabs(admin) == tabs(auditor) == ["All leads", "Ours"]
    assert trail(acme) == [("saved_view.created", "Ours")]


def test_the_views_of_another_tenant_are_neither_seen_nor_touched(manager, globex, stranger):
    theirs = view_in(globex, "Globex view")
    assert tabs(manager) == ["All leads"]
    assert b"Globex view" not in manager.get(VIEWS).content
    for doing in ("change", "update", "delete", "default"):
        assert manager.post(VIEWS, {"do": doing, "view": theirs.public_id, "name": "X"}).status_code == 404
    assert view_in(globex, "Globex view").filters == {}


def test_somebody_elses_own_view_is_not_there(save, admin, acme):
    save()
    mine = view_in(acme, "Mine")
    assert admin.post(VIEWS, {"do": "delete", "view": mine.public_id}).status_code == 404
    chosen = admin.get(LEADS, {"view": mine.public_id}).context
    assert (chosen["chosen"], chosen["form"].is_valid()) == (None, True)


def test_a_name_that_is_taken_is_told_and_nothing_typed_is_lost(save, manager, acme):
    save()
    answer = save("mine")
    assert "You have a view of this name already." in str(answer.context["new"].errors)
    assert b'value="mine"' in answer.content
    assert b'name="status" value="new"' in answer.content
    for bad in ("", "   ", "x" * 61):
        assert "name" in save(bad).context["new"].errors
    with tenant_context(acme):
        assert SavedView.objects.count() == 1


def test_two_users_may_name_their_own_views_alike_but_shared_ones_differ(save, admin, acme):
    save("Hot")
    save("Hot", client=admin)
    save("Team", is_shared="on")
    assert "There is a shared view" in str(save("TEAM", client=admin, is_shared="on").context["new"].errors)
    with tenant_context(acme):
        assert SavedView.objects.count() == 3


def test_a_view_is_renamed_shared_and_taken_back(save, manager, admin, acme):
    save()
    view = view_in(acme, "Mine")
    sent = {"do": "change", "view": view.public_id}
    manager.post(VIEWS, {**sent, f"{view.pk}-name": "Ours", f"{view.pk}-is_shared": "on"})
    assert tabs(admin) == ["All leads", "Ours"]
    # Whoever takes a shared one back owns it.
    admin.post(VIEWS, {**sent, f"{view.pk}-name": "Ours"})
    assert (tabs(admin), tabs(manager)) == (["All leads", "Ours"], ["All leads"])
    assert [action for action, _subject in trail(acme)] == ["saved_view.changed"] * 2
    blank = admin.post(VIEWS, {**sent, f"{view.pk}-name": ""})
    assert [bool(each.form.errors) for each in blank.context["views"]] == [True]


def test_a_view_takes_the_present_filters_when_asked_to(save, manager, acme):
    save()
    view = view_in(acme, "Mine")
    address = f"{LEADS}?status=qualified&view={view.public_id}"
    assert manager.get(f"{LEADS}?sort=name&status=new&view={view.public_id}").context["is_changed"] is False
    assert manager.get(address).context["is_changed"]
    manager.post(VIEWS, {"do": "update", "view": view.public_id, "status": "qualified"})
    assert view_in(acme, "Mine").filters == {"status": "qualified"}
    assert manager.get(address).context["is_changed"] is False


def test_filters_that_can_not_be_read_are_not_saved(save, acme):
    save(created_after="yesterday")
    save(status="sold")
    with tenant_context(acme):
        assert SavedView.objects.count() == 0


def test_the_list_begins_with_the_default_view_of_each_user(save, manager, admin, acme):
    save(is_default="on")
    view = view_in(acme, "Mine")
    assert manager.get(LEADS)["Location"] == f"{LEADS}?status=new&sort=name&view={view.public_id}"
    assert manager.get(LEADS, {"view": "all"}).status_code == 200
    assert admin.get(LEADS).status_code == 200
    manager.post(VIEWS, {"do": "default", "view": "all"})
    assert manager.get(LEADS).status_code == 200
    # Somebody's default that is no longer shared with them is none.
    save("Ours", is_shared="on")
    ours = view_in(acme, "Ours")
    admin.post(VIEWS, {"do": "default", "view": ours.public_id})
    assert admin.get(LEADS).status_code == 302
    manager.post(VIEWS, {"do": "change", "view": ours.public_id, f"{ours.pk}-name": "Ours"})
    assert admin.get(LEADS).status_code == 200


def test_a_deleted_view_takes_its_defaults_along_and_no_lead(save, manager, acme):
    make(acme)
    save("Ours", is_shared="on", is_default="on")
    manager.post(VIEWS, {"do": "delete", "view": view_in(acme, "Ours").public_id})
    with tenant_context(acme):
        assert (SavedView.objects.count(), DefaultView.objects.count()) == (0, 0)
    assert manager.get(LEADS).context["total"] == 1
    assert trail(acme)[-1] == ("saved_view.deleted", "Ours")


def test_a_view_whose_team_is_gone_says_so_and_opens(save, manager, acme):
    with tenant_context(acme):
        team = Team.objects.create(name="South")
    save("South", team_id=str(team.public_id), status="", is_shared="on")
    with tenant_context(acme):
        team.delete()
    [shown] = manager.get(VIEWS).context["views"]
    assert shown.is_broken
    opened = manager.get(shown.href)
    assert [chip.title for chip in opened.context["gone"]] == ["Owner's team"]
    assert opened.context["total"] == 0


@pytest.mark.parametrize(
    "filters",
    [
        {"status": "gone"},
        {"owner_id": "x"},
        {"created_after": "soon"},
        {"sort": "x"},
        {"created_after": "0001-01-01T00:00:00+14:00"},
    ],
)
def test_a_view_with_filters_of_another_time_breaks_nothing(manager, acme, filters):
    with tenant_context(acme):
        view = SavedView.objects.create(name="Old", is_shared=True, filters=filters)
    [shown] = manager.get(VIEWS).context["views"]
    assert (shown.view, manager.get(shown.href).status_code) == (view, 200)


def test_there_is_an_end_to_views(save, acme):
    with tenant_context(acme):
        user = User.objects.get(email="manager@acme.example")
        SavedView.objects.bulk_create(SavedView(name=f"V{number}", user=user) for number in range(MOST_VIEWS))
    assert "already: delete one first" in str(save("One more").context["new"].errors)


def test_an_auditor_saves_nothing(auditor):
    assert auditor.post(VIEWS, {"do": "save", "name": "Mine"}).status_code == 403


def test_no_default_is_another_tenants_view(acme, globex, stranger, manager):
    theirs = view_in(globex, "Globex view")
    user = User.objects.get(email="manager@acme.example")
    with tenant_context(acme), pytest.raises((IntegrityError, WrongTenant)), transaction.atomic():
        DefaultView.objects.create(user=user, view=theirs)
