"""The screens of missions: Configure and its application to the past, unmatched, adjustments, the leaderboard."""

from datetime import date

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from uuid_utils.compat import uuid7

from missions.adjustments import adjust
from missions.models import Activity, Adjustment, Mapping, Mission, Score, UnmatchedActivity
from missions.recording import Receipt, SentActivity, record_activities
from salesos.models import Collaborator
from salesos.tenancy import tenant_context
from tests.salesos.admin.conftest import acme_rows, furnish, globex_rows, member, people, staff  # noqa: F401

CONFIGURE = "/dashboard/missions/configure/"
APPLY = "/dashboard/missions/configure/apply/"
TOO_LONG = "Ensure this value has at most 120 characters (it has 121)."
UNMATCHED = "/dashboard/missions/unmatched/person/?email=lost0@acme.example"


@pytest.fixture
def manager(people):  # noqa: F811
    return people["manager"]


@pytest.fixture
def rows(acme_rows, globex_rows):  # noqa: F811
    return acme_rows


def mappings_of(tenant) -> dict[str, tuple[str, int, str]]:
    with tenant_context(tenant):
        return {
            row.code: (row.mission.name, row.points, row.label) for row in Mapping.objects.select_related("mission")
        }


def sent(
    code: str, was: str = "::", *, mission: object = "", points: object = "", label: str = ""
) -> dict[str, object]:
    return {f"was-{code}": was, f"mission-{code}": mission, f"points-{code}": points, f"label-{code}": label}


def was(row) -> str:
    return f"{row.mission.pk}:5:acme label 0"


def codes_in(answer) -> list[str]:
    return [row.code for row in answer.context["rows"]]


def errors_in(answer) -> dict[str, str]:
    return {row.code: str(row.error) for row in answer.context["rows"] if row.error}


def test_configure_shows_what_is_mapped_or_was_received(manager, rows):
    answer = manager.get(CONFIGURE)
    assert [(str(row.title), row.received, row.uncounted) for row in answer.context["rows"]] == [
        ("Activity 001", 1, 0),
        ("Activity 501", 1, 1),
    ]
    assert b"acme label 0" in answer.content


def test_all_codes_are_there_by_the_hundred(manager, rows):
    assert codes_in(manager.get(CONFIGURE, {"all": "0"})) == [f"{number:03d}" for number in range(1, 100)]
    assert codes_in(manager.get(CONFIGURE, {"all": "9"})) == [f"{number:03d}" for number in range(900, 1000)]


def test_a_code_can_be_added_before_it_arrives(manager, rows):
    assert codes_in(manager.get(CONFIGURE, {"add": ["008", "009"]})) == ["001", "008", "009", "501"]


@pytest.mark.parametrize("code", ["000", "1", "1000", "abc", "００１", "<b>"])
def test_a_code_that_does_not_exist_is_told_of(manager, rows, code):
    answer = manager.get(CONFIGURE, {"add": code})
    assert codes_in(answer) == ["001", "501"]
    assert b"A code of the Default integration has three digits" in answer.content


def test_saving_maps_many_codes_at_once(manager, rows, acme, globex):
    before = mappings_of(globex)
    changes = sent("501", mission=rows.mission.pk, points=9, label="Visit") | sent(
        "008", mission=rows.mission.pk, points=0
    )
    assert manager.post(f"{CONFIGURE}?add=008", changes).status_code == 302
    name = rows.mission.name
    assert mappings_of(acme) == {"001": (name, 5, "acme label 0"), "501": (name, 9, "Visit"), "008": (name, 0, "")}
    assert mappings_of(globex) == before
    with tenant_context(acme):
        assert Mapping.objects.get(code="501").updated_by.email == "manager@acme.example"


def test_saving_counts_from_now_on_only(manager, rows, acme):
    manager.post(CONFIGURE, sent("501", mission=rows.mission.pk, points=9))
    with tenant_context(acme):
        assert Activity.objects.get(code="501").mission is None


def test_choosing_no_mission_removes_the_mapping_and_keeps_the_points(manager, rows, acme):
    with tenant_context(acme):
        before = list(Score.objects.values_list("points"))
    manager.post(CONFIGURE, sent("001", was(rows)))
    assert mappings_of(acme) == {}
    with tenant_context(acme):
        assert list(Score.objects.values_list("points")) == before


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"points": "5"}, "Choose a mission, too."),
        ({"label": "Visit"}, "Choose a mission, too."),
        ({"mission": "own", "points": ""}, "Points are a whole number."),
        ({"mission": "own", "points": "-1"}, "Points are a whole number."),
        ({"mission": "own", "points": "1.5"}, "Points are a whole number."),
        ({"mission": "own", "points": "٣"}, "Points are a whole number."),
        ({"mission": "own", "points": "1000001"}, "Expected 0 to 1000000 points."),
        (
            {"mission": "own", "points": "5", "label": "x" * 121},
            TOO_LONG,
        ),
        ({"mission": "x", "points": "5"}, "There is no such mission."),
    ],
)
def test_a_row_that_can_not_be_saved_is_marked_and_nothing_is_saved(manager, rows, acme, given, message):
    before = mappings_of(acme)
    if given.get("mission") == "own":
        given = {**given, "mission": rows.mission.pk}
    good = sent("001", was(rows), mission=rows.mission.pk, points=77)
    answer = manager.post(CONFIGURE, good | sent("501", **given))
    assert errors_in(answer) == {"501": message}
    assert b'value="77"' in answer.content
    assert mappings_of(acme) == before


def test_a_row_that_somebody_else_changed_meanwhile_is_not_overwritten(manager, rows, acme):
    manager.post(CONFIGURE, sent("501", mission=rows.mission.pk, points=9))
    answer = manager.post(CONFIGURE, sent("501", mission=rows.mission.pk, points=10))
    assert errors_in(answer) == {"501": "Somebody else changed this row meanwhile. Load the page again."}
    assert mappings_of(acme)["501"][1] == 9


def test_rows_that_are_left_alone_are_not_written(manager, rows, acme):
    with tenant_context(acme):
        before = Mapping.objects.get(code="001").updated_at
    manager.post(
        CONFIGURE, sent("001", was(rows), mission=rows.mission.pk, points=5, label="acme label 0") | sent("501")
    )
    with tenant_context(acme):
        assert Mapping.objects.get(code="001").updated_at == before


def test_applying_shows_first_what_it_would_do_and_then_does_it_once(manager, rows, acme, globex):
    manager.post(CONFIGURE, sent("501", mission=rows.mission.pk, points=9))
    effect = manager.get(APPLY).context["effect"]
    assert (effect.activities, effect.points) == (1, 9)
    for _time in range(2):
        manager.post(APPLY, {"code": ["501"]})
    with tenant_context(acme):
        assert list(Activity.objects.values_list("code", "points").order_by("code")) == [("001", 5), ("501", 9)]
        assert sum(Score.objects.values_list("points", flat=True)) == 5 + 9 + 3
    with tenant_context(globex):
        assert Activity.objects.get(code="501").mission is None
    assert b"Nothing is waiting" in manager.get(APPLY).content


def test_a_mission_that_is_retired_meanwhile_is_told_of_and_nothing_else_is(manager, rows, acme):
    manager.post(CONFIGURE, sent("501", mission=rows.mission.pk, points=9), follow=True)

    def retire(execute, sql, parameters, many, context):
        # A colleague, between the list of what is waiting and its application.
        if "missions_mapping" in sql and "LIMIT 1" in sql:
            with connection.cursor() as cursor:
                cursor.execute("UPDATE missions_mission SET is_active = false WHERE tenant_id = %s", [acme.pk])
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(retire):
        answer = manager.post(APPLY, {"code": ["501"]})
    page = manager.get(answer["Location"])
    assert [message.level_tag for message in page.context["messages"]] == ["error"]
    with tenant_context(acme):
        assert Activity.objects.get(code="501").mission is None


def test_only_the_codes_that_were_shown_are_applied(manager, rows, acme):
    manager.post(CONFIGURE, sent("501", mission=rows.mission.pk, points=9))
    manager.post(APPLY, {})
    with tenant_context(acme):
        assert Activity.objects.get(code="501").mission is None


def test_a_code_of_an_inactive_mission_is_not_applied(manager, rows, acme):
    manager.post(CONFIGURE, sent("501", mission=rows.mission.pk, points=9))
    with tenant_context(acme):
        Mission.objects.update(is_active=False)
    assert b"Nothing is waiting" in manager.get(APPLY).content


def test_an_auditor_sees_configure_without_its_buttons(people, rows):  # noqa: F811
    page = people["auditor"].get(CONFIGURE).content
    assert b"acme label 0" in page
    assert b"Save" not in page


def test_a_used_mission_is_retired_and_an_unused_one_deleted(manager, rows, acme):
    with tenant_context(acme):
        unused = Mission.objects.create(name="Unused")
    for mission, status in ((rows.mission, 403), (unused, 302)):
        address = reverse("admin:missions_mission_delete", args=[mission.pk])
        assert manager.post(address, {"post": "yes"}).status_code == status
    manager.post("/dashboard/missions/mission/", {"action": "retire", "_selected_action": [rows.mission.pk]})
    with tenant_context(acme):
        assert [(mission.name, mission.is_active) for mission in Mission.objects.all()] == [(rows.mission.name, False)]


def test_registering_an_unmatched_person_records_their_activities(manager, rows, acme, globex):
    with tenant_context(globex):
        strangers = list(UnmatchedActivity.objects.all())
    manager.post(UNMATCHED, {"do": "register", "name": "Zoe", "team": rows.team.pk})
    with tenant_context(acme):
        zoe = Collaborator.objects.get(email="lost0@acme.example")
        assert (zoe.name, zoe.team) == ("Zoe", rows.team)
        assert [activity.external_id for activity in zoe.activities.all()] == ["acme-lost-0"]
        assert list(UnmatchedActivity.objects.all()) == []
    with tenant_context(globex):
        assert list(UnmatchedActivity.objects.all()) == strangers
        assert strangers


def test_unmatched_activities_are_pointed_to_somebody_with_another_address(manager, rows, acme):
    refused = manager.post(UNMATCHED, {"do": "point", "person": "person0@globex.example"})
    assert b"No active collaborator has this e-mail address." in refused.content
    manager.post(UNMATCHED, {"do": "point", "person": "PERSON0@acme.example"})
    with tenant_context(acme):
        assert rows.person.activities.filter(external_id="acme-lost-0").count() == 1


def test_replaying_needs_the_person(manager, rows, acme):
    answer = manager.post(UNMATCHED, {"do": "replay"}, follow=True)
    assert b"No active collaborator has this e-mail address." in answer.content
    with tenant_context(acme):
        assert [row.external_id for row in UnmatchedActivity.objects.all()] == ["acme-lost-0"]


def test_somebody_inactive_is_not_registered_twice(manager, rows, acme):
    with tenant_context(acme):
        Collaborator.objects.create(name="Zoe", email="lost0@acme.example", is_active=False)
    answer = manager.post(UNMATCHED, {"do": "register", "name": "Zoe"})
    assert b"A collaborator with this e-mail exists already." in answer.content


def test_discarding_is_for_good(manager, rows, acme):
    manager.post(UNMATCHED, {"do": "discard"})
    with tenant_context(acme):
        assert list(UnmatchedActivity.objects.all()) == []


def test_an_adjustment_is_scored_and_signed(manager, rows, acme):
    form = {"collaborator": rows.person.pk, "points": "-2", "day": "2026-11-02", "reason": "Counted twice"}
    assert manager.post("/dashboard/missions/adjustment/add/", form).status_code == 302
    with tenant_context(acme):
        made = Adjustment.objects.first()
        assert (made.points, made.author.email, made.team) == (-2, "manager@acme.example", rows.team)
        assert Score.objects.get(day=date(2026, 11, 2)).points == -2


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("points", "0", "more or fewer than zero"),
        ("points", "1000001", "less than or equal to 1000000"),
        ("day", "2999-01-01", "This day has not come yet."),
        ("reason", " ", "This field is required."),
        ("collaborator", "", "This field is required."),
    ],
)
def test_an_adjustment_that_can_not_be_is_told_at_its_field(manager, rows, acme, field, value, message):
    form = {"collaborator": rows.person.pk, "points": "5", "day": "2026-11-02", "reason": "Why", field: value}
    answer = manager.post("/dashboard/missions/adjustment/add/", form)
    assert message in str(answer.context["errors"])
    with tenant_context(acme):
        assert Adjustment.objects.count() == 1


def board_at(browser, query):
    answer = browser.get(f"/dashboard/missions/leaderboard/{query}")
    return [standing for standing, _progress in answer.context["rows"]]


def test_a_missions_target_is_shown_as_progress_whatever_the_board_shows(manager, rows, acme):
    now = timezone.now()
    with tenant_context(acme):
        Mission.objects.filter(pk=rows.mission.pk).update(target=2, target_period="week")
        zoe = Collaborator.objects.create(name="Zoe", email="zoe@acme.example")
        record_activities("default", [SentActivity("001", "zoe-1", zoe.email, now, "{}", Receipt(now, uuid7()))])
    for period in ("all", "today"):
        answer = manager.get(f"/dashboard/missions/leaderboard/?period={period}&mission={rows.mission.pk}")
        reached = {standing.name: progress.completions for standing, progress in answer.context["rows"]}
        assert reached["Zoe"] == 1
        assert b"Target: 2 a week" in answer.content
        assert b'<progress value="1" max="2">' in answer.content
    assert b"2 a week" in manager.get("/dashboard/missions/mission/").content
    for other in ("", f"mission={rows.mission.pk}&by=teams"):
        assert b"<progress" not in manager.get(f"/dashboard/missions/leaderboard/?period=all&{other}").content


def test_the_leaderboard_shows_people_and_teams_of_any_period(manager, rows):
    for query in ("", "period=all", "period=custom&first=2026-11-01&last=2026-11-30", f"mission={rows.mission.pk}"):
        assert [standing.name for standing in board_at(manager, f"?period=all&{query}")] == ["acme person 0"]
    teams = board_at(manager, "?by=teams&period=all")
    assert [(team.rank, team.name, team.points) for team in teams] == [(1, "acme team 0", 8)]


@pytest.mark.parametrize("query", ["period=never", "mission=999999999", "mission=x", "period=custom&first=2026-02-30"])
def test_a_leaderboard_that_can_not_be_says_so(manager, rows, query):
    answer = manager.get(f"/dashboard/missions/leaderboard/?{query}")
    assert (answer.status_code, answer.context["rows"]) == (200, [])
    assert answer.context["form"].errors


def test_days_the_wrong_way_round_are_told_of(manager, rows):
    answer = manager.get("/dashboard/missions/leaderboard/?period=custom&first=2026-11-02&last=2026-11-01")
    assert "before" in answer.context["refusal"]


def test_the_preview_names_who_would_move_this_month(manager, rows, acme):
    now = timezone.now()
    with tenant_context(acme):
        zoe = Collaborator.objects.create(name="Zoe", email="zoe@acme.example")
        adjust(rows.person, points=4, reason="This month", by=None, at=now)
        record_activities("default", [SentActivity("502", "zoe-1", zoe.email, now, "{}", Receipt(now, uuid7()))])
    manager.post(CONFIGURE, sent("502", mission=rows.mission.pk, points=1000))
    moves = manager.get(APPLY).context["effect"].moves
    assert [(move.name, move.old_rank, move.new_rank) for move in moves] == [("Zoe", 2, 1), ("acme person 0", 1, 2)]
