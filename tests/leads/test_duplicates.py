"""Who is likely the same: what matches, what does not, and how groups are paged at any size."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from leads.actors import Actor
from leads.changes import NewLead, create_lead, delete_lead
from leads.duplicate_keys import MOST_IN_A_GROUP, Cursor, Reason
from leads.duplicates import duplicates_of, keep_apart, page_of_groups
from leads.models import Lead
from leads.phones import is_same_number
from salesos.models import AuditEntry
from salesos.tenancy import tenant_context

ME = Actor.of_system("a test")
DAY = datetime(2026, 3, 11, 12, tzinfo=UTC)
EMAIL, PHONE, NAME = Reason


def lead(number, **fields):
    new = NewLead(**{"name": f"Lead {number}", "email": f"lead{number}@example.com", **fields})
    return create_lead(new, by=ME, at=DAY + timedelta(minutes=number))


def pair(**fields):
    """Two leads that differ in all but `fields`, of which each has its own."""
    return [lead(number, **{name: values[number] for name, values in fields.items()}) for number in (0, 1)]


def groups(**options):
    page = page_of_groups(**options)
    return [(list(group.reasons), [each.name for each in group.leads]) for group in page.groups]


def found_both_ways(one, other):
    """What both ways to find duplicates say of two leads: they agree."""
    [[alike, reasons]] = duplicates_of(one) or [(None, [])]
    [[alike_too, reasons_too]] = duplicates_of(other) or [(None, [])]
    in_groups = [group.reasons for group in page_of_groups().groups]
    assert (alike, alike_too) == ((other, one) if reasons else (None, None))
    assert reasons == reasons_too
    assert in_groups == ([reasons] if reasons else [])
    return reasons


@pytest.fixture(autouse=True)
def _stranger(in_acme, globex):
    """Globex has a lead that is like any of acme's."""
    with tenant_context(globex):
        lead(9, email="ana@acme.com", phone="+55 11 98765-4321", name="João Silva", company="Órgão")
        lead(8, email="ana+x@acme.com")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+55 11 98765-4321", "(11) 98765-4321"),
        ("+55 11 98765-4321", "011987654321"),
        ("+55 11 98765-4321", "98765-4321"),
        ("+55 (0)11 98765-4321", "11 98765 4321"),
        ("0055 11 98765-4321", "+55 011 98765-4321"),
        ("+49 171 2345678", "0171/2345678"),
        ("+44 20 7946 0958", "020 7946 0958"),
        ("+351 912 345 678", "912345678"),
        ("11 3456-7890 ramal 12", "1134567890"),
        ("11 3456-7890 / 11 99999-0000", "1134567890"),
        ("Tel: 11 3456-7890, 11 99999-0000", "11 3456 7890"),
    ],
)
def test_one_number_is_found_however_it_is_written(one, other):
    assert found_both_ways(*pair(phone=(one, other))) == [PHONE]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("", ""),
        ("-", "-"),
        ("+55 11 98765-4321", "+55 21 98765-4321"),
        ("+55 11 98765-4321", "+55 11 98765-4322"),
        ("1234567", "1234567"),
        ("99999-9999", "99999-9999"),
        ("0000000000", "0000000000"),
        ("x", "x"),
        ("12345678901234567890", "12345678901234567890"),
        ("١٢٣٤٥٦٧٨", "١٢٣٤٥٦٧٨"),
    ],
)
def test_what_is_no_number_or_another_is_not(one, other):
    assert found_both_ways(*pair(phone=(one, other))) == []


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("ana@acme.com", "Ana+Promo@Acme.com", True),
        ("ana+a@acme.com", "ana+b@acme.com", True),
        ("ana.lima@gmail.com", "AnaLima@googlemail.com", True),
        ("a.n.a+x@gmail.com", "ana@gmail.com", True),
        ("ana.lima@acme.com", "analima@acme.com", False),
        ("ana+x@acme.com", "ana@acme.com.br", False),
        ("+x@acme.com", "+y@acme.com", False),
        ("ana@acme.com", "bia@acme.com", False),
    ],
)
def test_one_mailbox_is_found_behind_its_addresses(one, other, is_same):
    assert found_both_ways(*pair(email=(one, other))) == ([EMAIL] if is_same else [])


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        (("João Silva", "Órgão"), ("JOAO SILVA", "orgao"), True),
        (("João Silva", "Acme"), ("João Silva", "Globex"), False),
        (("João Silva", ""), ("João Silva", ""), False),
        (("João", "Silva Acme"), ("João Silva", "Acme"), False),
    ],
)
def test_one_name_in_one_company_is_found(one, other, is_same):
    names, companies = zip(one, other, strict=True)
    assert found_both_ways(*pair(name=names, company=companies)) == ([NAME] if is_same else [])


def test_all_that_two_have_in_common_is_told_once():
    one, other = pair(
        email=("ana@acme.com", "ana+x@acme.com"), phone=("1134567890", "11 3456-7890"), name=("Ana", "ANA"),
        company=("Acme", "Acme"),
    )  # fmt: skip
    assert found_both_ways(one, other) == [EMAIL, PHONE, NAME]


def test_a_number_without_an_area_belongs_to_each_that_ends_with_it():
    lead(0, phone="11 98765-4321")
    lead(1, phone="21 98765-4321")
    short = lead(2, phone="98765-4321")
    assert groups() == [([PHONE], ["Lead 0", "Lead 2"]), ([PHONE], ["Lead 1", "Lead 2"])]
    assert [other.name for other, _reasons in duplicates_of(short)] == ["Lead 0", "Lead 1"]


def test_whoever_was_kept_apart_is_never_found_again():
    one, other, third = (lead(number, phone="11 3456-7890") for number in range(3))
    keep_apart(other, [one], by=ME, at=DAY)
    keep_apart(one, [other], by=ME, at=DAY)
    assert groups() == [([PHONE], ["Lead 0", "Lead 1", "Lead 2"])]
    assert [alike.name for alike, _reasons in duplicates_of(one)] == ["Lead 2"]
    keep_apart(third, [one, other, third], by=ME, at=DAY)
    assert (groups(), duplicates_of(one)) == ([], [])
    trail = AuditEntry.objects.filter(action="lead.kept_apart").order_by("pk").values_list("subject", "changes")
    assert list(trail)[-1] == ("Lead 2", {"others": ["", "Lead 0, Lead 1"]})


def test_to_keep_apart_from_what_is_gone_or_anothers_does_nothing(globex):
    one, other = lead(0), lead(1)
    with tenant_context(globex):
        stranger = Lead.objects.first()
    delete_lead(other, at=DAY)
    keep_apart(one, [other, stranger], by=ME, at=DAY)
    assert not AuditEntry.objects.exists()


def test_a_switchboards_number_is_told_as_such():
    for number in range(MOST_IN_A_GROUP + 1):
        last = lead(number, phone="11 3456-7890")
    [group] = page_of_groups().groups
    assert (list(group.leads), group.count, group.shared) == ([], MOST_IN_A_GROUP + 1, "11 3456-7890")
    assert len(duplicates_of(last)) == MOST_IN_A_GROUP
    lead(99, phone="11 3456-7890")
    assert duplicates_of(last) == []


@pytest.mark.parametrize("size", [1, 3, 10])
def test_the_pages_together_are_all_groups_each_once(size):
    for number in range(0, 100, 2):
        same = {"email": f"p{number}@acme.com"}, {"phone": f"11 3456-{1000 + number}"}, {"name": f"N{number}"}
        values = same[number // 2 % 3]
        lead(number, company="Acme", **values)
        lead(number + 1, company="Acme", **{key: value.replace("@", "+x@") for key, value in values.items()})
        # The same end in another area: a key that is no group.
        lead(1000 + number, phone=f"21 9999-{1000 + number}")
        lead(2000 + number, phone=f"31 9999-{1000 + number}")
    seen, after = [], None
    while True:
        page = page_of_groups(after, size=size)
        seen += [group.leads[0].pk for group in page.groups]
        if page.next is None:
            break
        after = Cursor.read(str(page.next))
    assert len(seen) == len(set(seen)) == 50


@given(text=st.text() | st.builds("{}:{}".format, st.sampled_from(["email", "phone", "name"]), st.text()))
def test_a_cursor_is_read_or_not_and_never_breaks(text):
    cursor = Cursor.read(text)
    assert cursor is None or str(cursor) == text


@pytest.mark.parametrize("text", [f"name:{2**63}", "name:-", "name:", "name:1.5", "phone:\\", "email:%", "name:-5"])
def test_a_page_after_anything_is_a_page(text):
    pair(phone=("1134567890", "11 3456-7890"))
    page_of_groups(Cursor.read(text))


@given(st.from_regex(r"[1-9]\d{7,13}", fullmatch=True), st.from_regex(r"[1-9]\d{7,13}", fullmatch=True))
def test_to_be_one_number_is_mutual_and_one_with_its_country(one, other):
    assert is_same_number(one, one)
    assert is_same_number(one, other) == is_same_number(other, one)
    assert is_same_number(f"55{one}", one)


def test_groups_are_found_in_the_indexes_alone():
    for number in range(40):
        lead(number, phone=f"11 3456-{1000 + number}", company="Acme")
    statements = []

    def note(execute, sql, parameters, many, context):
        statements.append((sql, parameters))
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(note):
        page_of_groups()
    walk = next((sql, parameters) for sql, parameters in statements if "UNION ALL" in sql)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute(f"EXPLAIN {walk[0]}", walk[1])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    for index in ("lead_by_plain_email", "lead_by_phone_key", "lead_by_name_key"):
        assert f"Index Only Scan using {index}" in plan
