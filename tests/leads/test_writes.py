"""Create, change and delete leads: fields, refusals, what stays, and what is remembered."""

import pytest

from leads.models import Deal, DealStageChange, Lead, LeadEvent
from salesos.models import RequestLog
from salesos.tenancy import tenant_context
from tests.door import details, logged, refusal
from tests.factories import CollaboratorFactory

UNKNOWN = "550e8400-e29b-41d4-a716-446655440000"


def post(at, **fields):
    return at.ask("POST", "leads", {"name": "Maria", "email": "maria@example.com"} | fields)


def patch(at, lead, **fields):
    return at.ask("PATCH", f"leads/{lead['id']}", fields)


# Fields


@pytest.mark.parametrize("status", ["new", "contacted", "qualified", "unqualified"])
def test_a_lead_may_begin_with_any_status_but_converted(at, status):
    assert at.create(status=status)["status"] == status


def test_texts_are_trimmed_and_null_and_empty_are_the_same(at):
    lead = at.create(name="  Maria  ", email=" Maria@Example.com ", phone=" 1 ", company="", position=None, source=" ")

    assert (lead["name"], lead["email"], lead["phone"]) == ("Maria", "Maria@Example.com", "1")
    assert (lead["company"], lead["position"], lead["source"]) == (None, None, None)


@pytest.mark.parametrize("field", ["name", "email", "phone", "company", "position", "source"])
def test_texts_have_at_most_255_characters(at, field):
    end = "@example.com" if field == "email" else ""
    assert at.create(**{field: "é" * 255 if not end else "e" * (255 - len(end)) + end})[field]

    response = post(at, **{"email": "other@example.com", field: "e" * (256 - len(end)) + end})

    assert details(response) == [{"field": field, "message": "Must be at most 255 characters"}]


def test_tags_are_trimmed_and_each_is_there_once(at):
    lead = at.create(tags=[" enterprise", "inbound", "enterprise ", "", "Inbound"])

    assert lead["tags"] == ["enterprise", "inbound", "Inbound"]
    assert at.page()["data"][0]["tags"] == lead["tags"]


def test_there_are_at_most_50_tags_of_64_characters(at):
    assert len(at.create(tags=[f"{n:064d}" for n in range(50)] * 2)["tags"]) == 50

    assert [row["field"] for row in details(post(at, tags=[str(n) for n in range(51)]))] == ["tags"]
    assert [row["field"] for row in details(post(at, tags=["x" * 65]))] == ["tags"]
    assert [row["field"] for row in details(post(at, tags=["x", 1]))] == ["tags"]


CUSTOM = {"size": "50-200", "deep": {"list": [1, 2.5, None, "é", True]}, "zahl": 10**30, "": "", "x" * 256: ""}


def test_custom_fields_come_back_as_they_were_sent(at):
    sent = {name: value for name, value in CUSTOM.items() if 0 < len(name) <= 255}
    lead = at.create(custom_fields=sent)

    assert lead["custom_fields"] == sent
    assert at.page()["data"][0]["custom_fields"] == sent
    assert at.get(f"leads/{lead['id']}").json()["data"]["custom_fields"] == sent
    assert [row["field"] for row in details(post(at, email="b@example.com", custom_fields=CUSTOM))] == ["custom_fields"]


def test_custom_fields_are_merged_and_null_removes(at):
    lead = at.create(custom_fields={"a": 1, "b": {"x": 1}, "c": None})
    assert lead["custom_fields"] == {"a": 1, "b": {"x": 1}}

    assert at.patch(lead, custom_fields={"b": {"y": 2}, "d": True})["custom_fields"] == {
        "a": 1,
        "b": {"y": 2},
        "d": True,
    }
    assert at.patch(lead, custom_fields={"a": None, "nobody": None})["custom_fields"] == {"b": {"y": 2}, "d": True}
    assert at.patch(lead, custom_fields={})["custom_fields"] == {"b": {"y": 2}, "d": True}
    assert at.patch(lead, custom_fields=None)["custom_fields"] == {}


def test_custom_fields_take_at_most_64_kib_also_piece_by_piece(at):
    lead = at.create(custom_fields={"a": "x" * 40_000})

    response = patch(at, lead, custom_fields={"b": "x" * 40_000})

    assert details(response) == [{"field": "custom_fields", "message": "Custom fields take at most 64 KiB as JSON."}]
    assert list(at.page()["data"][0]["custom_fields"]) == ["a"]


@pytest.mark.parametrize(
    ("fields", "messages"),
    [
        ({"name": None}, {"name": "Required"}),
        ({"name": "  "}, {"name": "Required"}),
        ({"name": 7}, {"name": "Must be a string"}),
        ({"email": "maria"}, {"email": "Must be a valid email"}),
        ({"email": "maria@localhost"}, {"email": "Must be a valid email"}),
        ({"email": None, "nmae": "x"}, {"email": "Required", "nmae": "Unknown field"}),
        ({"status": "converted"}, {"status": "Must be one of new, contacted, qualified, unqualified"}),
        ({"status": "open"}, {"status": "Must be one of new, contacted, qualified, unqualified"}),
        ({"status": 1}, {"status": "Must be one of new, contacted, qualified, unqualified"}),
        ({"owner_id": "1"}, {"owner_id": "Must be a UUID"}),
        ({"owner_id": 1}, {"owner_id": "Must be a UUID"}),
        ({"owner_id": UNKNOWN}, {"owner_id": "There is no collaborator with this id."}),
        ({"custom_fields": []}, {"custom_fields": "Must be an object"}),
        ({"custom_fields": "x"}, {"custom_fields": "Must be an object"}),
        ({"tags": "x"}, {"tags": "Must be an array of strings"}),
        ({"version": 3}, {"version": "Unknown field"}),
        ({"owner": "x", "Name": "x"}, {"owner": "Unknown field", "Name": "Unknown field"}),
    ],
    ids=str,
)
def test_every_fault_is_named_and_nothing_is_recorded(acme, at, fields, messages):
    assert {row["field"]: row["message"] for row in details(post(at, **fields))} == messages
    with tenant_context(acme):
        assert (Lead.objects.count(), LeadEvent.objects.count()) == (0, 0)


@pytest.mark.parametrize("body", [[], "x", 1, None, [{}]])
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_body_is_an_object(at, method, body):
    lead = at.create()

    response = at.at.send(body, method=method, path="/v1/leads" if method == "POST" else f"/v1/leads/{lead['id']}")

    assert details(response) == [{"field": "body", "message": "Required JSON object"}]


def test_both_fields_that_are_required_are_named(at):
    assert [row["field"] for row in details(at.ask("POST", "leads", {}))] == ["name", "email"]


def test_what_was_read_can_be_written_back(at, ana):
    lead = at.create(owner_id=str(ana.public_id), tags=["a"], custom_fields={"x": 1}, phone="1")
    read = at.get(f"leads/{lead['id']}").json()["data"]

    assert patch(at, lead, **read).json()["data"] == lead
    assert len(at.get(f"leads/{lead['id']}").json()["data"]["activity_history"]) == 1
    converted = at.convert(lead)["lead"]
    assert patch(at, lead, **converted).json()["data"] == converted


# Owners


def test_the_team_is_the_owners(at, ana):
    lead = at.create(owner_id=str(ana.public_id))
    assert (lead["owner_id"], lead["team_id"]) == (str(ana.public_id), str(ana.team.public_id))

    freed = at.patch(lead, owner_id=None)
    assert (freed["owner_id"], freed["team_id"]) == (None, None)


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_another_tenants_collaborator_is_an_unknown_one(at, ana, rui, method):
    lead = at.create(owner_id=str(ana.public_id))
    answers = [
        (post if method == "POST" else lambda at, **fields: patch(at, lead, **fields))(at, owner_id=owner_id)
        for owner_id in (str(rui.public_id), UNKNOWN)
    ]

    assert [details(answer) for answer in answers] == [
        [{"field": "owner_id", "message": "There is no collaborator with this id."}]
    ] * 2
    assert at.page()["data"][0]["owner_id"] == str(ana.public_id)


def test_who_was_merged_is_the_one_they_were_merged_into(acme, at, ana):
    alias = CollaboratorFactory(tenant=acme, merged_into=ana)

    assert at.create(owner_id=str(alias.public_id))["owner_id"] == str(ana.public_id)


# E-mail


@pytest.mark.parametrize("email", ["maria@example.com", "MARIA@EXAMPLE.COM", " Maria@example.com "])
def test_an_email_is_there_once_whatever_its_case(at, email):
    first = at.create()

    response = post(at, email=email)

    assert refusal(response) == (409, "CONFLICT", "A lead with this e-mail exists already.")
    assert response.json()["error"]["details"] == [
        {"field": "email", "message": "A lead with this e-mail exists already.", "id": first["id"]}
    ]
    assert at.page()["meta"]["total"] == 1


def test_another_tenant_may_have_the_email(at, theirs):
    assert theirs.page()["data"][0]["email"] == at.create()["email"] == "maria@example.com"


def test_an_email_can_not_be_changed_to_one_that_is_there(at):
    first, second = at.create(), at.create(email="rui@example.com", name="Rui")

    response = patch(at, second, email="MARIA@example.com", name="Other")

    assert refusal(response)[:2] == (409, "CONFLICT")
    assert response.json()["error"]["details"][0]["id"] == first["id"]
    assert at.get(f"leads/{second['id']}").json()["data"]["name"] == "Rui"
    assert at.patch(first, email="Maria@Example.com")["email"] == "Maria@Example.com"


# Status


def test_a_lead_goes_through_its_statuses(at):
    lead = at.create()

    for status in ("contacted", "qualified", "unqualified", "new"):
        assert at.patch(lead, status=status)["status"] == status


def test_only_conversion_makes_a_lead_converted(at):
    response = patch(at, at.create(), status="converted")

    assert details(response) == [{"field": "status", "message": "A lead becomes converted by its conversion alone."}]


def test_a_converted_lead_can_not_go_back_but_all_else_may_change(at):
    lead = at.convert(at.create())["lead"]

    response = patch(at, lead, status="qualified", name="Other")

    assert refusal(response)[:2] == (409, "CONFLICT")
    assert at.patch(lead, name="Maria S.", status="converted") == lead | {
        "name": "Maria S.",
        "updated_at": at.page()["data"][0]["updated_at"],
    }


# History


def test_every_change_is_remembered_with_who_and_from_what_to_what(at, ana):
    lead = at.create(tags=["a"])
    at.patch(lead, status="contacted", owner_id=str(ana.public_id), tags=["a", "b"], custom_fields={"x": 1}, phone="1")
    at.patch(lead, status="contacted", phone="1")
    deal = at.convert(lead)["deal"]

    history = at.get(f"leads/{lead['id']}").json()["data"]["activity_history"]

    assert [(entry["type"], entry["changes"]) for entry in history] == [
        (
            "lead.converted",
            {"status": {"from": "contacted", "to": "converted"}, "deal_id": {"from": None, "to": deal["id"]}},
        ),
        (
            "lead.updated",
            {
                "status": {"from": "new", "to": "contacted"},
                "owner_id": {"from": None, "to": str(ana.public_id)},
                "tags": {"from": ["a"], "to": ["a", "b"]},
                "custom_fields": {"from": {}, "to": {"x": 1}},
                "phone": {"from": "", "to": "1"},
            },
        ),
        ("lead.created", {}),
    ]
    key_id = at.at.token.split("_")[2][:12]
    assert {tuple(entry["by"].items()) for entry in history} == {(("type", "api_key"), ("id", key_id), ("name", "CRM"))}
    assert history[-1]["at"] == lead["created_at"]


@pytest.mark.parametrize(("was", "now"), [(1, True), (1, 1.5), (0, False), (1, "1")])
def test_values_that_python_takes_for_the_same_are_changes(at, was, now):
    lead = at.create(custom_fields={"x": was})

    value = at.patch(lead, custom_fields={"x": now})["custom_fields"]["x"]

    assert (value, type(value)) == (now, type(now))
    assert len(at.get(f"leads/{lead['id']}").json()["data"]["activity_history"]) == 2


# Versions


def test_a_stale_write_is_refused_when_the_caller_asks_for_it(at):
    created = post(at)
    lead, first = created.json()["data"], created["ETag"]
    second = patch(at, lead, name="Maria S.")["ETag"]

    assert first != second
    assert at.get(f"leads/{lead['id']}")["ETag"] == second
    for response in (
        at.ask("PATCH", f"leads/{lead['id']}", {"name": "X"}, headers={"if-match": first}),
        at.ask("DELETE", f"leads/{lead['id']}", headers={"if-match": first}),
        at.ask("POST", f"leads/{lead['id']}/convert", {}, headers={"if-match": first}),
    ):
        assert refusal(response)[:2] == (412, "PRECONDITION_FAILED")
    assert at.page()["data"][0]["name"] == "Maria S."
    fresh = at.ask("PATCH", f"leads/{lead['id']}", {"name": "X"}, headers={"if-match": f'"other", {second}'})
    assert (fresh.status_code, fresh.json()["data"]["name"]) == (200, "X")
    gone = at.ask("DELETE", f"leads/{lead['id']}", headers={"if-match": "*"})
    assert gone.status_code == 204


def test_nothing_changed_is_no_new_version(at):
    created = post(at)

    assert patch(at, created.json()["data"], name="Maria", tags=[])["ETag"] == created["ETag"]
    assert patch(at, created.json()["data"])["ETag"] == created["ETag"]


# Idempotency


def test_the_same_post_again_gives_the_first_answer(at):
    headers = {"idempotency-key": "abc"}
    sent = {"name": "Maria", "email": "maria@example.com"}
    first, again = (at.ask("POST", "leads", sent, headers=headers) for _ in range(2))

    assert (again.status_code, again.content, again["ETag"], again["Location"]) == (
        201,
        first.content,
        first["ETag"],
        first["Location"],
    )
    other = at.ask("POST", "leads", sent | {"name": "Other"}, headers=headers)
    assert refusal(other)[:2] == (409, "CONFLICT")
    assert at.page()["meta"]["total"] == 1


def test_a_conversion_sent_again_makes_one_deal(acme, at):
    lead = at.create()
    path, headers = f"leads/{lead['id']}/convert", {"idempotency-key": "abc"}

    first, again = (at.ask("POST", path, {"deal_value": 5}, headers=headers) for _ in range(2))

    assert (first.status_code, again.status_code, again.content) == (200, 200, first.content)
    with tenant_context(acme):
        assert Deal.objects.count() == 1


# Delete


def test_deleting_takes_the_history_and_leaves_the_deals_and_the_log(acme, at):
    lead = at.create()
    deal = at.convert(lead)["deal"]

    assert at.ask("DELETE", f"leads/{lead['id']}").status_code == 204

    for response in (at.get(f"leads/{lead['id']}"), patch(at, lead, name="X"), at.ask("DELETE", f"leads/{lead['id']}")):
        assert refusal(response) == (404, "NOT_FOUND", "Not found")
    with tenant_context(acme):
        assert (Lead.objects.count(), LeadEvent.objects.count()) == (0, 0)
        assert (Deal.objects.count(), DealStageChange.objects.count()) == (1, 1)
        assert RequestLog.objects.filter(path__contains=lead["id"]).count() == 5
    assert at.get(f"deals/{deal['id']}").json()["data"]["lead_id"] is None
    assert at.create()["id"] != lead["id"]


def test_every_relation_to_a_lead_is_meant_when_it_is_deleted():
    relations = [
        field for field in Lead._meta.get_fields(include_hidden=True) if field.auto_created and field.is_relation
    ]
    handled = {(each.related_model.__name__, each.field.name, each.on_delete.__name__) for each in relations}

    assert handled == {
        ("LeadEvent", "lead", "CASCADE"),
        ("Deal", "lead", "SET_NULL"),
        ("LeadMerge", "survivor", "CASCADE"),
        ("LeadsApart", "one", "CASCADE"),
        ("LeadsApart", "other", "CASCADE"),
    }


# Ids


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "lead_id", ["1", "x", UNKNOWN, UNKNOWN[:-1], "%00", "{" + UNKNOWN + "}", UNKNOWN.replace("-", "")]
)
def test_an_id_that_leads_to_nothing_is_a_404(at, method, lead_id):
    body = {"name": "X"} if method == "PATCH" else None

    assert refusal(at.ask(method, f"leads/{lead_id}", body)) == (404, "NOT_FOUND", "Not found")


def test_another_tenants_lead_is_a_404_and_stays_as_it_is(at, theirs):
    [their_lead], path = theirs.page()["data"], f"leads/{theirs.page()['data'][0]['id']}"

    answers = [
        at.ask("GET", path),
        at.ask("PATCH", path, {"name": "X"}),
        at.ask("DELETE", path),
        at.ask("POST", f"{path}/convert", {}),
    ]

    assert [refusal(answer) for answer in answers] == [(404, "NOT_FOUND", "Not found")] * 4
    assert theirs.page()["data"] == [their_lead]


# The log


def test_the_request_log_names_what_was_done(at):
    lead = at.create()
    path = f"leads/{lead['id']}"
    answers = {
        "list_leads": at.get("leads"),
        "get_lead": at.get(path),
        "create_lead": post(at),
        "update_lead": patch(at, lead, name="X"),
        "convert_lead": at.ask("POST", f"{path}/convert", {}),
        "delete_lead": at.ask("DELETE", path),
        "list_deals": at.get("deals"),
        "list_stages": at.get("stages"),
    }

    assert {name: logged(answer).action for name, answer in answers.items()} == {name: name for name in answers}
    assert logged(answers["list_leads"]).counts == {"total": 1, "shown": 1}
    assert logged(answers["create_lead"]).error_code == "CONFLICT"
