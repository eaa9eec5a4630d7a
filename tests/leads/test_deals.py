"""Conversion, and what becomes of deals: stages, won and lost with reason, and back."""

import pytest

from leads.conversion import why_not_convertible
from leads.models import Deal, Lead, Pipeline, Stage
from leads.models.lead import LeadStatus
from leads.pipeline import default_pipeline
from salesos.tenancy import tenant_context
from tests.door import details, refusal
from tests.factories import CollaboratorFactory

UNKNOWN = "550e8400-e29b-41d4-a716-446655440000"


def convert(at, lead, body=None):
    return at.ask("POST", f"leads/{lead['id']}/convert", body)


def patch(at, deal, **fields):
    return at.ask("PATCH", f"deals/{deal['id']}", fields)


def moved(at, deal, **fields):
    response = patch(at, deal, **fields)
    assert response.status_code == 200, response.content
    return response.json()["data"]


@pytest.fixture
def stages(at):
    return {stage["name"]: stage["id"] for stage in at.page("stages")["data"]}


@pytest.fixture
def deal(at, ana):
    return at.convert(at.create(owner_id=str(ana.public_id)), deal_value=100)["deal"]


# Stages


def test_every_tenant_has_a_pipeline_when_it_first_asks(acme, globex, at):
    answer = at.page("stages")

    assert [(s["name"], s["position"], s["kind"], s["win_probability"]) for s in answer["data"]] == [
        ("New", 1, "open", 10),
        ("Qualified", 2, "open", 30),
        ("Proposal", 3, "open", 60),
        ("Negotiation", 4, "open", 80),
        ("Won", 5, "won", 100),
        ("Lost", 6, "lost", 0),
    ]
    assert answer["meta"] == {"total": 6, "page": 1, "per_page": 25, "total_pages": 1}
    assert at.page("stages") == answer
    with tenant_context(globex):
        assert Stage.objects.count() == 6


def test_stages_have_names_in_the_tenants_language(acme, globex):
    acme.language = "pt-br"
    acme.save()
    with tenant_context(acme):
        made = default_pipeline()
        assert default_pipeline() == made
        assert Pipeline.objects.count() == 1


# Conversion


@pytest.mark.parametrize("body", [None, {}, {"deal_name": None, "deal_value": None, "stage_id": None}])
def test_everything_of_a_conversion_has_a_default(at, stages, ana, body):
    lead = at.create(owner_id=str(ana.public_id))

    data = convert(at, lead, body).json()["data"]

    assert data["lead"] == lead | {"status": "converted", "updated_at": data["lead"]["updated_at"]}
    expected = {
        "name": "Maria",
        "value": 0,
        "status": "open",
        "stage_id": stages["New"],
        "lead_id": lead["id"],
        "owner_id": str(ana.public_id),
        "team_id": str(ana.team.public_id),
        "expected_close_date": None,
        "close_reason": None,
        "closed_at": None,
    }
    assert {name: data["deal"][name] for name in expected} == expected


def test_a_conversion_says_what_the_deal_is(at, stages):
    sent = {
        "deal_name": " Big one ",
        "deal_value": 999999999999.99,
        "stage_id": stages["Proposal"],
        "expected_close_date": "2026-06-30",
    }

    deal = at.convert(at.create(), **sent)["deal"]

    assert (deal["name"], deal["value"], deal["stage_id"], deal["expected_close_date"]) == (
        "Big one",
        999999999999.99,
        stages["Proposal"],
        "2026-06-30",
    )
    assert at.get(f"deals/{deal['id']}").json()["data"] == deal | {
        "stage_history": [
            {
                "at": deal["created_at"],
                "by": {"type": "api_key", "id": at.at.token.split("_")[2][:12], "name": "CRM"},
                "from_stage_id": None,
                "to_stage_id": stages["Proposal"],
            }
        ]
    }


@pytest.mark.parametrize("value", [0, 25000, 25000.0, 0.1, 0.01, 1e3, 19.99])
def test_a_value_is_kept_to_the_cent(at, value):
    assert at.convert(at.create(), deal_value=value)["deal"]["value"] == value


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        *(
            ("deal_value", value, "Must be a number from 0 to 999999999999.99 with at most two decimals")
            for value in (-1, -0.01, 0.001, 19.999, 1e12, 10**12, 10**400, 1e300, 5e-324)
        ),
        *(("deal_value", value, "Must be a number") for value in ("1", True, [], {})),
        *(
            ("expected_close_date", value, "Must be a date, e.g. 2026-06-30")
            for value in ("tomorrow", "2026-02-30", "2026-06-30T00:00:00Z", "20260630", 20260630, "", "0000-01-01")
        ),
        ("stage_id", "1", "Must be a UUID"),
        ("stage_id", 1, "Must be a UUID"),
        ("stage_id", UNKNOWN, "There is no stage with this id."),
        ("deal_name", "x" * 256, "Must be at most 255 characters"),
        ("deal_name", 1, "Must be a string"),
        ("value", 1, "Unknown field"),
    ],
)
def test_a_bad_conversion_is_refused_and_converts_nothing(acme, at, field, value, message):
    lead = at.create()

    assert details(convert(at, lead, {field: value})) == [{"field": field, "message": message}]
    assert at.page()["data"] == [lead]
    with tenant_context(acme):
        assert Deal.objects.count() == 0


@pytest.mark.parametrize("status", [*LeadStatus.values])
def test_a_lead_can_say_why_it_can_not_be_converted(status):
    reasons = {"converted": "This lead is already a deal."}
    reasons["unqualified"] = "An unqualified lead can't become a deal. Change its status first."

    assert why_not_convertible(Lead(status=status)) == reasons.get(status)


def test_a_lead_is_converted_once(at):
    lead = at.create()
    deal = at.convert(lead)["deal"]

    assert refusal(convert(at, lead, {})) == (409, "CONFLICT", "This lead is already a deal.")
    assert [found["id"] for found in at.page("deals")["data"]] == [deal["id"]]


def test_an_unqualified_lead_is_not_converted(at):
    lead = at.create(status="unqualified")

    assert refusal(convert(at, lead))[:2] == (409, "CONFLICT")
    assert at.page("deals")["data"] == []


def test_another_tenants_stage_is_an_unknown_one(at, theirs):
    [foreign, *_others] = theirs.page("stages")["data"]
    answers = [convert(at, at.create(), {"stage_id": foreign["id"]})]
    deal = at.convert(at.page()["data"][0])["deal"]
    answers.append(patch(at, deal, stage_id=foreign["id"]))

    assert [details(answer) for answer in answers] == [
        [{"field": "stage_id", "message": "There is no stage with this id."}]
    ] * 2
    assert at.page("deals", stage_id=foreign["id"])["meta"]["total"] == 0
    assert theirs.page("deals", stage_id=foreign["id"])["meta"]["total"] == 1


# Deals


def test_a_deal_is_moved_won_and_reopened(at, deal, stages):
    proposal = moved(at, deal, stage_id=stages["Proposal"])
    won = moved(at, deal, stage_id=stages["Won"], close_reason=" Best price ")
    again = moved(at, deal, stage_id=stages["Negotiation"])
    lost = moved(at, deal, stage_id=stages["Lost"], close_reason="Too late")

    assert [(d["status"], d["close_reason"]) for d in (proposal, won, again, lost)] == [
        ("open", None),
        ("won", "Best price"),
        ("open", None),
        ("lost", "Too late"),
    ]
    assert [bool(d["closed_at"]) for d in (proposal, won, again, lost)] == [False, True, False, True]
    names = {stage_id: name for name, stage_id in stages.items()} | {None: None}
    steps = [(names[step["from_stage_id"]], names[step["to_stage_id"]]) for step in lost["stage_history"]]
    assert steps == [
        ("Negotiation", "Lost"),
        ("Won", "Negotiation"),
        ("Proposal", "Won"),
        ("New", "Proposal"),
        (None, "New"),
    ]


def test_a_reason_belongs_to_the_end(at, deal, stages):
    assert details(patch(at, deal, close_reason="Because")) == [
        {"field": "close_reason", "message": "Only a deal that is won or lost has a reason."}
    ]
    won = moved(at, deal, stage_id=stages["Won"])
    assert moved(at, won, close_reason="Because")["close_reason"] == "Because"
    assert [row["field"] for row in details(patch(at, deal, close_reason="x" * 501))] == ["close_reason"]


def test_a_deals_fields_change(acme, at, deal):
    eva = CollaboratorFactory(tenant=acme)
    sent = {"name": "Other", "value": 5.5, "expected_close_date": "2026-12-31", "owner_id": str(eva.public_id)}

    changed = moved(at, deal, **sent)

    assert {name: changed[name] for name in sent} == sent
    assert moved(at, deal, **changed) == changed
    cleared = moved(at, deal, expected_close_date=None, owner_id=None)
    assert (cleared["expected_close_date"], cleared["owner_id"], cleared["team_id"]) == (None, None, None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", None),
        ("value", None),
        ("value", "1"),
        ("value", -1),
        ("stage_id", None),
        ("stage_id", UNKNOWN),
        ("owner_id", UNKNOWN),
        ("stage", "Won"),
        ("won", True),
    ],
)
def test_a_bad_change_is_named_and_changes_nothing(at, deal, field, value):
    assert [
        row["field"]
        for row in details(patch(at, deal, **{field: value, "name": "X"} if field != "name" else {field: value}))
    ] == [field]
    assert at.page("deals")["data"] == [deal]


def test_a_stale_change_of_a_deal_is_refused(at, deal):
    path = f"deals/{deal['id']}"
    tag = at.get(path)["ETag"]
    changed = patch(at, deal, name="Other")

    assert changed["ETag"] != tag
    assert refusal(at.ask("PATCH", path, {"name": "X"}, headers={"if-match": tag}))[:2] == (412, "PRECONDITION_FAILED")


def test_deals_are_listed_by_what_they_are(acme, at, stages, ana):
    eva = CollaboratorFactory(tenant=acme)
    for number, owner in enumerate([ana, eva, ana]):
        lead = at.create(email=f"lead{number}@example.com", owner_id=str(owner.public_id))
        at.convert(lead, deal_name=f"Deal {number}", deal_value=[5, 30, 10][number])
    first, second, third = at.page("deals", sort="name")["data"]
    moved(at, second, stage_id=stages["Won"])

    def named(**query):
        return [deal["name"][-1] for deal in at.page("deals", **query)["data"]]

    assert named(sort="-name") == ["2", "1", "0"]
    assert named(sort="value") == ["0", "2", "1"]
    assert named(status="won") == named(stage_id=stages["Won"]) == named(owner_id=str(eva.public_id)) == ["1"]
    assert named(status="open", sort="name") == ["0", "2"]
    assert named(team_id=str(ana.team.public_id), sort="name") == ["0", "2"]
    assert named(lead_id=first["lead_id"]) == ["0"]
    assert named(created_after="2020-01-01", created_before="2020-01-02") == []
    assert at.page("deals", per_page=2, page=2)["meta"] == {"total": 3, "page": 2, "per_page": 2, "total_pages": 2}
    assert third["status"] == "open"


@pytest.mark.parametrize("query", [{"status": "closed"}, {"stage_id": "x"}, {"sort": "owner"}, {"search": "x"}])
def test_a_bad_parameter_of_deals_is_named(at, query):
    assert [row["field"] for row in details(at.get("deals", **query))] == [*query]


def test_another_tenants_deal_is_a_404(at, theirs):
    [foreign] = theirs.page("deals")["data"]

    for answer in (at.get(f"deals/{foreign['id']}"), patch(at, foreign, name="X"), at.get("deals/x")):
        assert refusal(answer) == (404, "NOT_FOUND", "Not found")
    assert theirs.page("deals")["data"] == [foreign]
    assert at.page("deals", lead_id=foreign["lead_id"])["meta"]["total"] == 0
