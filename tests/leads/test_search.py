"""Search: words in any order, their beginnings, accents and case ignored, signs to the letter."""

import re
import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leads.listing import Wanted, page_of_leads
from leads.models import Lead
from salesos.tenancy import tenant_context
from tests.leads.test_list import lead_in

PEOPLE = [
    ("João da Silva", "joao.silva@acme.com", "Açúcar & Cia"),
    ("Joana Sílvia Conceição", "joana@acme.com.br", "Tech-Corp Ltda."),
    ("José O'Brien", "ze_obrien+news@mail.example.org", "100% Natural"),
    ("MARIA DAS DORES", "Maria@Example.com", "C&A"),
    ("Łukasz Groß", "lukasz@gross.de", "Øresund_Bygg"),
    ("Sá", "sa@example.com", "back\\slash 'quoted' \"double\""),
]


@pytest.fixture
def found(acme, at):
    """Asks the API; answers with the first names of those found, sorted."""
    for number, (name, email, company) in enumerate(PEOPLE):
        lead_in(acme, number, name=name, email=email, company=company)
    return lambda search: sorted(name.split()[0] for name in at.names(search=search))


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("joao sil", ["João"]),
        ("sil joao", ["João"]),
        ("JOÃO SIL", ["João"]),
        ("jo sil", ["Joana", "João"]),
        ("jo", ["Joana", "José", "João"]),
        ("conceicao", ["Joana"]),
        ("Conceic\u0327a\u0303o", ["Joana"]),
        ("silva, joao", ["João"]),
        ("ilva", []),
        ("da", ["João", "MARIA"]),
        ("sa", ["Sá"]),
        ("acucar cia", ["João"]),
        ("tech", ["Joana"]),
        ("corp", ["Joana"]),
        ("tech-co", ["Joana"]),
        ("ltda", ["Joana"]),
        ("@acme.com", ["Joana", "João"]),
        ("@acme.com.br", ["Joana"]),
        ("acme", ["Joana", "João"]),
        ("@acm", ["Joana", "João"]),
        ("joao.silva@acme.com", ["João"]),
        ("joao.s", ["João"]),
        ("MARIA@example", ["MARIA"]),
        ("com", []),
        ("news", ["José"]),
        ("o'b", ["José"]),
        ("brien", ["José"]),
        ("c&a", ["MARIA"]),
        ("100%", ["José"]),
        ("%", []),
        ("_", []),
        ("j%", []),
        ("o_resund", []),
        ("oresund_b", ["Łukasz"]),
        ("lukasz gross", ["Łukasz"]),
        (r"back\sl", ["Sá"]),
        ("\\", []),
        ("'quoted'", ["Sá"]),
        ("quoted", ["Sá"]),
        ("joao | maria", []),
        ("joao & silva", ["João"]),
        ("!maria", []),
        ("mar:*", []),
        ("(joao)", []),
        ("<->", []),
        ("joao:A", []),
        ("joao nobody", []),
        ("", ["Joana", "José", "João", "MARIA", "Sá", "Łukasz"]),
        ("   ", ["Joana", "José", "João", "MARIA", "Sá", "Łukasz"]),
        (",", []),
    ],
)
def test_a_search_finds(found, search, expected):
    assert found(search) == sorted(expected)


def test_a_search_is_of_one_tenant(acme, globex, at, theirs):
    lead_in(acme, 1, name="Tech Corp", email="maria@corp.com")
    for search in ("tech corp", "maria", "1:maria", f"{globex.pk}:maria"):
        assert at.names(search=search) == (["Tech Corp"] if ":" not in search else [])
    assert theirs.names(search="tech maria") == ["Maria"]


def test_a_search_combines_with_filters_and_orders(acme, at, ana):
    lead_in(acme, 1, name="João B", status="qualified", owner=ana)
    lead_in(acme, 2, name="João A", status="qualified")
    lead_in(acme, 3, name="João C")

    assert at.names(search="joao", sort="name") == ["João A", "João B", "João C"]
    assert at.names(search="joao", status="qualified", sort="-name") == ["João B", "João A"]
    assert at.names(search="joao", owner_id=str(ana.public_id)) == ["João B"]
    page = at.page(search="joao", per_page=2, page=2, sort="name")
    assert (page["meta"]["total"], [lead["name"] for lead in page["data"]]) == (3, ["João C"])


def test_a_lead_is_found_by_what_it_was_changed_to(at):
    lead = at.create(company="Old")
    at.patch(lead, company="Novo Nordisk", name="Ângela")

    assert at.names(search="novo angel") == ["Ângela"]
    assert at.names(search="old") == at.names(search="maria old") == []


def test_the_screen_finds_what_the_api_finds(acme, at, found):
    with tenant_context(acme):
        assert [lead.name for lead in Lead.objects.matching("sil joao")] == ["João da Silva"]


# A plain reading of the contract, in Python, that the database must agree with

LETTERS = "aáãÁbçÇñß%_\\'\"@.-&|!:*() \t,;1٣"


def folded(text: str) -> str:
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not "\u0300" <= sign <= "\u036f")
    return plain.lower().replace("ß", "ss")


def words_of(*texts: str) -> set[str]:
    return {word for text in texts for word in [*text.split(), *re.split(r"[^\w]|_", text)] if word}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.text(LETTERS, min_size=1, max_size=20).filter(str.strip),
    company=st.text(LETTERS, max_size=20),
    search=st.text(LETTERS, max_size=12),
)
def test_the_database_finds_as_it_is_written(acme, at, name, company, search):
    with tenant_context(acme):
        Lead.objects.all().delete()
        lead_in(acme, 1, name=name, company=company, email="zz@zz.zz")
        total = page_of_leads(Wanted(search=search.strip())).total

    words = words_of(folded(name), folded(company)) | {"zz", "zz@zz.zz", "@zz.zz", "zz.zz"}
    asked = [word.strip(",;") or word for word in folded(search).split()]
    assert total == all(any(word.startswith(part) for word in words) for part in asked)


def test_more_words_than_are_looked_up_are_all_found(acme, at):
    with tenant_context(acme):
        Lead.objects.bulk_create(
            Lead(
                name=f"Ana{n:02d} X", email=f"{n}@b.com", created_at="2026-03-10T00:00Z", updated_at="2026-03-10T00:00Z"
            )
            for n in range(70)
        )

    assert [at.page(search=text)["meta"]["total"] for text in ("an", "ana0", "x ana", "ana69", "ana7")] == [
        70,
        10,
        70,
        1,
        0,
    ]
