import pytest
from django.core.cache import cache
from django.urls import reverse

from missions.mapping import set_mapping
from missions.models import Mission
from salesos.models import Collaborator, Team
from salesos.tenancy import tenant_context
from tests.salesos.admin.conftest import signed_in

SEARCH = "/dashboard/search/"


def found(client, text) -> list[tuple[str, str]]:
    """(kind, title)"""
    return [(str(each.kind), each.title) for each in client.get(SEARCH, {"q": text}).context["found"]]


@pytest.fixture
def rows(acme, globex):
    """The same names in both tenants."""
    for tenant in (acme, globex):
        with tenant_context(tenant):
            team = Team.objects.create(name=f"Calling {tenant.slug}")
            Collaborator.objects.create(name=f"Zoë {tenant.slug}", email=f"zoe@{tenant.slug}.example", team=team)
            mission = Mission.objects.create(name=f"Calls {tenant.slug}")
            set_mapping("default", "017", mission=mission, points=5, label=f"Phone call {tenant.slug}")


def test_screens_people_teams_missions_and_codes_are_found_in_ones_own_tenant(people, rows):
    assert found(people["manager"], "call") == [
        ("Team", "Calling acme"),
        ("Mission", "Calls acme"),
        ("Code", "017 · Phone call acme"),
    ]
    assert found(people["manager"], "zoë") == found(people["manager"], "ZOE@") == [("Person", "Zoë acme")]
    assert found(people["manager"], "leader") == [("Missions", "Leaderboard")]
    assert found(people["manager"], "017") == [("Code", "017 · Phone call acme")]


def test_what_is_found_opens(people, rows):
    for text in ("", "call", "zo"):
        for each in people["auditor"].get(SEARCH, {"q": text}).context["found"]:
            assert (each.title, people["auditor"].get(each.href).status_code) == (each.title, 200)


def test_a_role_finds_only_screens_that_it_may_open(people, rows):
    assert found(people["manager"], "api key") == found(people["manager"], "audit") == []
    assert found(people["auditor"], "api key") == [("Integrations", "API keys")]
    assert found(people["admin"], "users") == []
    assert ("Platform", "Users") in found(people["staff"], "users")


def test_the_answer_changes_with_the_tenant_and_the_role_at_once(people, rows):
    cache.clear()
    assert found(people["staff"], "calls") == [("Mission", "Calls acme")]
    people["staff"].post(reverse("admin:switch"), {"tenant": "globex"})
    assert found(people["staff"], "calls") == [("Mission", "Calls globex")]
    people["staff"].post(reverse("admin:leave"))
    assert found(people["staff"], "calls") == []


def test_accents_and_case_do_not_matter_for_screens(people, acme):
    acme.language = "pt-br"
    acme.save()
    titles = [title for _kind, title in found(people["admin"], "")]
    assert titles != []
    assert found(people["admin"], titles[1].upper()) != []


@pytest.mark.parametrize("text", ["%", "%%", "__", "\\\\", "' OR 1=1", "x" * 5000, "1", "  ", "ß", "<script>"])
def test_whatever_is_typed_is_text(people, rows, text):
    answer = people["admin"].get(SEARCH, {"q": text})
    assert answer.status_code == 200
    assert [each for each in answer.context["found"] if each.kind == "Person"] == []
    assert b"<script>" not in answer.content


def test_nothing_is_kept_by_the_browser_or_by_us(people, rows):
    answer = people["admin"].get(SEARCH, {"q": "call"})
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.context["found"] != []


def test_the_palette_is_on_every_page_of_somebody_signed_in_and_on_no_other(people, acme):
    assert b'id="palette"' in people["manager"].get("/dashboard/").content
    assert b'id="palette"' not in signed_in(None).get("/dashboard/login/").content
