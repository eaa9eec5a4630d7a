from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.urls import reverse
from django.utils import timezone

from salesos.admin.api_key_forms import SCOPES_IN_WORDS
from salesos.keys import TOKEN, issue_key, revoke_key, rotate_key, usable_key
from salesos.models import ApiKey, AuditEntry
from salesos.scopes import Scope
from salesos.sessions import SIGNED_IN_AT
from salesos.tenancy import tenant_context
from tests.door import Door, door, issue
from tests.door import people as sent_people
from tests.salesos.requests import request_at

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


@pytest.mark.parametrize(("choice", "days"), [("", None), ("30", 30), ("90", 90), ("365", 365)])
def test_an_expiry_is_a_quick_choice(admin, acme, globex, choice, days):
    admin.post(ADD, {**NEW, "expiry": choice})
    [key] = keys_of(acme)
    if days is None:
        assert key.expires_at is None
    else:
        assert abs(key.expires_at - timezone.now() - timedelta(days=days)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("sent", "field", "message"),
    [
        ({"expiry": "at"}, "expires_at", "At which moment?"),
        ({"expiry": "30", "expires_at": "2099-01-01T00:00"}, "expires_at", "Either this moment or the choice above"),
        ({"expiry": "7"}, "expiry", "Select a valid choice"),
    ],
)
def test_an_expiry_that_is_not_clear_is_asked_again(admin, acme, globex, sent, field, message):
    answer = admin.post(ADD, {**NEW, **sent, "name": "Typed name", "allowlist": "10.0.0.1"})
    assert list(answer.context["form"].errors) == [field]
    assert message in str(answer.context["form"].errors)
    assert 'value="Typed name"' in answer.content.decode()
    assert "10.0.0.1</textarea>" in answer.content.decode()
    assert keys_of(acme) == []


def test_every_scope_says_in_plain_words_what_it_allows(admin):
    assert set(SCOPES_IN_WORDS) == set(Scope)
    assert str(SCOPES_IN_WORDS[Scope.DEFAULT_SYNC])[:20] in admin.get(ADD).content.decode()


def entries(tenant):
    with tenant_context(tenant):
        return list(AuditEntry.objects.order_by("id").values_list("action", "subject", "actor_email"))


def test_what_happens_to_keys_stands_in_the_audit_trail_without_the_secret(admin, acme, globex):
    token = token_in(admin.post(ADD, {**NEW, "kind": "test"}))
    admin.post(ADD, NEW)
    [key] = keys_of(acme)
    change = f"/dashboard/salesos/apikey/{key.pk}/change/"
    admin.post(change, {**NEW, "name": "Renamed", "hourly_limit": "7"})
    admin.post(change, {**NEW, "name": "Renamed", "hourly_limit": "7"})
    successor = token_in(admin.post(f"/dashboard/salesos/apikey/{key.pk}/rotate/", {"overlap": "1"}))
    admin.post(f"/dashboard/salesos/apikey/{key.pk}/revoke/")
    admin.post(f"/dashboard/salesos/apikey/{key.pk}/revoke/")
    named, by = f"Renamed ({key.key_id})", "admin@acme.example"
    new = ApiKey.objects.every_tenant(reason="a test").get(replaces=key)
    assert entries(acme) == [
        ("api_key.issued", f"CRM ({key.key_id})", by),
        ("api_key.changed", named, by),
        ("api_key.issued", str(new), by),
        ("api_key.rotated", named, by),
        ("api_key.revoked", named, by),
    ]
    assert [action for action, *_rest in entries(acme.sandbox)] == ["api_key.issued"]
    assert entries(globex) == []
    told = repr(list(AuditEntry.objects.every_tenant(reason="a test").values()))
    assert "api_key.issued" in told
    assert token[20:] not in told
    assert successor[20:] not in told
    assert key.secret_hash not in told
    with tenant_context(acme):
        assert AuditEntry.objects.get(action="api_key.changed").changes == {
            "name": ["CRM", "Renamed"],
            "hourly_limit": ["1000", "7"],
        }


def test_the_command_line_leaves_its_row_too(acme, globex, key):
    rotate_key(key, overlap=timedelta(0), by=None, at=timezone.now())
    assert [(action, email) for action, _subject, email in entries(acme)] == [
        ("api_key.issued", ""),
        ("api_key.issued", ""),
        ("api_key.rotated", ""),
    ]


def test_the_list_shows_the_hour_against_the_limit_and_the_last_use(admin, acme, globex):
    issued, other = issue(acme, hourly_limit=5), issue(acme)
    for _ in range(4):
        Door(issued.token).send(sent_people(), REMOTE_ADDR="203.0.113.9")
    door(globex).send(sent_people())
    page = admin.get("/dashboard/salesos/apikey/")
    uses = {key.pk: (key.use.hour.used, key.use.hour.limit) for key in page.context["cl"].result_list}
    assert uses == {issued.key.pk: (4, 5), other.key.pk: (0, other.key.hourly_limit)}
    text = page.content.decode()
    assert "203.0.113.9" in text
    assert text.count("near its limit") == 1
    assert "4 requests in 30 days, 0 refused or failed" in text
    assert "0 requests in 30 days, 0 refused or failed" in text


def test_the_sparkline_has_the_requests_of_thirty_days_with_the_refused_ones(admin, acme, globex, key):
    now = timezone.now()
    for days, status in ((0, 200), (1, 200), (1, 403), (29, 500), (31, 200)):
        request_at(acme, now - timedelta(days=days), key=key, status=status)
    request_at(globex, now, key=key)
    [listed] = admin.get("/dashboard/salesos/apikey/").context["cl"].result_list
    bars = listed.use.days.bars
    assert [(bar.value, bar.part) for bar in bars if bar.value] == [(1, 1), (2, 1), (1, 0)]
    assert len(bars) == 30


def test_a_key_that_ends_soon_is_marked(admin, acme, globex):
    issue_key(acme, name="Ends", scopes=[], expires_at=timezone.now() + timedelta(days=13))
    issue_key(acme, name="Stays", scopes=[], expires_at=timezone.now() + timedelta(days=15))
    page = admin.get("/dashboard/salesos/apikey/").content.decode()
    assert page.count("Expires ") == 1
    for key in keys_of(acme):
        page = admin.get(f"/dashboard/salesos/apikey/{key.pk}/change/").content.decode()
        assert ("This key expires on" in page) is (key.name == "Ends")


def test_a_keys_page_leads_to_its_requests_and_errors(people, acme, globex, key):
    now = timezone.now()
    for status, code in ((200, ""), (400, "VALIDATION_ERROR"), (400, "VALIDATION_ERROR"), (403, "FORBIDDEN")):
        request_at(acme, now - timedelta(days=2), key=key, status=status, error_code=code)
    request_at(acme, now, status=500)
    use = people["auditor"].get(f"/dashboard/salesos/apikey/{key.pk}/change/").context["use"]
    assert (use.last_day, use.last_week) == (0, 4)
    assert [(error.status, error.code, error.requests) for error in use.errors] == [
        (400, "VALIDATION_ERROR", 2),
        (403, "FORBIDDEN", 1),
    ]
    for address, found in ((use.errors[0].href, 2), (use.log, 4)):
        assert len(people["auditor"].get(address).context["table"].rows) == found


def test_revoking_names_what_will_break(admin, acme, globex, key):
    revoke = f"/dashboard/salesos/apikey/{key.pk}/revoke/"
    now = timezone.now()
    for days in (0, 3, 8):
        request_at(acme, now - timedelta(days=days, hours=2 * bool(days)), key=key, action="sync_activities")
    request_at(acme, now, key=key, action="sync_collaborators", status=403)
    with tenant_context(acme):
        ApiKey.objects.update(last_used_at=now, last_used_from="203.0.113.9")
    answer = admin.get(revoke)
    page = " ".join(answer.content.decode().split())
    assert "Your CRM at 203.0.113.9 will be refused at once." in page
    assert (answer.context["use"].last_day, answer.context["use"].last_week) == (2, 3)
    assert answer.context["use"].actions == ["sync_activities"]
    assert keys_of(acme)[0].revoked_at is None


def test_revoking_an_idle_key_says_that_nothing_uses_it(admin, acme, globex, key):
    page = admin.get(f"/dashboard/salesos/apikey/{key.pk}/revoke/").content.decode()
    assert "Nothing has used it for the last seven days." in page
    assert "refused at once" not in page


def test_after_rotating_it_is_said_until_when_both_keys_work(admin, acme, globex, key):
    rotate = f"/dashboard/salesos/apikey/{key.pk}/rotate/"
    page = " ".join(admin.post(rotate, {"overlap": "24"}).content.decode().split())
    assert f"both keys work; then the old one ({key.key_id}) is refused." in page
    [new] = [each for each in keys_of(acme) if each.replaces_id]
    page = admin.post(f"/dashboard/salesos/apikey/{new.pk}/rotate/", {"overlap": "0"}).content.decode()
    assert "The old key is refused from now on." in page


@pytest.mark.parametrize("doing", ["add/", "{pk}/rotate/", "{pk}/revoke/"])
def test_an_old_sign_in_is_asked_for_the_password_again(admin, acme, globex, key, doing):
    address = "/dashboard/salesos/apikey/" + doing.format(pk=key.pk)
    session = admin.session
    session[SIGNED_IN_AT] = int((timezone.now() - timedelta(minutes=31)).timestamp())
    session.save()
    for answer in (admin.get(address), admin.post(address, {**NEW, "overlap": "1"})):
        assert answer.status_code == 302
        assert "again" in answer.headers["Location"]
    assert [(each.pk, each.revoked_at) for each in keys_of(acme)] == [(key.pk, None)]
    session[SIGNED_IN_AT] = int((timezone.now() - timedelta(minutes=29)).timestamp())
    session.save()
    assert admin.get(address).status_code == 200
