"""The leaderboard's screen: filters, pages, export, and the way to what is behind a number."""

import csv
import io

import pytest
from django.urls import reverse

from missions.adjustments import adjust
from missions.models import Activity, Mission
from salesos.models import Collaborator, Team
from salesos.roles import Role
from salesos.tenancy import tenant_context
from tests.factories import CollaboratorFactory, TeamFactory
from tests.salesos.admin.conftest import NOW, acme_rows, furnish, globex_rows, member, people, signed_in, staff  # noqa: F401

BOARD = "/dashboard/missions/leaderboard/"


@pytest.fixture
def manager(people):  # noqa: F811
    return people["manager"]


@pytest.fixture
def rows(acme_rows, globex_rows):  # noqa: F811
    return acme_rows


def names_on(answer):
    return [standing.name for standing, _progress in answer.context["rows"]]


def sheet(answer):
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_a_board_of_a_team_has_its_people(manager, rows, acme, globex_rows):  # noqa: F811
    with tenant_context(acme):
        blue = TeamFactory(name="Blue")
        CollaboratorFactory(name="Zoe", team=blue)
    assert names_on(manager.get(BOARD, {"period": "all", "team": blue.pk})) == ["Zoe"]
    assert names_on(manager.get(BOARD, {"period": "all"})) == ["acme person 0", "Zoe"]
    foreign = manager.get(BOARD, {"team": globex_rows.team.pk})
    assert list(foreign.context["form"].errors) == ["team"]


def test_a_big_board_comes_in_pages_and_finds_by_name(manager, rows, acme):
    with tenant_context(acme):
        Collaborator.objects.bulk_create(
            Collaborator(name=f"Person {number:03d}", email=f"p{number}@acme.example") for number in range(250)
        )
        CollaboratorFactory(name="João Ávila")
    first = manager.get(BOARD, {"period": "all"})
    assert (len(names_on(first)), names_on(first)[0]) == (100, "acme person 0")
    assert b"1\xe2\x80\x93100 of 252 people" in first.content
    last = manager.get(BOARD + first.context["next_url"].replace("page=2", "page=3"))
    assert (len(names_on(last)), last.context["next_url"]) == (52, "")
    for sought in ("joao", "JOÃO", "avila", " João "):
        found = manager.get(BOARD, {"period": "all", "name": sought})
        assert [(place.name, place.rank) for place, _progress in found.context["rows"]] == [("João Ávila", 2)]
    nobody = manager.get(BOARD, {"period": "all", "name": "<b>%_"})
    assert names_on(nobody) == []
    assert b"Nobody here is called \xe2\x80\x9c&lt;b&gt;%_" in nobody.content


def test_an_empty_board_says_what_to_do(acme, globex):
    browser = signed_in(member(acme, Role.ADMIN))
    assert reverse("admin:salesos_collaborator_changelist").encode() in browser.get(BOARD).content
    assert b"There are no teams yet" in browser.get(BOARD, {"by": "teams"}).content
    with tenant_context(acme):
        CollaboratorFactory(name="Zoe")
    assert b"Map codes to missions" in browser.get(BOARD).content


def test_the_export_is_the_board_as_shown(manager, rows, acme):
    with tenant_context(acme):
        CollaboratorFactory(name="=HYPERLINK(1)", email="zoe@acme.example", team=Team.objects.get())
    answer = manager.get(BOARD, {"period": "all", "as": "csv"})
    assert answer["Content-Type"].startswith("text/csv")
    assert sheet(answer) == [
        ["Rank", "Person", "E-mail", "Team", "Points", "Completions", "Rank in the period before"],
        ["1", "acme person 0", "person0@acme.example", "acme team 0", "8", "1", ""],
        ["2", "'=HYPERLINK(1)", "zoe@acme.example", "acme team 0", "0", "0", ""],
    ]
    found = manager.get(BOARD, {"period": "all", "as": "csv", "name": "person"})
    assert [row[1] for row in sheet(found)[1:]] == ["acme person 0"]
    teams = manager.get(BOARD, {"period": "all", "as": "csv", "by": "teams"})
    assert sheet(teams)[1] == ["1", "acme team 0", "2", "8", "1", ""]
    with tenant_context(acme):
        Mission.objects.update(target=2, target_period="month")
    aimed = manager.get(BOARD, {"period": "all", "as": "csv", "mission": rows.mission.pk})
    assert sheet(aimed)[0][-1] == "Target: 2 a month"


def test_every_number_leads_to_what_is_behind_it(manager, rows, acme):
    answer = manager.get(BOARD, {"period": "all"})
    why = f"{reverse('admin:salesos_collaborator_why', args=[rows.person.pk])}?period=all"
    assert answer.content.decode().count(f'href="{why}"') == 2
    behind = manager.get(why)
    assert (behind.context["points"], behind.context["completions"]) == (8, 1)
    text = behind.content.decode()
    with tenant_context(acme):
        counted = Activity.objects.completions().get()
    assert reverse("admin:missions_activity_change", args=[counted.pk]) in text
    assert reverse("admin:missions_adjustment_change", args=[rows.adjustment.pk]) in text
    assert "Activity 001" in text
    assert "acme label 0" in text
    assert "acme reason 0" in text
    assert counted.external_id in text


def test_a_team_keeps_what_was_earned_in_it(manager, rows, acme):
    with tenant_context(acme):
        rows.person.team = TeamFactory(name="Blue")
        rows.person.save()
        adjust(rows.person, points=50, reason="In the new team", by=None, at=NOW)
    behind = manager.get(f"{reverse('admin:salesos_team_why', args=[rows.team.pk])}?period=all")
    assert behind.context["points"] == 8
    assert b"acme person 0" in behind.content
    assert b"In the new team" not in behind.content


def test_the_lines_of_a_merged_record_are_those_of_the_person(manager, rows, acme):
    with tenant_context(acme):
        survivor = CollaboratorFactory(name="The survivor")
        Collaborator.objects.filter(pk=rows.person.pk).update(merged_into=survivor)
    behind = manager.get(f"{reverse('admin:salesos_collaborator_why', args=[rows.person.pk])}?period=all")
    assert (behind.context["subject"], behind.context["points"]) == (survivor, 8)


@pytest.mark.parametrize("query", ["period=never", "mission=x", "period=custom&first=2026-11-02&last=2026-11-01"])
def test_a_question_that_can_not_be_says_so(manager, rows, query):
    answer = manager.get(f"{reverse('admin:salesos_collaborator_why', args=[rows.person.pk])}?{query}")
    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert "lines" not in answer.context


@pytest.mark.parametrize("place", ["x", "t999999999", "a1%00", "t" + "9" * 50])
def test_a_place_that_is_none_is_not_found(manager, rows, place):
    address = f"{reverse('admin:salesos_collaborator_why', args=[rows.person.pk])}?period=all&after={place}"
    assert manager.get(address).status_code in (400, 404)


@pytest.mark.parametrize("person_id", [0, 999_999_999, 10**30])
def test_nobody_is_not_found(manager, rows, person_id):
    assert manager.get(reverse("admin:salesos_collaborator_why", args=[person_id])).status_code == 404
