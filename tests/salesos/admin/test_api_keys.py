from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.urls import reverse
from django.utils import timezone

from salesos.keys import TOKEN, issue_key, revoke_key, usable_key
from salesos.models import ApiKey
from salesos.tenancy import tenant_context

ADD = "/dashboard/salesos/apikey/add/"
NEW = {
    "name": "CRM",
    "kind": "live",
    "scopes": ["default:sync"],
    "allowlist": "",
    "hourly_limit": "1000",
    "expires_at": "",
}
NOW = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def admin(people):
    return people["admin"]


@pytest.fixture
def key(acme):
    return issue_key(acme, name="CRM", scopes=["default:sync"]).key


def token_in(answer) -> str:
    return TOKEN.search(answer.content.decode())[0]


def keys_of(tenant) -> list[ApiKey]:
    with tenant_context(tenant):
        return list(ApiKey.objects.all())


def test_a_new_key_is_shown_once_and_works(admin, acme, globex):
    answer = admin.post(ADD, NEW)
    token = token_in(answer)
    [key] = keys_of(acme)
    assert usable_key(token, address="203.0.113.7", at=timezone.now()) == key
    assert answer.content.decode().count(token) == 2  # the field and the curl
    assert key.created_by.email == "admin@acme.example"
    assert keys_of(globex) == []


def test_the_token_is_kept_nowhere(admin, acme, globex):
    answer = admin.post(ADD, NEW)
    token = token_in(answer)
    assert "no-store" in answer.headers["Cache-Control"].split(", ")
    [key] = keys_of(acme)
    for page in ("/dashboard/", "/dashboard/salesos/apikey/", f"/dashboard/salesos/apikey/{key.pk}/change/"):
        assert token not in admin.get(page).content.decode()
    kept = [session.get_decoded() for session in Session.objects.all()] + list(LogEntry.objects.values())
    assert kept
    assert token[8:] not in repr(kept) + repr(key.__dict__)


def test_a_test_key_belongs_to_the_sandbox(admin, acme, globex):
    token = token_in(admin.post(ADD, {**NEW, "kind": "test"}))
    assert token.startswith("sk_test_")
    assert keys_of(acme) == []
    assert [key.name for key in keys_of(acme.sandbox)] == ["CRM"]


def test_inside_the_sandbox_there_are_only_test_keys(admin, acme, globex):
    admin.post(reverse("admin:switch"), {"tenant": "acme-sandbox"})
    assert b"Select a valid choice" in admin.post(ADD, NEW).content
    assert token_in(admin.post(ADD, {**NEW, "kind": "test"})).startswith("sk_test_")
    assert keys_of(acme) == []


def test_an_allowlist_is_read_line_by_line(admin, acme, globex):
    admin.post(ADD, {**NEW, "allowlist": "203.0.113.7\r\n 10.1.2.3/8 \n\n::ffff:198.51.100.1\n203.0.113.7"})
    assert keys_of(acme)[0].allowlist == ["203.0.113.7", "10.0.0.0/8", "198.51.100.1"]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "", "This field is required."),
        ("name", "n" * 121, "at most 120 characters"),
        ("scopes", ["all:everything"], "Select a valid choice."),
        ("allowlist", "crm.example.com", "is not an IPv4 or IPv6 address or network."),
        ("hourly_limit", "0", "greater than or equal to 1"),
        ("hourly_limit", "99999999999999", "less than or equal to"),
        ("expires_at", "2020-01-01T00:00", "A moment in the future, please."),
        ("expires_at", "soon", "Enter a valid date/time."),
    ],
)
def test_a_key_that_can_not_be_made_is_answered_at_its_field(admin, acme, globex, field, value, message):
    answer = admin.post(ADD, {**NEW, field: value})
    assert (answer.status_code, list(answer.context["form"].errors)) == (200, [field])
    assert message in str(answer.context["form"].errors)
    assert keys_of(acme) == []


def test_a_key_without_scopes_says_that_it_may_do_nothing(admin, acme, globex):
    admin.post(ADD, {**NEW, "scopes": []})
    assert b"none: it may do nothing" in admin.get("/dashboard/salesos/apikey/").content


def test_an_expiry_is_on_the_tenants_clock(admin, acme, globex):
    admin.post(ADD, {**NEW, "expires_at": "2099-06-01T12:00"})
    assert keys_of(acme)[0].expires_at == datetime(2099, 6, 1, 15, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "America/Sao_Paulo"])
@pytest.mark.parametrize("end", ["9999-12-31T23:59", "2999-01-01T00:00"])
def test_a_key_that_ends_with_the_calendar_is_refused_at_its_field(admin, acme, globex, key, zone, end):
    acme.time_zone = zone
    acme.save()
    change = f"/dashboard/salesos/apikey/{key.pk}/change/"
    made = admin.post(ADD, {**NEW, "expires_at": end}).context["form"]
    changed = admin.post(change, {**NEW, "expires_at": end}).context["adminform"].form
    for form in (made, changed):
        assert list(form.errors) == ["expires_at"]
        assert "A key may expire at most 100 years ahead" in str(form.errors)
    assert [each.expires_at for each in keys_of(acme)] == [None]
    assert admin.get(change).status_code == 200


def test_the_list_names_keys_by_their_public_part(admin, acme, globex, key):
    page = admin.get("/dashboard/salesos/apikey/").content.decode()
    assert f"sk_live_{key.key_id}…" in page
    assert key.secret_hash not in page


def test_changing_a_key_changes_what_it_may_do(admin, acme, globex, key):
    change = f"/dashboard/salesos/apikey/{key.pk}/change/"
    admin.post(change, {"name": "New", "scopes": [], "allowlist": "10.0.0.1", "hourly_limit": "5", "expires_at": ""})
    [changed] = keys_of(acme)
    assert (changed.name, changed.scopes, changed.allowlist, changed.hourly_limit) == ("New", [], ["10.0.0.1"], 5)
    assert changed.secret_hash == key.secret_hash


def test_revoking_asks_first_and_then_acts(admin, acme, globex, key):
    revoke = f"/dashboard/salesos/apikey/{key.pk}/revoke/"
    admin.get(revoke)
    assert keys_of(acme)[0].revoked_at is None
    admin.post(revoke)
    assert keys_of(acme)[0].revoked_by.email == "admin@acme.example"


def test_a_revoked_key_is_only_looked_at(admin, acme, globex, key):
    revoke_key(key, by=None, at=NOW)
    page = admin.get(f"/dashboard/salesos/apikey/{key.pk}/change/")
    assert page.status_code == 200
    assert b"/rotate/" not in page.content
    assert admin.post(f"/dashboard/salesos/apikey/{key.pk}/change/", {"name": "Back"}).status_code == 403


def test_rotating_shows_the_successor_once_and_ends_the_old_key(admin, acme, globex, key):
    answer = admin.post(f"/dashboard/salesos/apikey/{key.pk}/rotate/", {"overlap": "24"})
    successor = usable_key(token_in(answer), address="", at=timezone.now())
    with tenant_context(acme):
        key.refresh_from_db()
    assert (successor.replaces_id, successor.scopes) == (key.pk, key.scopes)
    assert timedelta(hours=23) < key.expires_at - timezone.now() <= timedelta(hours=24)
    assert "no-store" in answer.headers["Cache-Control"].split(", ")


def test_a_revoked_key_can_not_be_rotated(admin, acme, globex, key):
    revoke_key(key, by=None, at=NOW)
    answer = admin.post(f"/dashboard/salesos/apikey/{key.pk}/rotate/", {"overlap": "24"})
    assert b"This key is revoked or expired" in answer.content
    assert len(keys_of(acme)) == 1
