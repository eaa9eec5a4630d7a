"""The screens of missions: Configure and its application to the past, unmatched, adjustments, the leaderboard."""

import re
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from uuid_utils.compat import uuid7

from missions.adjustments import adjust
from missions.changes import mark_of, mark_of_worth
from missions.mapping import Worth, worth_of
from missions.models import Activity, Adjustment, Mapping, Mission, ReceivedCode, Score, UnmatchedActivity
from missions.recording import Receipt, SentActivity, record_activities
from salesos.models import AuditEntry, Collaborator
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
    code: str, was: object = None, *, mission: str = "", points: object = "", label: str = ""
) -> dict[str, object]:
    """What the form sends of a row; `was` is the mark of what the page showed of it."""
    return {"shown": f"{code}:{was}" if was else "", f"m{code}": mission, f"p{code}": points, f"l{code}": label}


def was(row) -> str:
    return mark_of(row.mission.name, "5", "acme label 0")


def save(client, changes, query=""):
    return client.post(f"{CONFIGURE}{query}", changes | {"do": "save"})


def rows_in(answer) -> list:
    return [row for _title, rows in answer.context["groups"] for row in rows]


def codes_in(answer) -> list[str]:
    return [row.code for row in rows_in(answer)]


def errors_in(answer) -> dict[str, str]:
    return {row.code: str(row.line.error) for row in rows_in(answer) if row.line}


def told_by(client, answer) -> list[str]:
    return [str(message) for message in client.get(answer["Location"]).context["messages"]]


def test_configure_opens_on_what_is_received_but_not_mapped_and_then_on_what_is_mapped(manager, rows):
    answer = manager.get(CONFIGURE)
    assert [
        (str(title), [(row.title, row.mission, row.received, row.uncounted) for row in each])
        for title, each in answer.context["groups"]
    ] == [
        ("Received, but not mapped: these count for nothing", [("Activity 501", "", 1, 1)]),
        ("Mapped", [("Activity 001", rows.mission.name, 1, 0)]),
    ]
    assert b"acme label 0" in answer.content


def test_all_999_codes_are_on_one_page(manager, rows):
    answer = manager.get(CONFIGURE, {"show": "all"})
    assert codes_in(answer) == [f"{number:03d}" for number in range(1, 1000)]
    assert answer.content.count(b'<tr id="r') == 999


def test_whoever_begins_sees_all_codes_and_two_examples(manager, acme, globex_rows):  # noqa: F811
    answer = manager.get(CONFIGURE)
    assert len(codes_in(answer)) == 999
    assert b"example=real-estate" in answer.content
    assert b"example=saas" in answer.content


def test_saving_shows_first_what_changes_and_writes_nothing(manager, rows, acme):
    before = mappings_of(acme)
    changes = sent("001", was(rows)) | {"m501": "Visits", "p501": "9", "l501": "Visit"}
    page = manager.post(CONFIGURE, changes)
    assert [(line.wish.code, line.effect, line.before, line.after) for line in page.context["plan"].lines] == [
        ("001", "ended", Worth(rows.mission.name, 5, "acme label 0"), None),
        ("501", "new", None, Worth("Visits", 9, "Visit")),
    ]
    assert "creates mission “Visits”" in page.content.decode()
    assert "stops counting" in page.content.decode()
    assert mappings_of(acme) == before
    with tenant_context(acme):
        assert Mission.objects.count() == 1


def test_what_the_summary_carries_saves_just_that(manager, rows, acme, globex):
    before = mappings_of(globex)
    summary = manager.post(
        CONFIGURE, sent("001", was(rows), mission=rows.mission.name, points="6") | {"m501": "Visits"}
    )
    fields = re.findall(r'<input type="hidden" name="((?!csrf)[^"]+)" value="([^"]*)">', summary.content.decode())
    answer = save(manager, dict(fields))
    assert told_by(manager, answer) == ["Saved: 1 code mapped, 1 mapping changed. New mission: Visits."]
    assert mappings_of(acme) == {"001": (rows.mission.name, 6, ""), "501": ("Visits", 1, "")}
    assert mappings_of(globex) == before
    with tenant_context(acme):
        assert Mapping.objects.get(code="501").updated_by.email == "manager@acme.example"


def test_going_back_from_the_summary_keeps_what_was_typed(manager, rows, acme):
    page = manager.post(CONFIGURE, sent("777", mission="Visits", points="x", label="Tour") | {"do": "edit"})
    row = next(row for row in rows_in(page) if row.code == "777")
    assert (row.mission, row.points, row.label, row.line) == ("Visits", "x", "Tour", None)


def test_going_back_does_not_hide_what_somebody_else_saved_meanwhile(manager, people, rows, acme):  # noqa: F811
    save(people["admin"], sent("501", mission=rows.mission.name, points=9))
    mine = sent("501", mission="Visits", points=10)
    page = manager.post(CONFIGURE, mine | {"do": "edit"})
    answer = save(manager, mine | {"shown": page.context["marks"]})
    assert errors_in(answer) == {"501": "Somebody else changed this code meanwhile."}


def test_a_mission_is_found_by_its_name_in_any_case(manager, rows, acme):
    save(manager, sent("501", mission=f" {rows.mission.name.upper()} ", points="9"))
    assert mappings_of(acme)["501"] == (rows.mission.name, 9, "")


def test_a_code_without_points_takes_after_its_mission_or_gets_one(manager, rows, acme):
    save(manager, sent("501", mission=rows.mission.name) | {"m502": "Visits"})
    assert (mappings_of(acme)["501"][1], mappings_of(acme)["502"][1]) == (5, 1)


def test_saving_counts_from_now_on_only(manager, rows, acme):
    save(manager, sent("501", mission=rows.mission.name, points=9))
    with tenant_context(acme):
        assert Activity.objects.get(code="501").mission is None


def test_choosing_no_mission_removes_the_mapping_and_keeps_the_points(manager, rows, acme):
    with tenant_context(acme):
        before = list(Score.objects.values_list("points"))
    save(manager, sent("001", was(rows)))
    assert mappings_of(acme) == {}
    with tenant_context(acme):
        assert list(Score.objects.values_list("points")) == before


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"points": "5"}, "Choose a mission, too."),
        ({"label": "Visit"}, "Choose a mission, too."),
        ({"mission": "own", "points": "-1"}, "Points are a whole number."),
        ({"mission": "own", "points": "1.5"}, "Points are a whole number."),
        ({"mission": "own", "points": "٣"}, "Points are a whole number."),
        ({"mission": "own", "points": "1000001"}, "Expected 0 to 1000000 points."),
        ({"mission": "own", "points": "9" * 5000}, "Points are a whole number."),
        ({"mission": "own", "points": "5", "label": "x" * 121}, TOO_LONG),
        ({"mission": "x" * 121, "points": "5"}, TOO_LONG),
    ],
)
@pytest.mark.parametrize("doing", ["review", "save"])
def test_a_row_that_can_not_be_saved_is_marked_and_nothing_is_saved(manager, rows, acme, given, message, doing):
    before = mappings_of(acme)
    if given.get("mission") == "own":
        given = {**given, "mission": rows.mission.name}
    good = sent("001", was(rows), mission=rows.mission.name, points=77)
    answer = manager.post(CONFIGURE, sent("501", **given) | good | {"do": doing})
    assert errors_in(answer) == {"501": message}
    assert b'value="77"' in answer.content
    assert mappings_of(acme) == before


@pytest.mark.parametrize("name", ["m000", "m1", "mabc", "m", "m<b>", "m００１", "k501", "p501"])
def test_what_is_no_row_is_passed_over(manager, rows, acme, name):
    before = mappings_of(acme)
    answer = save(manager, {name: "Visits", "shown": "::: 501 x:y:z"})
    assert told_by(manager, answer) == ["Nothing was changed."]
    assert mappings_of(acme) == before


def test_a_row_that_somebody_else_changed_meanwhile_is_not_overwritten_but_told(manager, people, rows, acme):  # noqa: F811
    save(people["admin"], sent("501", mission=rows.mission.name, points=9))
    mine = sent("501", mission="Visits", points=10, label="Mine")
    for doing in ("review", "save"):
        answer = manager.post(CONFIGURE, mine | {"do": doing})
        assert errors_in(answer) == {"501": "Somebody else changed this code meanwhile."}
        row = next(row for row in rows_in(answer) if row.code == "501")
        assert (row.mission, row.points, row.label) == ("Visits", "10", "Mine")
        assert f"<strong>{rows.mission.name} · 9</strong>" in answer.content.decode()
    assert mappings_of(acme)["501"] == (rows.mission.name, 9, "")
    # Sent again without a choice, it is the same.
    shown = answer.context["marks"]
    assert errors_in(save(manager, mine | {"shown": shown, "k501": ""})) != {}
    assert mappings_of(acme)["501"][1] == 9
    save(manager, mine | {"shown": shown, "k501": "theirs"})
    assert mappings_of(acme)["501"][1] == 9
    save(manager, mine | {"shown": shown, "k501": "mine"})
    assert mappings_of(acme)["501"] == ("Visits", 10, "Mine")


def test_a_row_that_somebody_else_unmapped_meanwhile_is_told_of(manager, people, rows, acme):  # noqa: F811
    save(people["admin"], sent("001", was(rows)))
    answer = save(manager, sent("001", was(rows), mission=rows.mission.name, points=7))
    assert errors_in(answer) == {"001": "Somebody else changed this code meanwhile."}
    assert b"It is mapped to nothing now." in answer.content
    assert mappings_of(acme) == {}


def test_two_who_want_the_same_do_not_clash(manager, people, rows, acme):  # noqa: F811
    change = sent("001", was(rows), mission=rows.mission.name, points=7)
    save(people["admin"], change)
    assert told_by(manager, save(manager, change)) == ["Nothing was changed."]


def test_a_change_elsewhere_is_no_clash(manager, people, rows, acme):  # noqa: F811
    save(people["admin"], sent("501", mission=rows.mission.name, points=9))
    save(manager, sent("001", was(rows), mission=rows.mission.name, points=7))
    assert {code: points for code, (_mission, points, _label) in mappings_of(acme).items()} == {"001": 7, "501": 9}


def test_rows_that_are_left_alone_are_not_written(manager, rows, acme):
    with tenant_context(acme):
        before = Mapping.objects.get(code="001").updated_at
    same = sent("001", was(rows), mission=rows.mission.name, points=5, label="acme label 0")
    save(manager, same | {"m501": "", "p501": "", "l501": ""})
    with tenant_context(acme):
        assert Mapping.objects.get(code="001").updated_at == before


def test_who_saved_what_is_in_the_audit_trail(manager, rows, acme, globex):
    with tenant_context(acme):
        before = AuditEntry.objects.count()
    save(manager, sent("001", was(rows)) | {"m501": "Visits", "p501": "9"})
    with tenant_context(acme):
        made = [
            (row.action, row.subject, row.actor_email, row.changes)
            for row in AuditEntry.objects.order_by("pk")[before:]
        ]
    name, who = rows.mission.name, "manager@acme.example"
    gone = {"mission": [name, ""], "points": ["5", ""], "label": ["acme label 0", ""]}
    assert made == [
        ("mission.created", "Visits", who, {}),
        ("mapping.removed", f"001 → {name}", who, gone),
        ("mapping.created", "501 → Visits", who, {"mission": ["", "Visits"], "points": ["", "9"]}),
    ]


@pytest.fixture
def full(acme, globex):
    """All 999 codes mapped and received, among 200 missions, with names and labels as people give them."""
    now = timezone.now()
    with tenant_context(acme):
        missions = Mission.objects.bulk_create(Mission(name=f"Ligações Realizadas {n:03d}") for n in range(200))
        codes = [f"{number:03d}" for number in range(1, 1000)]
        Mapping.objects.bulk_create(
            Mapping(code=code, mission=missions[n % 200], points=n, label=f"Phone call to prospect {code}")
            for n, code in enumerate(codes)
        )
        ReceivedCode.objects.bulk_create(
            ReceivedCode(source="default", code=code, day=now.date(), received=12345, last_received_at=now)
            for code in codes
        )
    return codes


def test_999_codes_and_200_missions_fit_into_500_kb(manager, full):
    for query in ("", "?show=all"):
        page = manager.get(f"{CONFIGURE}{query}").content
        assert page.count(b'<tr id="r') == 999
        assert len(page) < 500_000


def test_saving_999_rows_takes_as_many_statements_as_saving_one(manager, acme, full):
    def statements(codes, label):
        with tenant_context(acme):
            saved = {row.code: row for row in Mapping.objects.select_related("mission").filter(code__in=codes)}
        form = {"shown": " ".join(f"{code}:{mark_of_worth(worth_of(saved[code]))}" for code in codes)}
        for code in codes:
            row = saved[code]
            form |= {f"m{code}": row.mission.name, f"p{code}": row.points + 1, f"l{code}": label}
        with CaptureQueriesContext(connection) as review:
            assert len(manager.post(CONFIGURE, form).context["plan"].changes) == len(codes)
        with CaptureQueriesContext(connection) as saving:
            assert save(manager, form).status_code == 302
        return len(review), len(saving)

    manager.get(CONFIGURE)  # the first request of a minute notes that the session was seen
    one = statements(full[:1], "One")
    assert statements(full, "All") == one
    assert max(one) <= 18


def test_applying_shows_first_what_it_would_do_and_then_does_it_once(manager, rows, acme, globex):
    save(manager, sent("501", mission=rows.mission.name, points=9))
    effect = manager.get(APPLY).context["effect"]
    assert (effect.activities, effect.points, effect.people) == (1, 9, 1)
    for _time in range(2):
        manager.post(APPLY, {"code": [f"501:9:{rows.mission.name}"]})
    with tenant_context(acme):
        assert list(Activity.objects.values_list("code", "points").order_by("code")) == [("001", 5), ("501", 9)]
        assert sum(Score.objects.values_list("points", flat=True)) == 5 + 9 + 3
    with tenant_context(globex):
        assert Activity.objects.get(code="501").mission is None
    assert b"Nothing is waiting" in manager.get(APPLY).content


def test_applying_by_script_answers_what_was_counted_and_what_is_left(manager, rows, acme, monkeypatch):
    save(manager, sent("501", mission=rows.mission.name, points=9))
    # So that a step ends with its first activity.
    monkeypatch.setattr("missions.configure.applying.SECONDS", 0)
    agreed = {"code": [f"501:9:{rows.mission.name}"]}
    answers = [manager.post(APPLY, agreed, headers={"accept": "application/json"}).json() for _step in range(2)]
    assert answers == [
        {"activities": 1, "points": 9, "is_finished": False, "refusal": ""},
        {"activities": 0, "points": 0, "is_finished": True, "refusal": ""},
    ]


def test_what_is_left_is_told_without_script_too(manager, rows, acme, monkeypatch):
    save(manager, sent("501", mission=rows.mission.name, points=9))
    monkeypatch.setattr("missions.configure.applying.SECONDS", 0)
    answer = manager.post(APPLY, {"code": [f"501:9:{rows.mission.name}"]})
    assert answer["Location"].startswith(APPLY)
    assert "There is more: press Apply again to go on." in told_by(manager, answer)


def test_a_mission_that_is_retired_meanwhile_is_told_of_and_nothing_is_counted(manager, rows, acme):
    save(manager, sent("501", mission=rows.mission.name, points=9))
    with tenant_context(acme):
        Mission.objects.update(is_active=False)
    answer = manager.post(APPLY, {"code": [f"501:9:{rows.mission.name}"]})
    assert told_by(manager, answer)[1:] == [f"The mission “{rows.mission.name}” is inactive and awards nothing."]
    with tenant_context(acme):
        assert Activity.objects.get(code="501").mission is None


def test_what_was_previewed_is_what_is_applied(manager, rows, acme):
    save(manager, sent("501", mission=rows.mission.name, points=10))
    answer = manager.post(APPLY, {"code": [f"501:9:{rows.mission.name}"]}, headers={"accept": "application/json"})
    assert "was changed meanwhile" in answer.json()["refusal"]
    with tenant_context(acme):
        assert Activity.objects.get(code="501").mission is None


@pytest.mark.parametrize("code", [[], ["501"], ["501:"], ["501:x:y"], ["501:٣:y"], ["x:5:y", "::"]])
def test_only_the_codes_that_were_shown_are_applied(manager, rows, acme, code):
    save(manager, sent("501", mission=rows.mission.name, points=9))
    assert manager.post(APPLY, {"code": code}).status_code == 302
    with tenant_context(acme):
        assert Activity.objects.get(code="501").mission is None


def test_a_code_of_an_inactive_mission_is_not_applied(manager, rows, acme):
    save(manager, sent("501", mission=rows.mission.name, points=9))
    with tenant_context(acme):
        Mission.objects.update(is_active=False)
    assert b"Nothing is waiting" in manager.get(APPLY).content


def test_an_auditor_sees_configure_without_its_buttons(people, rows):  # noqa: F811
    page = people["auditor"].get(CONFIGURE).content
    assert b"acme label 0" in page
    for button in (b"Save", b"Import", b'name="m001"'):
        assert button not in page


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
    asked = manager.post(UNMATCHED, {"do": "discard"})
    assert b"1 activity is deleted" in asked.content
    with tenant_context(acme):
        assert UnmatchedActivity.objects.count() == 1
    manager.post(UNMATCHED, {"do": "discard", "confirmed": "yes"})
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
    assert "before" in str(answer.context["form"].errors["last"])


def test_the_preview_names_who_would_move_this_month(manager, rows, acme):
    now = timezone.now()
    with tenant_context(acme):
        zoe = Collaborator.objects.create(name="Zoe", email="zoe@acme.example")
        adjust(rows.person, points=4, reason="This month", by=None, at=now)
        record_activities("default", [SentActivity("502", "zoe-1", zoe.email, now, "{}", Receipt(now, uuid7()))])
    save(manager, sent("502", mission=rows.mission.name, points=1000))
    moves = manager.get(APPLY).context["moves"]
    assert [(move.name, move.gained, move.old_rank, move.new_rank) for move in moves] == [
        ("Zoe", 1000, 2, 1),
        ("acme person 0", 0, 1, 2),
    ]


def test_the_list_of_missions_tells_codes_target_and_completions(manager, rows, acme):
    now = timezone.now()
    look = {"target": 20, "target_period": "week", "icon": "call", "colour": "#123abc"}
    with tenant_context(acme):
        visits = Mission.objects.create(name="Visits", **look)
        for code in ("009", "010"):
            Mapping.objects.create(code=code, mission=visits, points=1)
        for days in (0, 29, 31):
            at = now - timedelta(days=days)
            activity = SentActivity("009", f"n-{days}", rows.person.email, at, "{}", Receipt(at, uuid7()))
            record_activities("default", [activity])
    answer = manager.get("/dashboard/missions/mission/", {"q": "Visits"})
    shown = [(mission.name, mission.codes, mission.completions) for mission in answer.context["cl"].result_list]
    assert shown == [("Visits", ["009", "010"], 2)]
    for part in ("20 a week", "009, 010", 'fill="#123abc"', ">call</span>"):
        assert part in answer.content.decode()
    form = manager.get(reverse("admin:missions_mission_change", args=[visits.pk])).content.decode()
    assert "/dashboard/missions/configure/?source=default&amp;q=009" in form


def test_a_mission_that_is_retired_by_the_list_is_in_the_audit_trail(manager, rows, acme):
    manager.post("/dashboard/missions/mission/", {"action": "retire", "_selected_action": [rows.mission.pk]})
    with tenant_context(acme):
        row = AuditEntry.objects.order_by("-pk")[0]
    told = (row.action, row.subject, row.actor_email)
    assert told == ("mission.retired", rows.mission.name, "manager@acme.example")
