"""Walls: a link without a sign-in, what it shows, and all that it must never show."""

import json
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from uuid_utils.compat import uuid7

from missions.adjustments import adjust
from missions.mapping import set_mapping
from missions.models import Mission, WallLink
from missions.periods import Period
from missions.recording import Receipt, SentActivity, record_activities
from missions.walls import board as walls_board
from missions.walls.links import create_link, find_link, revoke_link
from salesos.errors import Refused
from salesos.models import AuditEntry, Collaborator, Team
from salesos.people import set_active
from salesos.roles import Role
from salesos.tenancy import tenant_context
from tests.salesos.admin.conftest import acme_rows, furnish, globex_rows, member, people, signed_in, staff  # noqa: F401

CANARY_PHONE, CANARY_DOCUMENT, CANARY_DATA = "+5511999988877", "529.982.247-25", "canary-data"
WALLS = "/dashboard/missions/walls/"


@pytest.fixture
def floor(acme, globex):
    """Three of Acme's people with everything personal filled in, two of them with points of today."""
    furnish(globex)
    with tenant_context(acme):
        team = Team.objects.create(name="Red")
        mission = Mission.objects.create(name="Calls")
        set_mapping("default", "001", mission=mission, points=5, label="Phone call")
        for name in ("Ana Souza", "Bia Lima", "Caio"):
            Collaborator.objects.create(
                name=name,
                email=f"{name.split()[0].lower()}@canary.example",
                external_id=f"canary-crm-{name[0]}",
                phone=CANARY_PHONE,
                document=CANARY_DOCUMENT,
                team=team,
                metadata={"note": CANARY_DATA},
            )
        send("ana@canary.example", count=2)
        send("bia@canary.example")
    return acme


def send(email, code="001", *, count=1, at=None):
    at = at or timezone.now()
    data = json.dumps({"note": CANARY_DATA})
    record_activities(
        "default",
        [SentActivity(code, f"canary-{uuid7()}", email, at, data, Receipt(at, uuid7())) for _ in range(count)],
    )


def link_in(tenant, **fields):
    with tenant_context(tenant):
        return create_link(**{"name": "Floor", "period": Period.WEEK, "by": None, **fields})


def board_at(issued, etag="", **headers):
    if etag:
        headers["If-None-Match"] = etag
    return Client().get(f"/wall/{issued.token}/board", headers=headers)


def placed(answer):
    return [(row["rank"], row["name"], row["points"]) for row in answer.json()["rows"]]


# What it shows


def test_a_wall_shows_the_board_to_whoever_has_the_link(floor):
    issued = link_in(floor)
    page = Client().get(f"/wall/{issued.token}/")
    assert (page.status_code, "sessionid" in page.cookies, "csrftoken" in page.cookies) == (200, False, False)
    assert b"Floor" in page.content
    answer = board_at(issued)
    told = answer.json()
    assert (told["name"], told["tenant"], told["period"]) == ("Floor", "Acme", "This week")
    assert placed(answer) == [(1, "Ana Souza", 10), (2, "Bia Lima", 5)]
    assert told["rows"][0]["share"] == 1
    assert told["today"] == {"points": 15, "completions": 3}
    assert sorted(each["name"] for each in told["latest"]) == ["Ana Souza", "Ana Souza", "Bia Lima"]
    assert {(each["mission"], each["points"], each["fresh"]) for each in told["latest"]} == {("Calls", 5, True)}


def test_the_board_on_the_wall_is_that_of_the_leaderboard(floor):
    browser = signed_in(member(floor, Role.MANAGER))
    for fields, query in (
        ({}, "period=week"),
        ({"period": Period.ALL}, "period=all"),
        ({"by_team": True}, "period=week&by=teams"),
    ):
        on_screen = browser.get(f"/dashboard/missions/leaderboard/?{query}").context["rows"]
        told = board_at(link_in(floor, **fields)).json()
        shown = [(row.rank, row.name, row.points, row.movement) for row, _progress in on_screen if row.points]
        assert [(row["rank"], row["name"], row["points"], row["movement"]) for row in told["rows"]] == shown != []


@pytest.mark.parametrize("by_team", [False, True])
def test_movement_is_that_of_the_leaderboard_also_when_the_past_is_remembered(floor, by_team):
    browser = signed_in(member(floor, Role.MANAGER))
    issued = link_in(floor, by_team=by_team)
    with tenant_context(floor):
        green = Team.objects.create(name="Green")
        Collaborator.objects.filter(name="Caio").update(team=green)
        last_week = timezone.now() - timedelta(days=7)
        send("caio@canary.example", count=9, at=last_week)
        send("bia@canary.example", count=5, at=last_week)
    movements = []
    for count in (1, 4):
        with tenant_context(floor):
            send("caio@canary.example", count=count)
        on_screen = browser.get(f"/dashboard/missions/leaderboard/?period=week{'&by=teams' * by_team}").context["rows"]
        with CaptureQueriesContext(connection) as queries:
            told = board_at(issued).json()["rows"]
        assert len(queries) == 3
        shown = [(row.rank, row.name, row.movement) for row, _progress in on_screen if row.points]
        assert [(row["rank"], row["name"], row["movement"]) for row in told] == shown
        movements.append([row["movement"] for row in told])
    assert movements[0] != movements[1]
    assert any(movements[0])


def test_a_wall_of_a_mission_or_a_team_shows_only_that(floor):
    with tenant_context(floor):
        blue = Team.objects.create(name="Blue")
        visits = Mission.objects.create(name="Visits")
        set_mapping("default", "002", mission=visits, points=50, label="")
        Collaborator.objects.filter(name="Caio").update(team=blue)
        send("caio@canary.example")
        send("bia@canary.example", "002")
    of_visits, of_blue = board_at(link_in(floor, mission=visits)), board_at(link_in(floor, team=blue))
    assert placed(of_visits) == [(1, "Bia Lima", 50)]
    assert [each["mission"] for each in of_visits.json()["latest"]] == ["Visits"]
    assert of_visits.json()["today"] == {"points": 50, "completions": 1}
    assert placed(of_blue) == [(1, "Caio", 5)]
    assert of_blue.json()["of"] == ["Blue"]
    assert of_blue.json()["today"] == {"points": 5, "completions": 1}


def test_a_wall_speaks_the_tenants_language_whatever_the_browser_prefers(floor):
    floor.language = "pt-br"
    floor.save()
    answer = Client().get(f"/wall/{link_in(floor).token}/", headers={"Accept-Language": "es"})
    assert answer["Content-Language"] == "pt-br"
    assert b'lang="pt-br"' in answer.content


def test_the_sandbox_has_walls_of_its_own_with_a_badge(floor):
    issued = link_in(floor.sandbox)
    assert b"badge" in Client().get(f"/wall/{issued.token}/").content
    assert b"badge" not in Client().get(f"/wall/{link_in(floor).token}/").content
    assert placed(board_at(issued)) == []


def test_what_happened_long_ago_is_shown_and_not_celebrated(floor):
    issued = link_in(floor, period=Period.ALL)
    with tenant_context(floor):
        send("caio@canary.example", at=timezone.now() - timedelta(days=30))
    latest = {each["name"]: each["fresh"] for each in board_at(issued).json()["latest"]}
    assert latest == {"Ana Souza": True, "Bia Lima": True, "Caio": False}
    assert "Caio" not in str(board_at(link_in(floor, period=Period.TODAY)).json()["latest"])


def test_only_so_many_of_the_newest_activities_are_looked_through(floor, monkeypatch):
    monkeypatch.setattr(walls_board, "LOOKED_THROUGH", 20)
    with tenant_context(floor):
        send("caio@canary.example", "999", count=19)
    assert len(board_at(link_in(floor)).json()["latest"]) == 1
    with tenant_context(floor):
        send("caio@canary.example", "999", count=1)
    assert board_at(link_in(floor)).json()["latest"] == []


def test_someone_who_was_merged_is_named_as_the_person_they_are(floor):
    with tenant_context(floor):
        Collaborator.objects.filter(name="Bia Lima").update(merged_into=Collaborator.objects.get(name="Caio"))
    assert {each["name"] for each in board_at(link_in(floor)).json()["latest"]} == {"Ana Souza", "Caio"}


def test_whoever_has_left_is_named_no_more(floor):
    with tenant_context(floor):
        set_active(Collaborator.objects.filter(name="Bia Lima"), active=False)
    shown = board_at(link_in(floor)).json()
    assert {row["name"] for row in shown["rows"]} == {"Ana Souza"}
    assert {each["name"] for each in shown["latest"]} == {"Ana Souza"}


# What it must not show


def test_nothing_personal_but_names_is_on_a_wall(floor):
    for fields in ({}, {"by_team": True}, {"period": Period.ALL}):
        issued = link_in(floor, **fields)
        for text in (Client().get(f"/wall/{issued.token}/").content.decode(), board_at(issued).content.decode()):
            for canary in ("canary", "@", CANARY_PHONE, CANARY_DOCUMENT, "emp-", issued.token):
                assert canary not in text
    # When testing that nothing leaks, make sure something could.
    with tenant_context(floor):
        assert Collaborator.objects.filter(phone=CANARY_PHONE, document=CANARY_DOCUMENT).count() == 3
    assert set(board_at(link_in(floor)).json()["rows"][0]) == {
        *("key", "rank", "name", "team", "points", "completions", "movement", "share")
    }
    assert set(board_at(link_in(floor)).json()["latest"][0]) == {"key", "name", "mission", "points", "at", "fresh"}


def test_the_keys_of_rows_are_no_ids(floor):
    told = board_at(link_in(floor)).json()
    keys = [each["key"] for each in told["rows"] + told["latest"]]
    assert len(set(keys)) == len(keys) == 5
    assert all(re.fullmatch("[0-9a-f]{16}", key) for key in keys)
    assert [row["key"] for row in board_at(link_in(floor)).json()["rows"]] == [row["key"] for row in told["rows"]]


def test_nothing_of_another_tenant_is_on_a_wall(floor):
    for fields in ({}, {"by_team": True}):
        told = board_at(link_in(floor, period=Period.ALL, **fields)).content.decode()
        assert "globex" not in told.lower()
        assert "Ana Souza" in told


# Who gets in


def test_a_revoked_link_and_an_unknown_one_get_the_same_answer(floor):
    issued = link_in(floor)
    assert board_at(issued).status_code == 200
    with tenant_context(floor):
        revoke_link(issued.link, by=None, at=timezone.now())
    for suffix in ("", "board"):
        answers = [
            Client().get(f"/wall/{token}/{suffix}", headers={"Accept-Language": "es"})
            for token in (issued.token, "A" * 43, "x", "A" * 44, "%C3%A9" * 43, "a%00b", "A" * 5000)
        ]
        assert {answer.status_code for answer in answers} == {404}
        assert {answer.content for answer in answers} == {answers[0].content}
        assert {answer["Content-Language"] for answer in answers} == {"es"}


@pytest.mark.parametrize("which", ["itself", "its tenant, for a sandbox"])
def test_the_walls_of_an_inactive_tenant_are_gone(floor, which):
    issued = link_in(floor if which == "itself" else floor.sandbox)
    assert board_at(issued).status_code == 200
    floor.is_active = False
    floor.save()
    assert board_at(issued).status_code == 404
    assert Client().get(f"/wall/{issued.token}/").status_code == 404


def test_only_the_hash_of_a_token_is_kept(floor):
    issued = link_in(floor)
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(link)::text FROM missions_walllink AS link")
        (kept,) = [row for (row,) in cursor.fetchall() if str(issued.link.pk) in row and "Floor" in row]
    assert issued.token not in kept
    assert len(issued.token) == 43
    assert find_link(issued.token).pk == issued.link.pk
    assert find_link(issued.link.token_hash) is None


def test_answers_are_for_nobodys_cache_search_or_frame(floor):
    issued = link_in(floor)
    for address in (f"/wall/{issued.token}/", f"/wall/{issued.token}/board", f"/wall/{'A' * 43}/", "/wall/x/board"):
        answer = Client().get(address)
        assert answer["Cache-Control"] == "no-store"
        assert answer["Referrer-Policy"] == "no-referrer"
        assert answer["X-Robots-Tag"] == "noindex, nofollow"
        assert answer["X-Frame-Options"] == "DENY"
    assert Client().get(f"/wall/{issued.token}/")["Content-Security-Policy"].startswith("default-src 'self';")


def test_a_walls_token_is_not_in_the_log_whatever_is_sent_to_it(floor, caplog):
    issued = link_in(floor)
    sender = Client(enforce_csrf_checks=True)
    caplog.set_level("ERROR", logger="django.request")  # as settings.LOGGING has it
    for path in ("", "board"):
        assert sender.post(f"/wall/{issued.token}/{path}").status_code == 405
    assert issued.token not in caplog.text


# What a poll costs


def test_a_poll_is_at_most_three_statements_and_two_when_nothing_changed(floor):
    issued = link_in(floor)
    with CaptureQueriesContext(connection) as queries:
        first = board_at(issued)
    assert (first.status_code, len(queries)) == (200, 3)
    with CaptureQueriesContext(connection) as queries:
        second = board_at(issued, first["ETag"])
    assert (second.status_code, second.content, len(queries)) == (304, b"", 2)
    assert board_at(issued, f"W/{first['ETag']}").status_code == 304


def _adds_an_activity():
    send("caio@canary.example")


def _adjusts():
    adjust(Collaborator.objects.get(name="Caio"), points=3, reason="x", by=None, at=timezone.now())


def _renames():
    Collaborator.objects.filter(name="Ana Souza").update(name="Ana Maria")


def _deactivates():
    Collaborator.objects.filter(name="Ana Souza").update(is_active=False)


def _renames_a_team():
    Team.objects.update(name="Crimson")


@pytest.mark.parametrize(
    "change", [_adds_an_activity, _adjusts, _renames, _deactivates, _renames_a_team], ids=lambda change: change.__name__
)
def test_whatever_changes_the_board_is_seen_by_the_next_poll(floor, change, monkeypatch):
    monkeypatch.setattr(walls_board, "RECOUNTED_EVERY", 10**9)
    issued = link_in(floor)
    before = board_at(issued)
    assert board_at(issued, before["ETag"]).status_code == 304
    with tenant_context(floor):
        change()
    after = board_at(issued, before["ETag"])
    assert after.status_code == 200
    assert after.json()["rows"] != before.json()["rows"]


def test_the_board_is_read_anew_from_time_to_time_whatever_the_marks_say(floor, monkeypatch):
    issued = link_in(floor)
    with tenant_context(floor):
        wall = walls_board.Wall.of_link(issued.link)
        now = timezone.now().replace(second=1, microsecond=0)
        pulses = [
            walls_board.pulse(wall, at=now + timedelta(seconds=seconds), page="x").etag
            for seconds in (0, 1, walls_board.RECOUNTED_EVERY)
        ]
    assert pulses[0] == pulses[1] != pulses[2]


def test_when_a_wall_was_last_shown_is_noted_once_a_minute(floor):
    issued = link_in(floor)
    with tenant_context(floor):
        wall = walls_board.Wall.of_link(issued.link)
        now = timezone.now()
        seen = []
        for seconds in (0, 59, 61):
            walls_board.pulse(wall, at=now + timedelta(seconds=seconds), page="x")
            seen.append((WallLink.objects.get(pk=issued.link.pk).last_seen_at - now).total_seconds())
    assert seen == [0, 0, 61]


# Making and revoking


def test_a_manager_makes_a_link_sees_it_once_and_revokes_it(floor):
    browser = signed_in(member(floor, Role.MANAGER))
    answer = browser.post(WALLS, {"name": " Sales floor ", "period": "today", "mission": "", "team": ""})
    url = answer.context["url"]
    assert re.fullmatch(r"http://testserver/wall/[A-Za-z0-9_-]{43}/", url)
    assert "no-store" in answer["Cache-Control"]
    assert Client().get(url).status_code == 200
    again = browser.get(WALLS)
    assert b"Sales floor" in again.content
    assert url.encode() not in again.content
    with tenant_context(floor):
        link = WallLink.objects.get()
    assert (link.name, link.period, link.created_by.email) == ("Sales floor", "today", "manager@acme.example")
    revoke = reverse("admin:missions_walllink_revoke", args=[link.pk])
    assert b"Sales floor" in browser.get(revoke).content
    assert Client().get(url).status_code == 200
    for _time in range(2):
        assert browser.post(revoke).status_code == 302
    assert Client().get(url).status_code == 404
    with tenant_context(floor):
        trail = list(
            AuditEntry.objects.filter(subject="Sales floor").order_by("pk").values_list("action", "actor_email")
        )
    assert trail == [
        ("wall_link.created", "manager@acme.example"),
        ("wall_link.revoked", "manager@acme.example"),
    ]


def test_a_link_that_can_not_be_is_told_at_its_field_and_loses_nothing(floor, globex):
    browser = signed_in(member(floor, Role.ADMIN))
    with tenant_context(globex):
        foreign = {"team": Team.objects.first().pk, "mission": Mission.objects.first().pk}
    for sent, field in (
        ({"name": "  "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"period": "custom"}, "period"),
        ({"period": "x"}, "period"),
        ({"team": foreign["team"]}, "team"),
        ({"mission": foreign["mission"]}, "mission"),
        ({"mission": "9" * 40}, "mission"),
    ):
        answer = browser.post(WALLS, {"name": "Kept", "period": "week", **sent})
        assert (answer.status_code, list(answer.context["form"].errors)) == (200, [field])
        assert "name" in sent or b'value="Kept"' in answer.content
    with tenant_context(floor):
        assert WallLink.objects.count() == 0


@pytest.mark.parametrize(("fields", "field"), [({"name": ""}, "name"), ({"period": Period.CUSTOM}, "period")])
def test_the_operation_refuses_what_can_not_be(floor, fields, field):
    with pytest.raises(Refused) as refused:
        link_in(floor, **fields)
    assert refused.value.field == field


def test_a_board_of_teams_is_of_all_teams(floor):
    with tenant_context(floor):
        assert link_in(floor, by_team=True, team=Team.objects.get()).link.team is None


# From the leaderboard


def test_whoever_is_signed_in_hangs_the_board_they_look_at(floor):
    browser = signed_in(member(floor, Role.AUDITOR))
    url = browser.get("/dashboard/missions/leaderboard/?period=custom&first=2020-01-01").context["wall_url"]
    page = browser.get(url)
    assert page.status_code == 200
    data = re.search(r'data-board="([^"]+)"', page.content.decode())[1].replace("&amp;", "&")
    answer = browser.get(data)
    assert placed(answer) == [(1, "Ana Souza", 10), (2, "Bia Lima", 5)]
    assert browser.get(data, headers={"If-None-Match": answer["ETag"]}).status_code == 304
    assert b"canary" not in answer.content + page.content
    for bad in ("?period=x", "?mission=99999999", "?period=custom&first=2020-01-02&last=2020-01-01"):
        assert browser.get(f"/dashboard/missions/leaderboard/wall/{bad}").status_code == 404
    assert Client().get(url).status_code == 302
