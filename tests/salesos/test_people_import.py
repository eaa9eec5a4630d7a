"""People from a CSV file: what would happen is what then happens."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from salesos.columns import guessed
from salesos.errors import Refused
from salesos.models import AuditEntry, Collaborator, Team
from salesos.people_import import HEADERS, import_people, plan
from salesos.spreadsheets import read
from salesos.tenancy import tenant_context
from tests.factories import CollaboratorFactory, TeamFactory


def sheet(text):
    return read(text.encode(), most_rows=5000)


def planned(text):
    file = sheet(text)
    return plan(file, guessed(file.header, HEADERS))


def imported(text, *, skips_errors=False):
    file = sheet(text)
    return import_people(file, guessed(file.header, HEADERS), skips_errors=skips_errors, by=None)


def outcomes(done):
    return [(row.line, row.outcome) for row in done.rows]


def told(done):
    return [[str(error) for error in row.errors] for row in done.rows]


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("Name,E-mail,Team,External ID,Phone", {"name": 0, "email": 1, "team": 2, "external_id": 3, "phone": 4}),
        ("Nome completo;E-mail;Equipe;Matrícula", {"name": 0, "email": 1, "team": 2, "external_id": 3}),
        ("Endereço de e-mail;CPF;Função", {"email": 0, "document": 1, "role": 2}),
        ("Correo electrónico;Nombre;Equipo;Teléfono;Cargo", {"email": 0, "name": 1, "team": 2, "phone": 3, "role": 4}),
        ("id,code,e-mail address", {"external_id": 0, "email": 2}),
        ("a,b", {}),
    ],
)  # fmt: skip
def test_columns_are_guessed_in_three_languages(header, found):
    assert guessed(sheet(header + "\n").header, HEADERS) == found


def test_people_are_created_and_updated_by_their_address(in_acme, globex):
    red = TeamFactory(name="Red")
    CollaboratorFactory(name="Ana", email="ana@example.com", external_id="1", phone="5", team=red)
    CollaboratorFactory(name="Bia", email="bia@example.com", external_id="2", team=red)
    with tenant_context(globex):
        CollaboratorFactory(name="Caio", email="caio@example.com", external_id="3")
    text = (
        "nome,email,id,time,telefone\n"
        "Ana Maria, ANA@example.com ,1,RED,\n"
        "Bia,bia@example.com,2,red,\n"
        "Caio,caio@example.com,3,Blue,7\n"
    )
    before = planned(text)
    assert outcomes(before) == [(2, "changed"), (3, "same"), (4, "new")]
    assert [(change.name, change.before, change.after) for change in before.rows[0].changes] == [
        ("name", "Ana", "Ana Maria")
    ]
    assert before.new_teams == ["Blue"]
    assert (Collaborator.objects.count(), Team.objects.count()) == (2, 1)
    assert outcomes(imported(text)) == outcomes(before)
    assert list(
        Collaborator.objects.order_by("email").values_list("name", "email", "external_id", "team__name", "phone")
    ) == [
        ("Ana Maria", "ana@example.com", "1", "Red", "5"),
        ("Bia", "bia@example.com", "2", "Red", ""),
        ("Caio", "caio@example.com", "3", "Blue", "7"),
    ]
    assert outcomes(planned(text)) == [(2, "same"), (3, "same"), (4, "same")]
    with tenant_context(globex):
        assert list(Collaborator.objects.values_list("name", "phone")) == [("Caio", "")]


def test_every_fault_is_told_with_its_line_and_nothing_is_imported(in_acme, globex):
    CollaboratorFactory(name="Ana", email="ana@example.com", external_id="1")
    text = (
        "name,email,id,document\n"
        ",new@example.com,,\n"
        "Bia,nonsense,,\n"
        "Bia,,,\n"
        "Caio,caio@example.com,1,\n"
        "Davi,davi@example.com,9,\n"
        "Davi,DAVI@example.com,9,\n"
        f"Eva,eva@example.com,,{'1' * 21}\n"
    )
    assert told(planned(text)) == [
        ["A new person needs a name."],
        ["“nonsense” is no e-mail address."],
        ["The e-mail is missing."],
        ["External id “1” belongs to Ana (ana@example.com)."],
        [],
        ["E-mail: the same as in line 6.", "External id: the same as in line 6."],
        ["Document: at most 20 characters."],
    ]
    with pytest.raises(Refused) as refused:
        imported(text)
    assert refused.value.code == "rows_refused"
    assert Collaborator.objects.count() == 1
    assert outcomes(imported(text, skips_errors=True))[4] == (6, "new")
    assert sorted(Collaborator.objects.values_list("name", flat=True)) == ["Ana", "Davi"]


def test_a_file_without_a_column_of_addresses_is_refused(in_acme, globex):
    with pytest.raises(Refused) as refused:
        planned("name\nAna\n")
    assert refused.value.code == "no_email_column"


def test_an_alias_is_updated_and_stays_one(in_acme, globex):
    ana = CollaboratorFactory(name="Ana", email="ana@example.com", external_id=None)
    CollaboratorFactory(name="Old", email="old@example.com", external_id="7", merged_into=ana)
    done = imported("email,phone,id\nold@example.com,5,7\n")
    assert [str(row.note) for row in done.rows] == ["Merged into Ana: counts there."]
    assert Collaborator.objects.values_list("phone", "merged_into").get(name="Old") == ("5", ana.pk)


def test_whoever_is_inactive_stays_so_and_metadata_stays(in_acme, globex):
    CollaboratorFactory(name="Ana", email="ana@example.com", is_active=False, metadata={"a": 1}, external_id=None)
    imported("email,name\nana@example.com,Ana Maria\n")
    assert Collaborator.objects.values_list("name", "is_active", "metadata", "external_id").get() == (
        "Ana Maria", False, {"a": 1}, None,
    )  # fmt: skip


def test_the_trail_names_each_person_and_the_import(in_acme, globex):
    CollaboratorFactory(name="Ana", email="ana@example.com")
    imported("email,name,phone\nana@example.com,Ana,5\nbia@example.com,Bia,\n")
    assert list(AuditEntry.objects.order_by("id").values_list("action", "subject", "changes")) == [
        ("collaborator.created", "Bia", {"email": ["", "bia@example.com"]}),
        ("collaborator.changed", "Ana", {"phone": ["", "•••"]}),
        (
            "people.imported",
            "CSV file",
            {"new": ["", "1"], "changed": ["", "1"], "same": ["", "0"], "error": ["", "0"]},
        ),
    ]


def test_a_plan_asks_the_same_of_the_database_for_any_number_of_rows(in_acme, globex):
    counts = []
    for number in (1, 200):
        text = "email,name,team\n" + "".join(f"p{n}@example.com,P,T{n}\n" for n in range(number))
        with CaptureQueriesContext(connection) as captured:
            planned(text)
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 5


def test_an_import_asks_the_same_of_the_database_for_any_number_of_rows(in_acme, globex):
    counts = []
    for first, last in ((0, 2), (2, 30)):
        for name in ("Old", "New"):
            lines = [f"{name} {number},p{number}@acme.example" for number in range(first, last)]
            with CaptureQueriesContext(connection) as queries:
                imported("name,email\n" + "\n".join(lines))
            counts.append(len(queries))
    assert counts[:2] == counts[2:]
