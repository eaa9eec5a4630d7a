"""`sync_collaborators`, bullet by bullet of the contract."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as DatabaseExamples

from salesos.models import Collaborator, Team
from salesos.tenancy import tenant_context
from salesos.tenants import create_tenant
from tests.door import details, door, people, person, refusal, row_counts
from tests.factories import CollaboratorFactory, TeamFactory

FIELDS = ("external_id", "name", "email", "phone", "document", "team__name", "role", "metadata")


@pytest.fixture
def at(acme, globex):
    CollaboratorFactory(tenant=globex, external_id="emp-1", email="person1@example.com", name="Stranger")
    TeamFactory(tenant=globex, name="Sales")
    return door(acme)


def stored(tenant, *fields):
    with tenant_context(tenant):
        rows = Collaborator.objects.order_by("external_id").values_list(*fields, flat=len(fields) == 1)
        return list(rows)


def counts(created=0, existing=0, errors=()):
    return {"created": created, "existing": existing, "errors": list(errors), "total": created + existing + len(errors)}


@pytest.mark.parametrize("email", ["PERSON1@EXAMPLE.COM", "  Person1@Example.Com\t", "person1@example.com"])
def test_people_are_matched_by_address_without_case_and_spaces(acme, globex, at, email):
    assert at.people(person()) == counts(created=1)
    assert at.people(person(external_id="other", name="New Name", email=email)) == counts(existing=1)
    assert stored(acme, "external_id", "name", "email") == [("other", "New Name", "person1@example.com")]
    assert stored(globex, "external_id", "name") == [("emp-1", "Stranger")]


def test_a_new_address_of_a_known_external_id_is_the_same_person(acme, at):
    at.people(person(team="Sales"))
    assert at.people(person(email="new@example.com")) == counts(existing=1)
    assert stored(acme, "external_id", "email", "team__name") == [("emp-1", "new@example.com", "Sales")]
    assert at.people(person(2, email="person1@example.com")) == counts(created=1)


def test_fields_that_are_absent_stay_and_null_clears(acme, at):
    full = person(phone="+55 11", document="123", team="Sales", role="rep", metadata={"a": 1, "b": 2})
    at.people(full)
    at.people(person())
    assert stored(acme, *FIELDS) == [
        ("emp-1", "Person 1", "person1@example.com", "+55 11", "123", "Sales", "rep", {"a": 1, "b": 2})
    ]
    at.people(person(metadata={"c": 3}, role="lead"))
    assert stored(acme, "metadata", "role", "phone") == [({"c": 3}, "lead", "+55 11")]
    at.people(person(phone=None, document=None, team=None, role=None, metadata=None))
    assert stored(acme, *FIELDS) == [("emp-1", "Person 1", "person1@example.com", "", "", None, "", {})]


@pytest.mark.parametrize("field", ["phone", "document", "team", "role", "metadata"])
def test_null_means_absent_when_a_person_is_created(acme, at, field):
    assert at.people(person(**{field: None})) == counts(created=1)
    assert stored(acme, *FIELDS) == [("emp-1", "Person 1", "person1@example.com", "", "", None, "", {})]


def test_texts_are_trimmed(acme, at):
    at.people(
        person(external_id=" x ", name=" Maria  Santos\n", phone=" 1 ", document=" 2 ", team=" Sales ", role=" r ")
    )
    assert stored(acme, *FIELDS) == [("x", "Maria  Santos", "person1@example.com", "1", "2", "Sales", "r", {})]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Sales", "SALES"),
        ("São Paulo", "SÃO PAULO"),
        ("ÉQUIPE", "équipe"),
        ("Вікно", "ВІКНО"),
        ("Istanbul", "İstanbul"),
        ("istanbul", "İSTANBUL"),
    ],
)
def test_team_names_are_matched_without_case(acme, globex, at, first, second):
    at.people(person(1, team=first))
    at.people(person(2, team=second))
    at.people(person(3, team=second), person(4, team=first), person(5, team="Other"), person(6, team="OTHER"))
    assert stored(acme, "team__name") == [first, first, first, first, "Other", "Other"]
    with tenant_context(acme):
        assert sorted(Team.objects.values_list("name", flat=True)) == sorted([first, "Other"])
    with tenant_context(globex):
        assert list(Team.objects.values_list("name", flat=True)) == ["Sales"]


@pytest.mark.parametrize("team", ["", "   ", None])
def test_an_empty_team_name_is_no_team(acme, at, team):
    at.people(person(team="Sales"))
    at.people(person(team=team))
    assert stored(acme, "team__name") == [None]


@pytest.mark.parametrize(
    ("fields", "shown", "reason"),
    [
        ({"email": "invalid-email"}, "emp-1 (invalid-email)", "Invalid email format"),
        ({"email": "a@b"}, "emp-1 (a@b)", "Invalid email format"),
        ({"email": "a b@example.com"}, "emp-1 (a b@example.com)", "Invalid email format"),
        ({"email": "x@example.com\nBcc: y"}, "emp-1 (x@example.com\nBcc: y)", "Invalid email format"),
        (
            {"email": "x" * 250 + "@example.com"},
            f"emp-1 ({('x' * 250 + '@example.com')[:255]})",
            "Invalid email format",
        ),
        ({"email": 5}, "emp-1 (?)", "Invalid email format"),
        ({"email": ""}, "emp-1 (?)", "email is required"),
        ({"email": None}, "emp-1 (?)", "email is required"),
        ({"external_id": ""}, "? (person1@example.com)", "external_id is required"),
        ({"external_id": "  "}, "? (person1@example.com)", "external_id is required"),
        ({"external_id": None}, "? (person1@example.com)", "external_id is required"),
        ({"external_id": 7}, "? (person1@example.com)", "external_id must be a string"),
        (
            {"external_id": "x" * 256},
            "x" * 255 + " (person1@example.com)",
            "external_id must be at most 255 characters",
        ),
        ({"name": None}, "emp-1 (person1@example.com)", "name is required"),
        ({"name": " "}, "emp-1 (person1@example.com)", "name is required"),
        ({"name": ["x"]}, "emp-1 (person1@example.com)", "name must be a string"),
        ({"name": "é" * 256}, "emp-1 (person1@example.com)", "name must be at most 255 characters"),
        ({"phone": 5511}, "emp-1 (person1@example.com)", "phone must be a string"),
        ({"phone": "1" * 256}, "emp-1 (person1@example.com)", "phone must be at most 255 characters"),
        ({"document": "1" * 21}, "emp-1 (person1@example.com)", "document must be at most 20 characters"),
        ({"team": "t" * 101}, "emp-1 (person1@example.com)", "team must be at most 100 characters"),
        ({"team": {}}, "emp-1 (person1@example.com)", "team must be a string"),
        ({"role": "r" * 51}, "emp-1 (person1@example.com)", "role must be at most 50 characters"),
        ({"role": True}, "emp-1 (person1@example.com)", "role must be a string"),
        ({"metadata": []}, "emp-1 (person1@example.com)", "metadata must be an object"),
        ({"metadata": "x"}, "emp-1 (person1@example.com)", "metadata must be an object"),
        (
            {"name": None, "role": 1, "email": "x"},
            "emp-1 (x)",
            "name is required; role must be a string; Invalid email format",
        ),
    ],
)
def test_a_faulty_item_fails_alone_in_the_documented_words(acme, at, fields, shown, reason):
    answer = at.people(person(2), person(1, **fields), person(3))
    assert answer == counts(created=2, errors=[f"Collaborator {shown}: {reason}"])
    assert stored(acme, "external_id") == ["emp-2", "emp-3"]


def test_a_missing_id_and_address_print_as_question_marks(at):
    assert at.people({}) == counts(
        errors=["Collaborator ? (?): external_id is required; name is required; email is required"]
    )


@pytest.mark.parametrize(
    ("field", "most"),
    [("external_id", 255), ("name", 255), ("phone", 255), ("document", 20), ("team", 100), ("role", 50)],
)
def test_texts_of_the_greatest_length_are_stored(acme, at, field, most):
    assert at.people(person(**{field: "é" * most})) == counts(created=1)
    assert stored(acme, "team__name" if field == "team" else field) == ["é" * most]


@pytest.mark.parametrize("stray", [None, 1, "x", [], True])
def test_an_item_that_is_not_an_object_refuses_the_batch(acme, at, stray):
    before = row_counts()
    response = at.send(people(person(1), stray, person(2), stray))
    assert refusal(response)[2] == "Invalid collaborators payload"
    assert details(response) == [
        {"index": 1, "field": "collaborators", "message": "Must be an object"},
        {"index": 3, "field": "collaborators", "message": "Must be an object"},
    ]
    assert row_counts() == before


def test_the_same_person_twice_is_created_then_existing(acme, at):
    assert at.people(
        person(name="First"), person(name="Second", role="rep"), person(email="PERSON1@example.com")
    ) == counts(created=1, existing=2)
    assert stored(acme, "name", "role") == [("Person 1", "rep")]


def test_a_new_person_who_changes_address_in_one_batch_is_one_person(acme, at):
    assert at.people(person(), person(email="later@example.com")) == counts(created=1, existing=1)
    assert stored(acme, "external_id", "email") == [("emp-1", "later@example.com")]


def test_an_address_and_an_external_id_of_two_people_is_an_error_of_the_item(acme, at):
    at.people(person(1), person(2))
    answer = at.people(person(1, external_id="emp-2"), person(3))
    reason = "external_id belongs to another collaborator"
    assert answer == counts(created=1, errors=[f"Collaborator emp-2 (person1@example.com): {reason}"])
    assert stored(acme, "external_id", "email") == [(f"emp-{n}", f"person{n}@example.com") for n in (1, 2, 3)]


def test_an_inactive_person_is_updated_and_stays_inactive(acme, at):
    at.people(person())
    with tenant_context(acme):
        Collaborator.objects.update(is_active=False)
    assert at.people(person(name="New")) == counts(existing=1)
    assert stored(acme, "name", "is_active") == [("New", False)]


def test_syncing_again_changes_nothing_else(acme, at):
    batch = [person(n, team=f"Team {n % 3}", metadata={"n": n}) for n in range(20)]
    assert at.people(*batch) == counts(created=20)
    before, rows = stored(acme, "id", "public_id", "created_at", *FIELDS), row_counts()
    assert at.people(*batch) == counts(existing=20)
    assert (stored(acme, "id", "public_id", "created_at", *FIELDS), row_counts()) == (before, rows)


def sent(external_id, email):
    return {"external_id": external_id, "name": "X", "email": f"{email}@example.com"}


@pytest.mark.parametrize(
    ("batch", "left"),
    [
        # B leaves its address, A takes it, though A was touched before
        ([("A", "a"), ("B", "c"), ("A", "b")], [("A", "b"), ("B", "c")]),
        # two people exchange their addresses over a third one
        ([("A", "t"), ("B", "a"), ("A", "b")], [("A", "b"), ("B", "a")]),
        # two people exchange their external ids over a third one
        ([("T", "a"), ("A", "b"), ("B", "a")], [("A", "b"), ("B", "a")]),
        # a new person takes what an old one leaves
        ([("A", "t"), ("C", "a")], [("A", "t"), ("B", "b"), ("C", "a")]),
        # a known person takes what a new one has left
        ([("C", "c"), ("C", "d"), ("A", "c")], [("A", "c"), ("B", "b"), ("C", "d")]),
    ],
)
def test_people_may_take_over_what_others_leave_in_the_same_batch(acme, at, batch, left):
    at.people(sent("A", "a"), sent("B", "b"))
    answer = at.people(*[sent(*item) for item in batch])
    assert answer["errors"] == []
    assert stored(acme, "external_id", "email") == [(name, f"{email}@example.com") for name, email in left]


class Batches(DatabaseExamples):
    """Random batches against a model in plain Python."""

    @settings(max_examples=30, deadline=None)
    @given(
        st.lists(
            st.lists(
                st.tuples(st.sampled_from(["A", "B", "C", "D"]), st.sampled_from(["a", "b", "c", "d", "bad"])),
                max_size=8,
            ),
            min_size=1,
            max_size=4,
        )
    )
    def test_the_sums_always_add_up_and_the_people_are_those_of_the_model(self, batches):
        number = next(_numbers)
        acme, globex = create_tenant(f"Acme {number}"), create_tenant(f"Globex {number}")
        at = door(acme)
        known: list[list[str]] = []
        for batch in batches:
            expected = [_take(known, external_id, email) for external_id, email in batch]
            items = [
                sent(external_id, email) if email != "bad" else person(external_id=external_id, email="bad")
                for external_id, email in batch
            ]
            answer = at.people(*items)
            assert (answer["created"], answer["existing"]) == (expected.count("created"), expected.count("existing"))
            assert answer["created"] + answer["existing"] + len(answer["errors"]) == answer["total"] == len(batch)
            assert stored(acme, "external_id", "email") == sorted(
                (name, f"{email}@example.com") for name, email in known
            )
        assert stored(globex, "email") == []


_numbers = itertools.count()


def _take(known, external_id, email):
    """The contract's rule for one item: by e-mail, else by external id, which nobody else may have."""
    if email == "bad":
        return "refused"
    by_email = next((row for row in known if row[1] == email), None)
    by_id = next((row for row in known if row[0] == external_id), None)
    row = by_email or by_id
    if row is None:
        known.append([external_id, email])
        return "created"
    if by_id is not None and by_id is not row:
        return "refused"
    row[:] = [external_id, email]
    return "existing"
