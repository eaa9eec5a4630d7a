"""What becomes of rows: as the API would have it, a thousand at once; looked at beforehand, the same is said."""

import threading

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leads.actors import Actor
from leads.changes import NewLead, create_lead
from leads.conversion import Terms, convert_lead
from leads.importing.writing import write
from leads.merging import merge_leads
from leads.models import Lead, LeadEvent
from leads.tally import differences
from missions.models import Activity, Score
from salesos.models import Collaborator
from salesos.tenancy import tenant_context
from tests.factories import CollaboratorFactory, MappingFactory, MissionFactory
from tests.leads.importing.sheets import everything, imported, rows_of, sheet

MARIA = {"name": "Maria", "email": "Maria@example.com", "phone": "1", "status": "contacted", "tags": "hot"}


@pytest.fixture
def strangers(globex):
    """Globex has a lead with the same e-mail."""
    with tenant_context(globex):
        imported(sheet(MARIA))
    yield
    with tenant_context(globex):
        assert [(lead["name"], lead["version"]) for lead in everything()] == [("Maria", 1)]


def test_new_leads_are_written_as_the_api_would(in_acme, strangers, ana):
    row = {**MARIA, "company": "Acme", "position": "CEO", "source": "fair", "owner": "ANA@" + ana.email.split("@")[1]}
    Collaborator.objects.filter(pk=ana.pk).update(email=row["owner"].lower())
    row |= {"Cidade": "Recife"}
    header = (*MARIA, "company", "position", "source", "owner", "Cidade")

    assert imported(sheet(row, header=header), with_custom=True) == [("new", "")]

    [mine] = everything()
    new = NewLead(
        name="Maria", email="other@example.com", phone="1", company="Acme", position="CEO", source="fair",
        status="contacted", owner=ana, custom_fields={"Cidade": "Recife"}, tags=("hot",),
    )  # fmt: skip
    create_lead(new, by=Actor.of_system("a test"), at=timezone.now())
    theirs = everything()[1]
    assert mine | {"email": "", "updated_at": ""} == theirs | {"email": "", "updated_at": ""}
    assert (mine["email"], differences()) == ("Maria@example.com", [])


def test_who_is_there_already_stays_as_they_are(in_acme, strangers):
    imported(sheet(MARIA))
    before = everything()

    again = [{**MARIA, "email": "maria@EXAMPLE.com", "phone": "2"}, {"name": "Zoe", "email": "zoe@example.com"}]

    assert imported(sheet(*again), dry=True) == [("exists", ""), ("new", "")]
    assert everything() == before
    assert imported(sheet(*again)) == [("exists", ""), ("new", "")]
    assert everything()[0] == before[0]


def test_an_update_changes_what_the_cells_say_and_no_more(in_acme, strangers, ana):
    imported(sheet(MARIA))
    change = {"email": "maria@example.com", "phone": "2", "owner": ana.email, "tags": "cold;new", "status": "Qualified"}
    said = [
        (
            "changed",
            f"Phone: 1 → 2; Status: contacted → qualified; Owner: – → {ana.public_id}; Tags: hot → cold, new",
        )
    ]

    assert imported(sheet(change), updates=True, dry=True) == said
    assert imported(sheet(change), updates=True) == said

    [lead] = everything()
    assert (lead["name"], lead["email"], lead["phone"], lead["owner"]) == ("Maria", "Maria@example.com", "2", ana.pk)
    assert (lead["tags"], lead["version"]) == (["cold", "new"], 2)
    assert lead["history"][0] == (
        "lead.updated",
        {
            "phone": ["1", "2"],
            "status": ["contacted", "qualified"],
            "owner_id": [None, str(ana.public_id)],
            "tags": [["hot"], ["cold", "new"]],
        },
    )
    assert differences() == []


def test_custom_fields_are_merged(in_acme, strangers):
    header = ("name", "email", "A", "B")
    imported(sheet(["Maria", "m@x.co", "1", "2"], header=header), with_custom=True)

    assert imported(sheet(["", "m@x.co", "", "3"], header=header), updates=True, with_custom=True) == [
        ("changed", 'Custom fields: {"A": "1", "B": "2"} → {"A": "1", "B": "3"}')
    ]
    assert everything()[0]["custom_fields"] == {"A": "1", "B": "3"}


def test_a_converted_lead_does_not_go_back(in_acme, strangers):
    imported(sheet(MARIA))
    convert_lead(Lead.objects.get(), Terms(), by=Actor.of_system("a test"), at=timezone.now())
    back = sheet({"email": "maria@example.com", "status": "new", "phone": "9"})
    said = [("error", "status: This lead is a deal; its status can't change any more.")]

    assert imported(back, updates=True, dry=True) == imported(back, updates=True) == said
    assert imported(sheet({"email": "maria@example.com", "status": "converted"}), updates=True) == [("same", "")]
    assert everything()[0]["phone"] == "1"


@pytest.mark.parametrize("updates", [True, False])
@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"email": "new@x.co", "company": "X"}, "name: Required"),
        ({"email": "new@x.co", "name": "X", "status": "converted"}, "status: Must be one of new, contacted, qualified"),
        ({"email": "new@x.co", "name": "X", "owner": "who@x.co"}, "owner: There is no collaborator with this e-mail"),
        ({"email": "new@x.co", "name": "X", "owner": "rui"}, "owner: Must be a valid email"),
        ({"name": "X"}, "email: Required"),
    ],
)
def test_what_no_new_lead_can_be_is_told_and_the_others_are_written(in_acme, strangers, rui, updates, row, said):
    file = sheet(row, {"email": "b@x.co", "name": "B"})

    for dry in (True, False):
        [wrong, right] = imported(file, updates=updates, dry=dry)
        assert (wrong[0], wrong[1].startswith(said), right) == ("error", True, ("new", ""))
    assert [lead["email"] for lead in everything()] == ["b@x.co"]


def test_another_tenants_collaborator_is_nobody(in_acme, strangers, rui):
    for dry in (True, False):
        [(outcome, said)] = imported(sheet({"email": "a@x.co", "name": "A", "owner": rui.email}), dry=dry)
        assert (outcome, said) == ("error", "owner: There is no collaborator with this e-mail")


def test_an_owner_who_was_merged_is_the_one_who_counts(in_acme, strangers, ana):
    old = CollaboratorFactory(merged_into=ana)
    assert imported(sheet({"email": "a@x.co", "name": "A", "owner": old.email})) == [("new", "")]
    assert everything()[0]["owner"] == ana.pk
    assert imported(sheet({"email": "a@x.co", "owner": old.email}), updates=True) == [("same", "")]


def test_what_is_imported_earns_what_the_api_would(acme, globex, ana, strangers):
    mission = MissionFactory(tenant=acme)
    for code, points in (("lead.created", 1), ("lead.contacted", 10), ("lead.qualified", 100)):
        MappingFactory(tenant=acme, source="leads", code=code, mission=mission, points=points)
    with tenant_context(acme):
        imported(
            sheet(
                {"name": "A", "email": "a@x.co", "owner": ana.email},
                {"name": "B", "email": "b@x.co", "owner": ana.email, "status": "contacted"},
                {"name": "C", "email": "c@x.co", "status": "qualified"},
            )
        )
        assert sum(Score.objects.values_list("points", flat=True)) == 12
        imported(sheet({"email": "c@x.co", "owner": ana.email}, {"email": "b@x.co", "status": "new"}), updates=True)
        assert sum(Score.objects.values_list("points", flat=True)) == 1 + 1 + 111
        assert Activity.objects.count() == 6


def test_a_thousand_rows_cost_as_many_statements_as_ten(in_acme, strangers, ana):
    def statements(first, last, **options):
        rows = [
            {"name": f"N{n}", "email": f"n{n}@x.co", "owner": ana.email, "phone": str(options)}
            for n in range(first, last)
        ]
        with CaptureQueriesContext(connection) as captured:
            outcomes = {outcome for outcome, _ in imported(sheet(*rows), **options)}
        return outcomes, len(captured)

    imported(sheet({"name": "Z", "email": "z@x.co"}))
    for options in ({}, {"updates": True}, {"dry": True}, {"updates": True, "dry": True}):
        few, many = statements(0, 10, **options), statements(1000, 1500, **options)
        assert few[1] == many[1] <= 12, options


def test_rows_of_a_file_lie_in_its_order(in_acme, strangers):
    imported(sheet(*({"name": f"{n}", "email": f"{97 * n % 100}@x.co"} for n in range(50))))
    assert list(Lead.objects.order_by("public_id").values_list("name", flat=True)) == [str(n) for n in range(50)]


cells = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["Ana", "Bia", "", "x" * 256]),
        "email": st.sampled_from(["a@x.co", "A@x.co", "b@x.co", "c@x.co", "nope", ""]),
        "phone": st.sampled_from(["", "1", "2", "=1+1"]),
        "status": st.sampled_from(["", "new", "Contacted", "qualified", "converted", "odd"]),
        "tags": st.sampled_from(["", "a", "a;b", "b|a", ";"]),
        "owner": st.sampled_from(["", "ana@acme.example", "nobody@acme.example"]),
    },
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(cells, max_size=6), st.lists(cells, max_size=6), st.booleans())
def test_a_look_says_what_then_happens_and_a_second_time_nothing_does(acme, globex, before, rows, updates):
    with transaction.atomic(), tenant_context(acme):
        CollaboratorFactory(email="ana@acme.example")
        imported(sheet(*before))
        file = sheet(*rows)
        looked = imported(file, updates=updates, dry=True)
        first = imported(file, updates=updates)
        kept, events = everything(), LeadEvent.objects.count()
        again = imported(file, updates=updates)

        assert looked == first
        assert (everything(), LeadEvent.objects.count()) == (kept, events)
        assert {outcome for outcome, _ in again} <= {"error", "same", "exists"}
        assert [said for outcome, said in again if outcome == "error"] == [
            said for outcome, said in first if outcome == "error"
        ]
        assert differences() == []
        transaction.set_rollback(True)


def test_between_several_at_once_each_e_mail_is_written_once_and_nobody_fails(transactional_db, acme, globex):
    rows = [{"name": f"N{n}", "email": f"n{n}@x.co"} for n in range(60)]
    barrier, outcomes, failures = threading.Barrier(4), [], []

    def work(number):
        try:
            with tenant_context(acme):
                mine = rows_of(sheet(*(rows if number % 2 else rows[::-1])), updates=number > 1)
                barrier.wait()
                with transaction.atomic():
                    write(mine, updates=number > 1, by=Actor.of_system("a test"), at=timezone.now())
            outcomes.extend(row.outcome for row in mine)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with tenant_context(acme):
        assert (failures, Lead.objects.count(), outcomes.count("new")) == ([], 60, 60)
        assert LeadEvent.objects.count() == 60
        assert set(outcomes) <= {"new", "exists", "same"}


@pytest.mark.parametrize("updates", [False, True])
def test_an_address_that_leads_to_another_lead_since_a_merge_makes_and_changes_none(in_acme, strangers, updates):
    imported(sheet(MARIA, {"name": "Maria S.", "email": "maria+work@example.com"}))
    by, now = Actor.of_system("a test"), timezone.now()
    merge_leads(*Lead.objects.order_by("name"), by=by, at=now)
    before = everything()

    again = sheet({"name": "Maria S.", "email": "Maria+Work@example.com"}, {"name": "Zoe", "email": "zoe@example.com"})

    assert imported(again, dry=True, updates=updates) == [("exists", ""), ("new", "")]
    assert everything() == before
    assert imported(again, updates=updates) == [("exists", ""), ("new", "")]
    assert [lead["email"] for lead in everything()] == ["Maria@example.com", "zoe@example.com"]
    assert everything()[0] == before[0]
