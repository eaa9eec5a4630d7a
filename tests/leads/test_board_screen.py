"""The board, moving its cards, the list of deals, a deal's page: what they show, what they take, what they refuse."""

import csv
import io
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from leads import board as boards
from leads.board import order_of
from leads.changes import NewLead, create_lead
from leads.conversion import Terms, convert_lead
from leads.deals import change_deal, move_deal
from leads.models import Deal, DealStageChange
from leads.pipeline import default_pipeline
from leads.spans import Closed, closed_span
from leads.stages import add_pipeline
from missions.models import Score
from missions.sources import LEADS
from salesos.merging import merge_people
from salesos.models import AuditEntry
from salesos.roles import Role
from salesos.tenancy import tenant_context
from tests.factories import CollaboratorFactory, MappingFactory, MissionFactory
from tests.leads.boards import ME, deal_in, fresh, stages_of
from tests.salesos.admin.conftest import member, signed_in

BOARD, LIST, STAGES = "/dashboard/pipeline/", "/dashboard/deals/", "/dashboard/pipeline/stages/"
JSON = {"accept": "application/json"}


@pytest.fixture
def manager(acme, globex):
    deal_in(globex, name="Theirs", value=Decimal(7_777_777))
    return signed_in(member(acme, Role.MANAGER))


@pytest.fixture
def admin(acme, manager):
    return signed_in(member(acme, Role.ADMIN))


def columns(client, path=BOARD, **query) -> dict[str, list[str]]:
    shown = client.get(path, query).context["columns"]
    return {column.stage.name: [card.deal.name for card in column.cards] for column in shown if column.cards}


def figures(client, **query) -> dict[str, tuple[str, str]]:
    shown = client.get(BOARD, query).context["columns"]
    return {c.stage.name: (c.figures["count"], c.figures["value"], c.figures["weighted"]) for c in shown}


def move(client, deal, stage, *, version=None, reason="", query="", **options):
    body = {"stage": stage.public_id, "version": version or deal.version, "reason": reason}
    return client.post(f"{BOARD}{deal.public_id}/move/{query}", body, headers=JSON, **options)


def days(number: int) -> date:
    return timezone.localdate() + timedelta(days=number)


# The board


def test_a_column_shows_its_deals_by_the_day_they_are_expected_with_number_and_sums(acme, manager):
    deal_in(acme, "Proposal", name="Later", value=Decimal("1000.50"), expected_close_date=days(9))
    deal_in(acme, "Proposal", name="Sometime", value=Decimal(200))
    deal_in(acme, "Proposal", name="Soon", value=Decimal(3000), expected_close_date=days(-1))

    assert columns(manager) == {"Proposal": ["Soon", "Later", "Sometime"]}
    assert figures(manager)["Proposal"] == ("3", "4,200.50", "2,520")
    assert figures(manager)["New"] == ("0", "0", "0")
    page = manager.get(BOARD)
    assert page.context["sums"]["weighted"] == "2,520"
    assert page.content.count(b">overdue</span>") == 1
    assert b"Theirs" not in page.content


def test_won_and_lost_columns_show_what_ended_in_a_time(acme, manager):
    now = timezone.now()
    for number, (stage, ago) in enumerate([("Won", 0), ("Won", 400), ("Lost", 0), ("Lost", 40)]):
        deal_in(acme, stage, name=f"{stage} {number}", at=now - timedelta(days=ago))

    assert columns(manager) == {"Won": ["Won 0"], "Lost": ["Lost 2"]}
    assert columns(manager, closed="all") == {"Won": ["Won 0", "Won 1"], "Lost": ["Lost 2", "Lost 3"]}
    assert figures(manager, closed="all")["Won"] == ("2", "200", "200")


@given(st.dates(date(2000, 1, 1), date(2199, 12, 31)))
def test_spans_hold_today_and_follow_each_other(today):
    month, last = closed_span(Closed.MONTH, today=today), closed_span(Closed.LAST_MONTH, today=today)
    assert month[0] <= today < month[1]
    assert last[1] == month[0]
    for span in (Closed.QUARTER, Closed.YEAR):
        first, end = closed_span(span, today=today)
        assert first <= month[0] < month[1] <= end


def test_filters_combine_and_totals_follow_them(acme, manager, ana):
    other = CollaboratorFactory(tenant=acme, name="Other")
    deal_in(acme, name="São Paulo office", owner=ana, expected_close_date=days(-3))
    deal_in(acme, name="Office in Rio", owner=other)
    deal_in(acme, name="Nobody's", value=Decimal(5))

    ours = {"owner": ana.public_id}
    assert columns(manager, **ours) == columns(manager, team=ana.team.public_id) == {"New": ["São Paulo office"]}
    assert columns(manager, owner="none") == {"New": ["Nobody's"]}
    assert sum(map(len, columns(manager, q="OFFICE").values())) == 2
    assert columns(manager, q="offi sao") == {"New": ["São Paulo office"]}
    assert columns(manager, expected="overdue") == {"New": ["São Paulo office"]}
    assert columns(manager, expected="overdue", owner=other.public_id) == {}
    assert figures(manager, owner="none")["New"] == ("1", "5", "0")
    assert columns(manager, q="nobody's") == {"New": ["Nobody's"]}
    for odd in ("'", "\\", "%", "a'b\\c:*", "🎉", ":*", "&", "𝒜"):
        assert manager.get(BOARD, {"q": odd}).status_code == 200


def test_deals_of_a_merged_record_are_those_of_the_person(acme, manager, ana):
    alias = CollaboratorFactory(tenant=acme, name="Ana's other record")
    deal_in(acme, name="Hers", owner=alias)
    with tenant_context(acme):
        merge_people(ana, alias, by=None, at=timezone.now())

    assert columns(manager, owner=ana.public_id) == columns(manager, team=ana.team.public_id) == {"New": ["Hers"]}
    assert b"Ana&#x27;s other record" not in manager.get(BOARD).content


@pytest.mark.parametrize(
    "query",
    [{"owner": "x"}, {"owner": str(uuid7())}, {"team": "x"}, {"pipeline": "x"}, {"expected": "x"}, {"closed": "x"},
     {"q": "x" * 256}, {"pipeline": str(uuid7())}],
)  # fmt: skip
def test_what_no_filter_means_is_told_at_its_name(acme, manager, query):
    page = manager.get(BOARD, query)
    assert (page.status_code, "board" in page.context) == (200, False)
    assert list(page.context["form"].errors) == list(query)
    assert b'role="alert"' in page.content


def test_another_tenants_ids_mean_what_unknown_ones_do(acme, globex, manager, rui):
    theirs = stages_of(globex)["New"]
    for query in ({"owner": rui.public_id}, {"team": rui.team.public_id}, {"pipeline": theirs.pipeline.public_id}):
        told = []
        for asked in (query, dict.fromkeys(query, uuid7())):
            errors = str(manager.get(BOARD, asked).context["form"].errors)
            told.append(errors.replace(*(str(id) for id in asked.values()), "…"))
        assert told[0] == told[1] != ""


def test_a_long_column_shows_its_beginning_and_then_more(acme, manager, monkeypatch):
    monkeypatch.setattr(boards, "MOST_CARDS", 3)
    monkeypatch.setattr("leads.admin.board.MOST_CARDS", 3)
    for number in range(8):
        deal_in(acme, name=f"D{number}", expected_close_date=days(number // 2) if number < 6 else None)
    stage = stages_of(acme)["New"]

    seen = columns(manager)["New"]
    assert figures(manager)["New"][0] == "8"
    while True:
        behind = Deal.objects.every_tenant(reason="a test").get(name=seen[-1])
        more = manager.get(BOARD, {"stage": stage.public_id, "behind": behind.public_id}).context["column"]
        seen += [card.deal.name for card in more.cards]
        if not more.has_more:
            break
    assert sorted(seen) == [f"D{number}" for number in range(8)]
    assert seen[:6] == [f"D{number}" for number in range(6)]


@pytest.mark.parametrize("name", ["New", "Won"])
@pytest.mark.parametrize("narrow", [False, True])
def test_the_cards_sort_as_their_order_says(acme, manager, ana, name, narrow):
    now = timezone.now().replace(microsecond=0)
    for number in range(12):
        day = None if number % 5 == 4 else days(number * 7 % 4)
        deal_in(acme, name, owner=ana, expected_close_date=day, at=now - timedelta(seconds=number * 7 % 4))
    query = {"owner": ana.public_id} if narrow else {}

    (column,) = (c for c in manager.get(BOARD, {"closed": "all", **query}).context["columns"] if c.cards)

    orders = [order_of(card.deal) for card in column.cards]
    assert len(orders) == 12
    assert orders == sorted(orders)


def test_no_more_is_asked_for_what_is_not_there(acme, globex, manager):
    deal, stage = deal_in(acme), stages_of(acme)["New"]
    theirs = deal_in(globex)
    for query in (
        {"behind": "x", "stage": stage.public_id},
        {"behind": uuid7(), "stage": stage.public_id},
        {"behind": theirs.public_id, "stage": stage.public_id},
        {"behind": deal.public_id, "stage": "x"},
        {"behind": deal.public_id, "stage": stages_of(globex)["New"].public_id},
        {"behind": deal.public_id},
    ):
        assert manager.get(BOARD, query).status_code == 404


@pytest.mark.parametrize("query", [{}, {"q": "deal"}, {"closed": "all", "expected": "overdue"}])
def test_a_board_of_many_deals_takes_no_more_statements(acme, manager, ana, query):
    def statements():
        with CaptureQueriesContext(connection) as captured:
            assert manager.get(BOARD, query).status_code == 200
        return len([row for row in captured if "usersessions" not in (row["sql"] or "")])

    deal_in(acme, owner=ana, expected_close_date=days(-1))
    manager.get(BOARD)
    few = statements()
    for number in range(20):
        person = CollaboratorFactory(tenant=acme)
        deal_in(acme, ["New", "Won", "Lost"][number % 3], owner=person, expected_close_date=days(-1))
    assert statements() == few <= 15


# Moves


def test_a_move_answers_with_the_card_and_all_figures(acme, manager):
    deal, stages = deal_in(acme, value=Decimal(1000)), stages_of(acme)

    answer = move(manager, deal, stages["Proposal"])

    told = answer.json()
    assert (answer.status_code, told["stage"], told["kind"]) == (200, str(stages["Proposal"].public_id), "open")
    assert f'data-version="{deal.version + 1}"' in told["card"]
    assert told["columns"][str(stages["Proposal"].public_id)]["weighted"] == "600"
    assert told["columns"][str(stages["New"].public_id)]["count"] == "0"
    assert told["sums"]["weighted"] == "600"
    with tenant_context(acme):
        change = DealStageChange.objects.order_by("pk").last()
        assert (change.from_stage.name, change.to_stage.name, change.actor_kind) == ("New", "Proposal", "user")


def test_a_win_keeps_its_reason_and_gives_its_points(acme, manager, ana):
    MappingFactory(tenant=acme, source=LEADS, code="deal.won", mission=MissionFactory(tenant=acme), points=100)
    deal = deal_in(acme, owner=ana)

    told = move(manager, deal, stages_of(acme)["Won"], reason="  Price ").json()

    assert (told["kind"], "Won: “Deal”, 100." in told["told"]) == ("won", True)
    assert (fresh(deal).close_reason, fresh(deal).closed_at is not None) == ("Price", True)
    with tenant_context(acme):
        assert list(Score.objects.values_list("collaborator_id", "points")) == [(ana.pk, 100)]


def test_a_deal_that_somebody_else_moved_is_not_moved_and_shown_where_it_is(acme, manager):
    deal, stages = deal_in(acme), stages_of(acme)
    with tenant_context(acme):
        move_deal(deal, stages["Negotiation"], by=ME, at=timezone.now())

    answer = move(manager, deal, stages["Proposal"], version=1)

    told = answer.json()
    assert (answer.status_code, told["stage"]) == (409, str(stages["Negotiation"].public_id))
    assert "it is in Negotiation" in told["told"]
    assert 'data-version="2"' in told["card"]
    assert fresh(deal).stage.name == "Negotiation"


def test_a_card_that_the_board_does_not_show_any_more_is_not_answered(acme, manager):
    deal = deal_in(acme)
    told = move(manager, deal, stages_of(acme)["Won"], query="?closed=last_month").json()
    assert (told["stage"], told["card"], told["kind"]) == ("", "", "won")


@pytest.mark.parametrize(
    "body", [{}, {"stage": "x"}, {"version": "x"}, {"version": "-1"}, {"version": "9" * 30}, {"reason": "x" * 501}]
)
def test_what_is_no_move_is_refused_and_the_card_stays(acme, manager, body):
    deal, stages = deal_in(acme), stages_of(acme)
    whole = {"stage": stages["Won"].public_id, "version": 1, "reason": ""}
    sent = whole | body if body else {}

    scripted = manager.post(f"{BOARD}{deal.public_id}/move/", sent, headers=JSON)
    by_form = manager.post(f"{BOARD}{deal.public_id}/move/", sent)

    assert (scripted.status_code, scripted.json()["stage"]) == (400, str(stages["New"].public_id))
    assert scripted.json()["told"]
    assert (by_form.status_code, bool(by_form.context["form"].errors)) == (200, True)
    assert (fresh(deal).stage.name, fresh(deal).version) == ("New", 1)


def test_another_tenants_deals_and_stages_are_as_unknown_ones(acme, globex, manager):
    deal, theirs = deal_in(acme), deal_in(globex)
    assert move(manager, theirs, stages_of(acme)["Won"]).status_code == 404
    foreign = move(manager, deal, stages_of(globex)["Won"])
    assert foreign.status_code == 400
    assert (fresh(deal).stage.name, fresh(theirs).stage.name) == ("New", "New")


def test_an_auditor_sees_the_board_and_moves_nothing(acme, globex):
    deal = deal_in(acme)
    auditor = signed_in(member(acme, Role.AUDITOR))
    page = auditor.get(BOARD)
    assert columns(auditor) == {"New": ["Deal"]}
    assert [word in page.content for word in (b"data-grip", b"data-move", b'draggable="true"', b"move-dialog")] == [
        False
    ] * 4
    assert move(auditor, deal, stages_of(acme)["Won"]).status_code == 403
    assert fresh(deal).version == 1


def test_without_a_script_the_menu_is_a_form_that_leads_back(acme, manager):
    deal, stages = deal_in(acme), stages_of(acme)
    path = f"{BOARD}{deal.public_id}/move/?q=deal"
    assert str(stages["New"].public_id) in manager.get(path).content.decode()
    sent = {"stage": stages["Lost"].public_id, "version": "1", "reason": "Too late"}

    answer = manager.post(path, sent)

    assert (answer.status_code, answer["Location"]) == (302, "/dashboard/pipeline/?q=deal")
    assert (fresh(deal).stage.name, fresh(deal).close_reason) == ("Lost", "Too late")
    again = manager.post(path, sent | {"stage": stages["New"].public_id})
    assert (again.status_code, "it is in Lost" in again.context["told"]) == (200, True)
    assert again.context["form"]["version"].value() == 2


# The list


def listed(client, **query) -> list[str]:
    return [card.deal.name for card in client.get(LIST, query).context["cards"]]


@pytest.fixture
def some(acme, manager, ana):
    deal_in(acme, name="B won", stage="Won", value=Decimal(300), owner=ana)
    deal_in(acme, name="A new", value=Decimal("100.25"), expected_close_date=days(5))
    deal_in(acme, name="C lost", stage="Lost", value=Decimal(200), expected_close_date=days(-5))


def test_the_list_narrows_and_says_exactly_how_many_and_how_much(acme, manager, some, ana):
    stages = stages_of(acme)
    page = manager.get(LIST)
    assert (page.context["total"], page.context["value"]) == (3, "600.25")
    assert b"Theirs" not in page.content
    for query, names in [
        ({"status": "won"}, ["B won"]),
        ({"stage": stages["Lost"].public_id}, ["C lost"]),
        ({"owner": ana.public_id}, ["B won"]),
        ({"team": ana.team.public_id}, ["B won"]),
        ({"owner": "none"}, ["C lost", "A new"]),
        ({"least": "200"}, ["C lost", "B won"]),
        ({"least": "100.26", "most": "200.00"}, ["C lost"]),
        ({"most": "1,000", "q": "new"}, ["A new"]),
        ({"expected_from": days(-5).isoformat(), "expected_to": days(-5).isoformat()}, ["C lost"]),
        ({"expected": "overdue"}, []),
        ({"created_from": "2026-11-10", "created_to": "2026-11-10"}, ["C lost", "B won", "A new"]),
        ({"created_from": "2026-11-11"}, []),
        ({"created_to": "2026-11-09"}, []),
    ]:
        assert sorted(listed(manager, **query)) == sorted(names), query
        assert manager.get(LIST, query).context["total"] == len(names)


@pytest.mark.parametrize(
    "sort", ["name", "value", "stage", "expected_close_date", "closed_at", "created_at", "updated_at"]
)
def test_the_list_has_an_order_both_ways_with_nothing_last(manager, some, sort):
    up, down = listed(manager, sort=sort), listed(manager, sort=f"-{sort}")
    assert sorted(up) == sorted(down) == ["A new", "B won", "C lost"]
    if sort == "name":
        assert (up, down) == (["A new", "B won", "C lost"], ["C lost", "B won", "A new"])
    if sort == "expected_close_date":
        assert (up[-1], down[-1]) == ("B won", "B won")


def test_the_list_has_pages(acme, manager, monkeypatch):
    monkeypatch.setattr("leads.admin.deals.PER_PAGE", 2)
    for number in range(5):
        deal_in(acme, name=f"D{number}")
    assert [len(listed(manager, page=page)) for page in ("1", "2", "3", "99", "-1", "x", "9" * 40)] == [
        2,
        2,
        1,
        1,
        2,
        2,
        2,
    ]
    seen = [name for page in (1, 2, 3) for name in listed(manager, page=page, sort="name")]
    assert seen == [f"D{number}" for number in range(5)]


@pytest.mark.parametrize(
    "query",
    [{"status": "x"}, {"stage": "x"}, {"owner": "x"}, {"least": "x"}, {"least": "1e99"}, {"most": "NaN"},
     {"created_from": "x"}, {"created_to": "0001-01-01"}, {"expected_to": "9999-12-31"}, {"q": "x" * 300}],
)  # fmt: skip
def test_a_filter_that_can_not_be_read_is_told_and_nothing_is_searched(manager, some, query):
    page = manager.get(LIST, query)
    assert (page.status_code, "cards" in page.context) == (200, False)
    assert list(page.context["form"].errors) == list(query)
    assert manager.get(f"{LIST}export/", query)["Location"].startswith(LIST)


def test_the_export_has_what_the_list_has_and_no_formulas(acme, manager, some, ana):
    deal_in(acme, name="=cmd|' /C calc'!A0", owner=ana)
    rows = list(csv.DictReader(io.StringIO(manager.get(f"{LIST}export/").getvalue().decode("utf-8-sig"))))
    assert [row["name"] for row in rows] == ["'=cmd|' /C calc'!A0", "C lost", "A new", "B won"]
    assert (rows[3]["value"], rows[3]["status"], rows[3]["team"]) == ("300.00", "Won", "North")
    won = manager.get(f"{LIST}export/", {"status": "won"}).getvalue().decode()
    assert won.count("\n") == 2


# A deal's page


def test_a_deal_shows_its_lead_and_how_long_it_was_where(acme, manager, ana):
    now = timezone.now()
    with tenant_context(acme):
        lead = create_lead(
            NewLead(name="Maria", email="maria@example.com", owner=ana), by=ME, at=now - timedelta(days=9)
        )
        _lead, deal = convert_lead(lead, Terms(name="Office"), by=ME, at=now - timedelta(days=7))
        move_deal(deal, stages_of(acme)["Proposal"], by=ME, at=now - timedelta(hours=5))

    page = manager.get(f"{LIST}{deal.public_id}/")

    steps = [(step.change.to_stage.name, step.lasted, step.is_now) for step in page.context["steps"]]
    assert steps == [("Proposal", "5 hours", True), ("New", "6 days", False)]
    assert b"Maria" in page.content


def edited(client, deal, **fields):
    sent = {
        "name": deal.name,
        "value": str(deal.value),
        "owner": "",
        "expected_close_date": "",
        "version": deal.version,
    }
    return client.post(f"{LIST}{deal.public_id}/", sent | fields)


def test_a_deal_is_edited_and_the_trail_says_what_changed(acme, manager, ana):
    deal = deal_in(acme)

    answer = edited(
        manager, deal, value="1,234.50", owner=ana.public_id, expected_close_date="2026-12-24", name=" New "
    )

    assert answer.status_code == 302
    now = fresh(deal)
    assert (now.name, now.value, now.owner_id, now.expected_close_date) == (
        "New",
        Decimal("1234.5"),
        ana.pk,
        date(2026, 12, 24),
    )
    with tenant_context(acme):
        entry = AuditEntry.objects.get()
        assert (entry.action, set(entry.changes)) == ("deal.changed", {"name", "value", "owner", "expected_close_date"})
    edited(manager, now, owner=ana.public_id, expected_close_date="2026-12-24")
    assert fresh(deal).version == now.version


def test_a_stale_edit_is_told_keeps_what_was_typed_and_may_be_sent_again(acme, manager):
    deal = deal_in(acme)
    with tenant_context(acme):
        change_deal(deal, {"name": "Theirs now", "value": Decimal(500)}, by=ME, at=timezone.now())

    answer = edited(manager, deal, name="Mine")

    form = answer.context["form"]
    assert (answer.status_code, form["name"].value(), form["version"].value()) == (409, "Mine", "2")
    assert "It is “Theirs now” now." in str(form.errors["name"])
    assert "It is “500” now." in str(form.errors["value"])
    assert fresh(deal).name == "Theirs now"
    assert edited(manager, fresh(deal), name="Mine").status_code == 302
    assert fresh(deal).name == "Mine"


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("name", "x" * 256), ("value", "-1"), ("value", "1.001"), ("value", "9" * 15), ("value", "x"),
     ("owner", "x"), ("owner", "00000000-0000-0000-0000-000000000000"), ("expected_close_date", "31/12/2026"),
     ("expected_close_date", "9999-12-31"), ("version", "x")],
)  # fmt: skip
def test_what_no_deal_has_is_told_at_its_field(acme, manager, field, value):
    deal = deal_in(acme)
    answer = edited(manager, deal, **{field: value})
    assert (answer.status_code, list(answer.context["form"].errors)) == (200, [field])
    assert fresh(deal).version == 1


def test_a_deal_is_won_and_reopened_where_it_was(acme, manager):
    deal, stages = deal_in(acme, "Proposal"), stages_of(acme)
    path = f"{BOARD}{deal.public_id}/move/?from=deal"

    won = manager.post(path, {"stage": stages["Won"].public_id, "version": 1, "reason": "Price"})

    assert won["Location"] == f"{LIST}{deal.public_id}/"
    page = manager.get(won["Location"])
    assert page.context["reopened"].name == "Proposal"
    manager.post(path, {"stage": stages["Proposal"].public_id, "version": 2})
    assert (fresh(deal).stage.name, fresh(deal).close_reason, fresh(deal).closed_at) == ("Proposal", "", None)


def test_a_deal_begins_without_a_lead(acme, globex, manager, ana):
    stages = stages_of(acme)
    path = f"{LIST}new/?stage={stages['Proposal'].public_id}"
    assert manager.get(path).context["form"]["stage"].value() == str(stages["Proposal"].public_id)
    sent = {"name": "Walk-in", "value": "1,000", "stage": stages["Proposal"].public_id, "owner": ana.public_id}

    answer = manager.post(path, sent)

    with tenant_context(acme):
        deal = Deal.objects.get()
        assert answer["Location"] == f"{LIST}{deal.public_id}/"
        assert (deal.name, deal.value, deal.stage_id, deal.lead) == ("Walk-in", 1000, stages["Proposal"].pk, None)
        assert DealStageChange.objects.get().actor_name
    for stage in (uuid7(), "x", "", stages_of(globex)["New"].public_id):
        refused = manager.post(path, sent | {"stage": stage})
        assert (refused.status_code, list(refused.context["form"].errors)) == (200, ["stage"])


# Settings of the stages


def settings(client, **sent):
    return client.post(STAGES, sent)


def test_an_admin_adds_saves_shifts_and_deletes_stages(acme, admin):
    settings(admin, do="add", **{"new-name": "Signed", "new-win_probability": "95", "new-kind": "open"})
    stage = stages_of(acme)["Signed"]
    id = str(stage.public_id)
    settings(admin, do="save", stage=id, **{f"{id}-name": "Ready", f"{id}-win_probability": "97", f"{id}-kind": "open"})
    moved = settings(admin, do="up", stage=id)
    assert moved["Location"].endswith(f"&stage={id}&focus=up")
    assert list(stages_of(acme)) == ["New", "Qualified", "Proposal", "Ready", "Negotiation", "Won", "Lost"]
    settings(admin, do="delete", stage=id)
    assert "Ready" not in stages_of(acme)
    with tenant_context(acme):
        actions = list(AuditEntry.objects.order_by("pk").values_list("action", "actor_email"))
    assert actions == [(f"stage.{done}", "admin@acme.example") for done in ("created", "changed", "shifted", "deleted")]


def test_a_stage_with_deals_says_how_many_and_offers_to_move_them(acme, admin):
    deals = [deal_in(acme, "Proposal") for _number in range(2)]
    stages = stages_of(acme)
    asked = settings(admin, do="delete", stage=stages["Proposal"].public_id)
    assert (asked.status_code, asked.context["count"]) == (200, 2)

    settings(admin, do="empty", stage=stages["Proposal"].public_id, into=stages["New"].public_id, then_delete="yes")

    assert {fresh(deal).stage.name for deal in deals} == {"New"}
    assert "Proposal" not in stages_of(acme)


@pytest.mark.parametrize(
    ("name", "value"), [("name", ""), ("name", "Won"), ("name", "x" * 81), ("win_probability", "101"),
     ("win_probability", "-1"), ("win_probability", "x"), ("kind", "x"), ("kind", "won")],
)  # fmt: skip
def test_what_no_stage_has_is_told_at_its_field_with_what_was_typed(acme, admin, name, value):
    deal_in(acme, "Proposal")
    stage = stages_of(acme)["Proposal"]
    sent = {"name": "Typed", "win_probability": "61", "kind": "open"} | {name: value}
    answer = settings(admin, do="save", stage=stage.public_id, **{f"{stage.public_id}-{k}": v for k, v in sent.items()})
    form = next(form for row, form in answer.context["rows"] if row.pk == stage.pk)
    assert list(form.errors) == [name]
    assert form["name"].value() == sent["name"]
    assert stages_of(acme)["Proposal"].win_probability == 60


def test_pipelines_are_added_renamed_made_the_default_and_deleted(acme, admin):
    settings(admin, do="add_pipeline", **{"pipeline-name": "Partners"})
    with tenant_context(acme):
        partners = default_pipeline().__class__.objects.get(name="Partners")
    path = f"{STAGES}?pipeline={partners.public_id}"
    admin.post(path, {"do": "rename_pipeline", "rename-name": "Channel"})
    admin.post(path, {"do": "make_default"})
    with tenant_context(acme):
        assert default_pipeline().name == "Channel"
        sales = add_pipeline("Third")
    admin.post(f"{STAGES}?pipeline={sales.public_id}", {"do": "delete_pipeline"})
    kept = admin.post(path, {"do": "delete_pipeline"})
    assert kept.status_code == 302
    page = admin.get(path)
    assert [pipeline.name for pipeline in page.context["pipelines"]] == ["Channel", "Sales"]
    assert "This is the default pipeline" in page.content.decode()


def test_another_tenants_stages_and_pipelines_are_as_unknown_ones(acme, globex, admin):
    theirs, ours = stages_of(globex)["Proposal"], stages_of(acme)["Proposal"]
    for sent in ({"do": "delete", "stage": theirs.public_id}, {"do": "up", "stage": "x"}, {"do": "rocket"}, {},
                 {"do": "empty", "stage": ours.public_id, "into": theirs.public_id}):  # fmt: skip
        assert settings(admin, **sent).status_code == 404
    for pipeline in (theirs.pipeline.public_id, "x", uuid7()):
        assert admin.get(f"{STAGES}?pipeline={pipeline}").status_code == 404
    assert "Proposal" in stages_of(globex)
