"""Who is let in: keys, the same words for every cause of a refusal, addresses, scopes, sandboxes."""

from datetime import UTC, datetime, timedelta

import pytest

from missions.models import Activity
from salesos import keys
from salesos.models import ApiKey, Collaborator, Tenant
from salesos.tenancy import tenant_context
from tests.door import PATH, Door, activity, door, issue, last_used, logged, people, person, refusal

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ALPHABET = keys.ALPHABET


def _other(character: str) -> str:
    return ALPHABET[(ALPHABET.index(character) + 1) % len(ALPHABET)]


def _revoked(acme):
    issued = issue(acme)
    keys.revoke_key(issued.key, by=None, at=NOW)
    return issued.token


def _of_inactive_tenant(acme):
    Tenant.objects.filter(pk=acme.pk).update(is_active=False)
    return issue(acme).token


def _with_wrong_secret(acme):
    """Right in form, checksum and key id: what only bcrypt can refuse."""
    token = issue(acme).token
    unsigned = token[: 8 + 12] + _other(token[20]) + token[21:-6]
    return unsigned + keys._checksum(unsigned)


def _of_unknown_id(acme):
    token = issue(acme).token
    unsigned = token[:8] + _other(token[8]) + token[9:-6]
    return unsigned + keys._checksum(unsigned)


def _with_the_other_prefix(acme):
    unsigned = "sk_test_" + issue(acme).token[8:-6]
    return unsigned + keys._checksum(unsigned)


REFUSED = {
    "no header": lambda acme: None,
    "an empty header": lambda acme: "",
    "another scheme": lambda acme: f"Basic {issue(acme).token}",
    "a token alone": lambda acme: issue(acme).token,
    "a scheme alone": lambda acme: "Bearer",
    "a scheme and spaces": lambda acme: "Bearer   ",
    "two tokens": lambda acme: f"Bearer {issue(acme).token} {issue(acme).token}",
    "a comma": lambda acme: f"Bearer {issue(acme).token},",
    "another shape": lambda acme: "Bearer abc",
    "a bad checksum": lambda acme: "Bearer " + (token := issue(acme).token)[:-1] + _other(token[-1]),
    "an unknown key id": lambda acme: f"Bearer {_of_unknown_id(acme)}",
    "a wrong secret": lambda acme: f"Bearer {_with_wrong_secret(acme)}",
    "live for test": lambda acme: f"Bearer {_with_the_other_prefix(acme)}",
    "a revoked key": lambda acme: f"Bearer {_revoked(acme)}",
    "an expired key": lambda acme: f"Bearer {issue(acme, expires_at=NOW).token}",
    "an inactive tenant": lambda acme: f"Bearer {_of_inactive_tenant(acme)}",
    "73 bytes": lambda acme: "Bearer " + issue(acme).token.ljust(73, "x"),
    "72 bytes": lambda acme: "Bearer " + issue(acme).token.ljust(72, "x"),
    "8 KiB": lambda acme: "Bearer sk_live_" + "a" * 8192,
    "not ASCII": lambda acme: "Bearer sk_live_" + "é" * 20,
    "digits that are not ASCII": lambda acme: "Bearer " + issue(acme).token[:-1] + "\xb2",
    "a NUL": lambda acme: f"Bearer {issue(acme).token}\0",
}


ENDED = {"a revoked key", "an expired key", "an inactive tenant"}


@pytest.mark.parametrize("cause", REFUSED)
def test_every_cause_of_a_refusal_has_the_same_words(acme, globex, cause):
    at, header = Door(""), REFUSED[cause](acme)
    sent = {} if header is None else {"HTTP_AUTHORIZATION": header}
    response = at.client.post(PATH, people(person()), content_type="application/json", **sent)
    assert refusal(response) == (401, "UNAUTHORIZED", "Invalid or expired API key")
    assert response["WWW-Authenticate"] == "Bearer"
    assert not [name for name in response.headers if name.startswith("X-RateLimit")]
    row = logged(response)
    assert row.error_code == "UNAUTHORIZED"
    # Whoever holds a key's secret may be told of in its tenant's log; its public id alone proves nothing.
    key = ApiKey.objects.every_tenant(reason="a test reads a key").latest("pk") if cause in ENDED else None
    assert (row.tenant_id, row.api_key_id) == ((acme.pk, key.pk) if key else (None, None))
    assert key is None or (key.last_used_at, key.last_used_from) == (None, None)
    with tenant_context(acme):
        assert Collaborator.objects.count() == 0


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR", "Bearer ", "  Bearer"])
def test_the_scheme_is_read_in_any_case(acme, globex, scheme):
    token = issue(acme).token
    # Servers strip the value of a header, as Django's test client does not.
    response = Door("").send(people(), headers={"authorization": f"{scheme} {token}".strip()})
    assert response.status_code == 200


def test_a_key_expires_at_its_moment_and_not_before(acme, globex):
    soon = datetime.now(UTC) + timedelta(hours=1)
    issued = issue(acme, expires_at=soon)
    assert issued.key.is_usable(at=soon - timedelta(microseconds=1))
    assert not issued.key.is_usable(at=soon)
    assert Door(issued.token).send(people()).status_code == 200


def test_revoking_acts_at_once_although_the_key_was_remembered(acme, globex):
    issued = issue(acme)
    assert Door(issued.token).send(people()).status_code == 200
    keys.revoke_key(issued.key, by=None, at=datetime.now(UTC))
    response = Door(issued.token).send(people())
    assert refusal(response)[0] == 401
    assert (logged(response).tenant_id, logged(response).api_key_id) == (acme.pk, issued.key.pk)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"expires_at": NOW}, 401),
        ({"scopes": []}, 403),
        ({"allowlist": ["192.0.2.0/24"]}, 403),
        ({"hourly_limit": 1}, 429),
    ],
)
def test_what_is_edited_of_a_key_acts_at_once_although_it_was_remembered(acme, globex, change, status):
    issued = issue(acme)
    assert Door(issued.token).send(people()).status_code == 200
    ApiKey.objects.every_tenant(reason="a test edits a key").filter(pk=issued.key.pk).update(**change)
    assert refusal(Door(issued.token).send(people()))[0] == status


@pytest.mark.parametrize(
    ("allowlist", "address", "is_let_in"),
    [
        ([], "203.0.113.9", True),
        (["203.0.113.9"], "203.0.113.9", True),
        (["203.0.113.9"], "203.0.113.10", False),
        (["203.0.113.0/24"], "203.0.113.255", True),
        (["203.0.113.0/24"], "203.0.112.255", False),
        (["203.0.113.0/24"], "::ffff:203.0.113.7", True),
        (["::ffff:203.0.113.0/120"], "203.0.113.7", True),
        (["2001:db8::/32"], "2001:db8::1", True),
        (["2001:db8::/32"], "2001:db9::1", False),
        (["2001:db8::/32"], "203.0.113.9", False),
        (["198.51.100.1", "2001:db8::/32"], "2001:db8:ffff::1", True),
        (["0.0.0.0/0"], "203.0.113.9", True),
        (["0.0.0.0/0"], "2001:db8::1", False),
        (["203.0.113.9"], "", False),
    ],
)
def test_the_allowlist_decides_by_the_callers_address(acme, globex, allowlist, address, is_let_in):
    response = door(acme, allowlist=allowlist).send(people(), REMOTE_ADDR=address)
    if is_let_in:
        assert response.status_code == 200
    else:
        assert refusal(response) == (403, "FORBIDDEN", "IP address not allowed")
        assert (response["X-RateLimit-Limit"], response["X-RateLimit-Remaining"]) == ("1000", "1000")
    assert logged(response).api_key_id is not None
    assert logged(response).address == (address.removeprefix("::ffff:") or None)


@pytest.mark.parametrize(
    ("proxies", "peer", "forwarded", "address"),
    [
        ([], "10.0.0.1", "203.0.113.9", "10.0.0.1"),
        (["10.0.0.0/8"], "10.0.0.1", "203.0.113.9", "203.0.113.9"),
        (["10.0.0.0/8"], "10.0.0.1", "198.51.100.7, 203.0.113.9", "203.0.113.9"),
        (["10.0.0.0/8"], "10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (["10.0.0.0/8"], "192.0.2.1", "203.0.113.9", "192.0.2.1"),
        (["10.0.0.0/8"], "10.0.0.1", "203.0.113.9, nonsense", None),
    ],
)
def test_the_address_that_counts_is_the_right_most_one_no_proxy_of_ours_has(
    acme, globex, settings, proxies, peer, forwarded, address
):
    settings.TRUSTED_PROXIES = proxies
    response = door(acme).send(people(), REMOTE_ADDR=peer, headers={"x-forwarded-for": forwarded})
    assert logged(response).address == address
    forged = door(acme, allowlist=["198.51.100.7"])
    assert refusal(forged.send(people(), REMOTE_ADDR=peer, headers={"x-forwarded-for": forwarded}))[0] == 403


def test_a_key_without_scopes_may_do_nothing_and_is_told_which_it_lacks(acme, globex):
    response = door(acme, scopes=[]).send(people(person()))
    assert refusal(response) == (403, "FORBIDDEN", "The API key lacks the scope default:sync")
    assert (response["X-RateLimit-Limit"], response["X-RateLimit-Remaining"]) == ("1000", "1000")
    assert logged(response).tenant_id == acme.pk


def test_a_test_key_acts_in_the_sandbox_alone(acme, globex):
    live, test = door(acme), door(acme.sandbox)
    assert test.people(person())["created"] == 1
    assert test.activities(activity())["processed"] == 1
    with tenant_context(acme):
        assert (Collaborator.objects.count(), Activity.objects.count()) == (0, 0)
    assert live.activities(activity())["skipped"] == 1
    with tenant_context(acme.sandbox):
        assert (Collaborator.objects.count(), Activity.objects.count()) == (1, 1)
    assert logged(test.send(people())).tenant_id == acme.sandbox.pk


def test_a_key_acts_in_its_own_tenant_alone(acme, globex):
    for at in (door(acme), door(globex)):
        assert at.people(person())["created"] == 1
        assert at.activities(activity())["processed"] == 1
    for tenant in (acme, globex):
        with tenant_context(tenant):
            assert (Collaborator.objects.count(), Activity.objects.count()) == (1, 1)


def test_the_last_use_of_a_key_is_noted_at_most_once_a_minute(acme, globex):
    issued, stranger = issue(acme), issue(globex)
    first = Door(issued.token).send(people(), REMOTE_ADDR="203.0.113.9")
    used = last_used(issued.key)
    assert (used.last_used_at, used.last_used_from) == (logged(first).at, "203.0.113.9")
    Door(issued.token).send(people(), REMOTE_ADDR="203.0.113.10")
    assert last_used(issued.key).last_used_from == "203.0.113.9"
    ApiKey.objects.every_tenant(reason="a test turns back the clock").filter(pk=issued.key.pk).update(
        last_used_at=used.last_used_at - timedelta(seconds=61)
    )
    Door(issued.token).send(b"[", REMOTE_ADDR="203.0.113.11")
    assert last_used(issued.key).last_used_from == "203.0.113.11"
    assert last_used(stranger.key).last_used_at is None


def test_an_address_that_guesses_has_to_wait(acme, globex, settings):
    settings.BAD_KEY_LIMIT = "1/h"
    assert refusal(Door(_with_wrong_secret(acme)).send(people()))[0] == 401
    response = Door(_with_wrong_secret(acme)).send(people())
    assert refusal(response) == (429, "RATE_LIMITED", "Rate limit exceeded")
    assert response["Retry-After"] == str(response.json()["error"]["retry_after"])
    assert logged(response).tenant_id is None
    assert Door(issue(globex).token).send(people(), REMOTE_ADDR="192.0.2.1").status_code == 200
