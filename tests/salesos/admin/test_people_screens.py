"""Merging, importing and exporting people from the dashboard."""

import csv
import io
import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from missions.adjustments import adjust
from salesos.models import AuditEntry, Collaborator, CollaboratorMerge, Team
from salesos.tenancy import tenant_context
from tests.factories import CollaboratorFactory
from tests.salesos.admin.conftest import furnish

LIST = "/dashboard/salesos/collaborator/"
IMPORT = f"{LIST}import/"
EXPORT = f"{LIST}export/"
AUTOCOMPLETE = "/dashboard/autocomplete/?app_label=missions&model_name=adjustment&field_name=collaborator&term="


def merge_of(person):
    return reverse("admin:salesos_collaborator_merge", args=[person.pk])


def page_of(person):
    return reverse("admin:salesos_collaborator_change", args=[person.pk])


def rows_of(answer):
    return list(csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))


@pytest.fixture
def manager(people):
    return people["manager"]


@pytest.fixture
def other(acme_rows):
    return CollaboratorFactory(
        tenant=acme_rows.tenant, name="Zoë", email="zoe@acme.example", phone="5", external_id="z"
    )


def names(answer):
    return [person.name for person in answer.context["cl"].result_list]


def test_two_records_are_merged_and_made_two_again(manager, acme, globex, acme_rows, other):
    person = acme_rows.person
    found = manager.get(merge_of(person), {"q": "zo"}).context["found"]
    assert found == [other]
    preview = manager.get(merge_of(person), {"with": other.pk})
    assert (preview.context["person"], preview.context["other"]) == (person, other)
    assert "takes it over" in preview.content.decode()
    answer = manager.post(merge_of(person), {"do": "merge", "with": other.pk})
    assert (answer.status_code, answer["Location"]) == (302, page_of(person))
    assert names(manager.get(LIST)) == [person.name]
    assert names(manager.get(LIST, {"q": "zoe@"})) == [person.name]
    page = manager.get(page_of(person))
    assert [(alias.email, merge is not None) for alias, merge in page.context["aliases"]] == [(other.email, True)]
    assert manager.get(AUTOCOMPLETE).json()["results"] == [{"id": str(person.pk), "text": person.name}]
    with tenant_context(acme):
        merge = CollaboratorMerge.objects.get()
        assert merge.by.email == "manager@acme.example"
    manager.post(merge_of(person), {"do": "undo", "merge": merge.pk})
    assert sorted(names(manager.get(LIST))) == [other.name, person.name]
    with tenant_context(acme):
        assert list(AuditEntry.objects.exclude(actor_email="").order_by("id").values_list("action", "actor_email")) == [
            ("collaborator.merged", "manager@acme.example"),
            ("collaborator.unmerged", "manager@acme.example"),
        ]


def test_an_alias_can_be_looked_at_and_not_changed(manager, acme, globex, acme_rows, other):
    manager.post(merge_of(acme_rows.person), {"do": "merge", "with": other.pk})
    answer = manager.get(page_of(other))
    assert "was merged into" in answer.content.decode()
    assert manager.post(page_of(other), {"name": "X", "email": "x@acme.example", "metadata": "{}"}).status_code == 403
    listed = manager.post(LIST, {"action": "deactivate", "_selected_action": [other.pk]})
    assert listed.status_code == 302
    with tenant_context(acme):
        assert Collaborator.objects.values_list("name", "is_active").get(pk=other.pk) == ("Zoë", True)


@pytest.mark.parametrize("sent", [{}, {"with": "x"}, {"with": "9" * 40}, {"do": "undo"}, {"do": "undo", "merge": "-1"}])
def test_what_is_no_record_and_no_merge_is_told_and_changes_nothing(manager, acme, globex, acme_rows, sent):
    answer = manager.post(merge_of(acme_rows.person), sent, follow=True)
    assert (answer.status_code, len(list(answer.context["messages"]))) == (200, 1)
    with tenant_context(acme):
        assert CollaboratorMerge.objects.count() == 0


def test_another_tenants_person_is_neither_found_nor_merged(manager, acme, globex, acme_rows, globex_rows):
    address = merge_of(acme_rows.person)
    assert manager.get(address, {"q": "globex"}).context["found"] == []
    assert manager.get(address, {"with": globex_rows.person.pk}).status_code == 404
    manager.post(address, {"do": "merge", "with": globex_rows.person.pk})
    with tenant_context(globex):
        assert Collaborator.objects.get().merged_into is None


def test_the_list_tells_points_and_the_last_activity(manager, acme, globex, acme_rows, other):
    now = timezone.now()
    with tenant_context(acme):
        adjust(other, points=7, reason="x", by=None, at=now)
        adjust(other, points=100, reason="x", by=None, at=now, day=(now - timedelta(days=40)).date())
    listed = {person.name: person.figures for person in manager.get(LIST).context["cl"].result_list}
    assert listed["Zoë"].points == 7
    assert listed["Zoë"].last_activity_at is None
    assert listed["acme person 0"].last_activity_at == acme_rows.activity.occurred_at
    with tenant_context(acme):
        Collaborator.objects.filter(pk=other.pk).update(merged_into=acme_rows.person)
    (listed,) = manager.get(LIST).context["cl"].result_list
    assert listed.figures.points >= 7


def test_deactivating_tells_what_follows_and_leaves_a_trail(manager, acme, globex, acme_rows):
    for action in ("deactivate", "activate"):
        answer = manager.post(LIST, {"action": action, "_selected_action": [acme_rows.person.pk]}, follow=True)
    assert b"activated" in answer.content
    with tenant_context(acme):
        entries = (
            AuditEntry.objects.exclude(actor_email="").order_by("id").values_list("action", "subject", "actor_email")
        )
        assert list(entries) == [
            ("collaborator.deactivated", "acme person 0", "manager@acme.example"),
            ("collaborator.activated", "acme person 0", "manager@acme.example"),
        ]


def test_the_list_is_exported_as_it_is_filtered(people, acme, globex, acme_rows, globex_rows, other):
    with tenant_context(acme):
        Collaborator.objects.filter(pk=other.pk).update(name="=cmd", is_active=False)
    header, *rows = rows_of(people["auditor"].get(EXPORT))
    assert header[:4] == ["name", "e-mail", "external id", "team"]
    assert [row[:2] for row in rows] == [["'=cmd", "zoe@acme.example"], ["acme person 0", "person0@acme.example"]]
    active = rows_of(people["auditor"].get(EXPORT, {"is_active__exact": "1"}))[1:]
    assert [row[0] for row in active] == ["acme person 0"]
    assert people["auditor"].get(EXPORT, {"team__id__exact": "x"}).status_code in (200, 302)


def upload(manager, text, name="people.csv"):
    return manager.post(IMPORT, {"do": "upload", "file": SimpleUploadedFile(name, text.encode())})


FILE = "Nome;E-mail;Equipe\nZoë Maria;zoe@acme.example;New\nCaio;caio@acme.example;new\nBad;nonsense;\n"


def columns(**numbers):
    return {f"column-{name}": number for name, number in numbers.items()}


def test_a_file_goes_through_all_steps(manager, acme, globex, acme_rows, other):
    page = upload(manager, FILE)
    kept = page.context["kept"]
    assert [(name, chosen) for name, _title, chosen in page.context["choices"]][:4] == [
        ("email", 1), ("name", 0), ("external_id", -1), ("team", 2)
    ]  # fmt: skip
    assert [row.outcome for row, _title in page.context["rows"]] == ["error", "new", "changed"]
    sent = {"kept": kept, **columns(email=1, name=0)}
    again = manager.post(IMPORT, {"do": "check", **sent})
    assert again.context["plan"].new_teams == []
    refused = manager.post(IMPORT, {"do": "import", **sent})
    assert "some rows have errors" in str(next(iter(refused.context["messages"])))
    assert refused.context["kept"] == kept
    preview = rows_of(manager.post(IMPORT, {"do": "preview", **sent}))
    assert [row[:2] for row in preview[1:]] == [["2", "Changed"], ["3", "New"], ["4", "Error"]]
    done = manager.post(IMPORT, {"do": "import", "skip": "1", **sent, **columns(team=2)})
    report = rows_of(manager.post(IMPORT, {"do": "report", "report": done.context["report"]}))
    assert report[1] == ["2", "Changed", "zoe@acme.example", "Zoë Maria", "Name: Zoë → Zoë Maria; Team: – → New"]
    assert report[3] == ["4", "Error", "nonsense", "Bad", "“nonsense” is no e-mail address."]
    with tenant_context(acme):
        assert Collaborator.objects.get(email="caio@acme.example").team == Team.objects.get(name="New")
        assert Collaborator.objects.get(pk=other.pk).name == "Zoë Maria"
        assert AuditEntry.objects.get(action="people.imported").actor_email == "manager@acme.example"


@pytest.mark.parametrize("text", ["", "\0", "a,a\n1,2\n", "name\nAna\n", "email\n" + "a@b.co\n" * 5001])
def test_a_file_that_can_not_be_used_is_told(manager, acme, globex, text):
    answer = upload(manager, text)
    assert (answer.status_code, len(list(answer.context["messages"]))) == (200, 1)
    with tenant_context(acme):
        assert Collaborator.objects.count() == 0


def test_a_kept_file_is_of_one_user_in_one_tenant(people, acme, globex):
    kept = upload(people["manager"], FILE).context["kept"]
    sent = {"do": "import", "skip": "1", "kept": kept, **columns(email=1, name=0)}
    for client, changed in (
        (people["admin"], {}),
        (people["manager"], {"kept": kept[:-1] + "x"}),
        (people["manager"], {"kept": ""}),
    ):
        answer = client.post(IMPORT, sent | changed)
        assert "Choose the file again" in str(next(iter(answer.context["messages"])))
    people["manager"].post("/dashboard/switch/", {"tenant": acme.sandbox.slug})
    assert "Choose the file again" in people["manager"].post(IMPORT, sent).content.decode()
    with tenant_context(acme):
        assert Collaborator.objects.count() == 0


def test_a_report_is_no_file_and_a_file_no_report(manager, acme, globex):
    kept = upload(manager, FILE).context["kept"]
    sent = {"skip": "1", "kept": kept, **columns(email=1, name=0)}
    report = manager.post(IMPORT, {"do": "import", **sent}).context["report"]
    for swapped in ({"do": "check", "kept": report}, {"do": "report", "report": kept}):
        answer = manager.post(IMPORT, {**sent, **swapped})
        assert "Choose the file again" in str(next(iter(answer.context["messages"])))


@pytest.mark.parametrize("column", ["", "x", "-1", "99", "9" * 5000, "１"])
def test_a_column_that_is_none_is_not_in_the_file(manager, acme, globex, column):
    kept = upload(manager, FILE).context["kept"]
    answer = manager.post(IMPORT, {"do": "check", "kept": kept, "column-email": column})
    assert (answer.status_code, answer.context.get("plan")) == (200, None)
    assert re.search("which column holds the e-mail", answer.content.decode())


def test_the_list_costs_the_same_for_many(manager, acme, globex, django_assert_max_num_queries):
    furnish(acme, count=12)
    with django_assert_max_num_queries(14):
        manager.get(LIST)
