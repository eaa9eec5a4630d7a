"""Keys: issued, proven, remembered, rotated, revoked. bcrypt is a library's, so its calls are counted, not replaced."""

import re
from datetime import UTC, datetime, timedelta

import bcrypt
import pytest
from django.core.cache import caches
from hypothesis import given
from hypothesis import strategies as st

from salesos import keys
from salesos.errors import Refused
from salesos.keys import IssuedKey, KeyEnded, TooManyGuesses, issue_key, revoke_key, rotate_key, usable_key
from salesos.models import ApiKey, Tenant
from salesos.tenancy import tenant_context
from tests.door import EVERYTHING, issue
from tests.factories import UserFactory

NOW = datetime.now(UTC)
HERE = "203.0.113.9"


@pytest.fixture
def cheap(monkeypatch):
    """Hashes that cost next to nothing, for what is not about their cost."""
    monkeypatch.setattr(keys, "BCRYPT_COST", 4)


@pytest.fixture
def hashed(monkeypatch):
    """The tokens that bcrypt was asked about."""
    asked, checkpw = [], bcrypt.checkpw

    def counting(password, hashed_password):
        asked.append(password.decode())
        return checkpw(password, hashed_password)

    monkeypatch.setattr(bcrypt, "checkpw", counting)
    return asked


def usable(token, address=HERE, at=NOW):
    return usable_key(token, address=address, at=at)


def ended(token, at=NOW):
    with pytest.raises(KeyEnded) as caught:
        usable(token, at=at)
    return caught.value.key


def wrong_secrets(token, count):
    """Tokens of the same key, right in all but the secret."""
    for number in range(count):
        unsigned = f"{token[:20]}{number:036d}"
        yield unsigned + keys._checksum(unsigned)


def test_a_real_key_has_the_shape_of_the_contract_and_is_stored_as_a_hash_alone(acme, globex):
    issued = issue_key(acme, name=" CRM ", scopes=EVERYTHING)
    assert re.fullmatch(r"sk_live_[0-9A-Za-z]{54}", issued.token)
    assert len(issued.token) <= 72
    assert 62**keys.SECRET_LENGTH >= 2**190
    assert issued.key.secret_hash.startswith("$2b$12$")
    assert bcrypt.checkpw(issued.token.encode(), issued.key.secret_hash.encode())
    row = ApiKey.objects.every_tenant(reason="a test reads a key").filter(pk=issued.key.pk).values().get()
    secret = issued.token[20:]
    assert not [name for name, value in row.items() if secret in str(value) or issued.token in str(value)]
    assert (row["key_id"], row["name"], row["tenant_id"]) == (issued.token[8:20], "CRM", acme.pk)


def test_no_two_keys_are_alike(acme, globex):
    tokens = {issue(acme).token for _ in range(50)}
    assert len({token[8:20] for token in tokens}) == len({token[20:56] for token in tokens}) == 50


def test_a_token_is_in_no_text_of_its_key(acme, globex):
    issued = issue(acme, name="CRM")
    key_id = issued.token[8:20]
    texts = [
        str(issued),
        repr(issued),
        f"{issued!r:>9}",
        str(issued.key),
        repr(issued.key),
        str([issued]),
        repr({"key": issued.key}),
    ]
    assert not [
        text for text in texts if issued.token in text or issued.token[20:] in text or issued.key.secret_hash in text
    ]
    assert (repr(issued), str(issued.key)) == (f"IssuedKey({key_id})", f"CRM ({key_id})")


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"scopes": ["default:sync", "everything"]}, "scopes"),
        ({"scopes": [""]}, "scopes"),
        ({"allowlist": ["10.0.0.0/33"]}, "allowlist"),
        ({"allowlist": [""]}, "allowlist"),
        ({"allowlist": ["example.com"]}, "allowlist"),
        ({"allowlist": ["fe80::1%eth0"]}, "allowlist"),
        ({"hourly_limit": 0}, "hourly_limit"),
        ({"hourly_limit": -1}, "hourly_limit"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 121}, "name"),
    ],
)
def test_a_key_with_a_fault_is_not_issued(acme, globex, options, field):
    with pytest.raises(Refused) as caught:
        issue(acme, **options)
    assert caught.value.field == field
    assert ApiKey.objects.every_tenant(reason="a test counts keys").count() == 0


@pytest.mark.parametrize(
    ("expires_at", "message"),
    [
        (NOW - timedelta(seconds=1), "The expiry is in the past: such a key would never work."),
        (datetime(9999, 12, 31, tzinfo=UTC), "A key may expire at most 100 years ahead; leave it empty"),
        (NOW + timedelta(days=36_526), "A key may expire at most 100 years ahead; leave it empty"),
    ],
)
def test_an_expiry_lies_ahead_and_not_too_far(acme, globex, cheap, expires_at, message):
    with pytest.raises(Refused, match=message) as caught:
        issue_key(acme, name="CRM", scopes=EVERYTHING, expires_at=expires_at)
    assert caught.value.field == "expires_at"
    longest = NOW + timedelta(days=36_525)
    assert issue_key(acme, name="CRM", scopes=EVERYTHING, expires_at=longest).key.expires_at == longest


def test_an_allowlist_is_kept_in_its_one_written_form(acme, globex):
    given_ = ["203.0.113.9", " 203.0.113.77/24 ", "2001:DB8:0:0::1", "2001:db8::1/32", "::ffff:10.0.0.1", "10.0.0.1/32"]
    assert issue(acme, allowlist=given_).key.allowlist == [
        "203.0.113.9", "203.0.113.0/24", "2001:db8::1", "2001:db8::/32", "10.0.0.1", "10.0.0.1"
    ]  # fmt: skip


def test_a_token_proves_its_key_and_its_tenant(acme, globex):
    mine, theirs, test = issue(acme), issue(globex), issue(acme.sandbox)
    assert [usable(issued.token).tenant for issued in (mine, theirs, test)] == [acme, globex, acme.sandbox]
    assert usable(mine.token) == mine.key


def test_a_cold_key_costs_one_bcrypt_and_the_next_thousand_uses_none(acme, globex, hashed):
    token = issue(acme).token
    assert all(usable(token) for _ in range(1000))
    assert hashed == [token]


def test_another_process_remembers_too(acme, globex, hashed):
    token = issue(acme).token
    usable(token)
    caches["process"].clear()  # what another process has not yet learnt
    assert usable(token) is not None
    assert hashed == [token]


def test_a_key_forgotten_everywhere_is_hashed_again(acme, globex, hashed):
    token = issue(acme).token
    usable(token)
    caches["process"].clear()
    caches["default"].clear()
    assert usable(token) is not None
    assert hashed == [token, token]


def test_revoking_expiry_and_inactive_tenants_act_at_once_on_a_remembered_key(acme, globex):
    issued, other = issue(acme), issue(globex)
    assert usable(issued.token)
    revoke_key(issued.key, by=None, at=NOW)
    assert ended(issued.token) == issued.key
    assert usable(other.token)
    Tenant.objects.filter(pk=globex.pk).update(is_active=False)
    assert ended(other.token) == other.key


def test_an_ended_key_is_told_of_only_to_whoever_holds_its_secret(acme, globex, hashed):
    expired, revoked = issue(acme, expires_at=NOW), issue(acme)
    revoke_key(revoked.key, by=None, at=NOW)
    for issued in (expired, revoked):
        (wrong,) = wrong_secrets(issued.token, 1)
        assert usable(wrong) is None
        assert [ended(issued.token) for _ in range(3)] == [issued.key] * 3
        assert hashed == [wrong, issued.token]
        hashed.clear()


def test_a_first_look_at_a_key_costs_two_statements_and_what_it_learns_a_third(django_assert_num_queries, acme, globex):
    token = issue(acme).token
    with django_assert_num_queries(3):
        usable(token)
    caches["process"].clear()
    with django_assert_num_queries(2):
        usable(token)
    with django_assert_num_queries(1):
        usable(token)


def test_what_never_reaches_bcrypt(acme, globex, hashed):
    token = issue(acme).token
    unsigned = "sk_live_" + "0" * 48
    test = "sk_test_" + token[8:-6]
    for refused in (
        "", "x", token[:-1], token + "0", token.swapcase(), unsigned + keys._checksum(unsigned), unsigned + "000000",
        test + keys._checksum(test), "é" * 31, token + "\0",
    ):  # fmt: skip
        assert usable(refused) is None
    assert hashed == []


def test_a_bad_checksum_does_not_touch_the_database(django_assert_num_queries, acme, globex):
    token = issue(acme).token
    with django_assert_num_queries(0):
        assert usable(token[:-1] + ("0" if token[-1] != "0" else "1")) is None
    with django_assert_num_queries(1):
        assert usable(f"sk_live_{'0' * 48}" + keys._checksum(f"sk_live_{'0' * 48}")) is None


def test_a_wrong_secret_is_refused_and_hashed_once(acme, globex, hashed):
    (wrong,) = wrong_secrets(issue(acme).token, 1)
    assert [usable(wrong) for _ in range(3)] == [None] * 3
    assert hashed == [wrong]


def test_guesses_are_limited_per_address(acme, globex, hashed, settings):
    settings.BAD_KEY_LIMIT = "5/h"
    token, cold = issue(acme).token, issue(globex).token
    assert [usable(wrong) for wrong in wrong_secrets(token, 5)] == [None] * 5
    with pytest.raises(TooManyGuesses) as caught:
        usable("sk_live_" + next(wrong_secrets(token[:8] + cold[8:], 1))[8:])
    assert 1 <= caught.value.retry_after <= 3600
    assert len(hashed) == 5
    assert usable(cold, address="203.0.113.10")  # another address is not held responsible
    assert usable(cold)  # what is remembered needs no guess
    with pytest.raises(TooManyGuesses):
        usable(token)


def test_the_addresses_of_one_ipv6_customer_share_their_guesses(acme, globex, settings):
    settings.BAD_KEY_LIMIT = "1/h"
    first, second = wrong_secrets(issue(acme).token, 2)
    assert usable(first, address="2001:db8::1") is None
    with pytest.raises(TooManyGuesses):
        usable(second, address="2001:db8::ffff:2")
    assert usable(second, address="2001:db8:0:1::1") is None


def test_right_keys_are_no_guesses(acme, globex, settings):
    settings.BAD_KEY_LIMIT = "2/h"
    assert all(usable(issue(acme).token) for _ in range(5))


def test_unknown_and_mistyped_keys_are_no_guesses(acme, globex, settings):
    settings.BAD_KEY_LIMIT = "1/h"
    for number in range(5):
        unsigned = f"sk_live_{number:048d}"
        assert usable(unsigned + keys._checksum(unsigned)) is None
        assert usable(unsigned + "xxxxxx") is None
    assert usable(issue(acme).token)


def test_revoking_twice_keeps_the_first_moment(acme, globex):
    issued, admin = issue(acme), UserFactory()
    revoke_key(issued.key, by=admin, at=NOW)
    later = revoke_key(issued.key, by=None, at=NOW + timedelta(hours=1))
    assert (later.revoked_at, later.revoked_by) == (NOW, admin)


@pytest.mark.parametrize(
    ("expires", "overlap", "old_ends"),
    [(None, 24, 24), (48, 24, 24), (12, 24, 12), (24, 24, 24), (None, 0, 0)],
    ids=["never", "later", "sooner", "the same", "at once"],
)
def test_a_rotated_key_ends_at_the_earlier_of_its_expiry_and_the_overlap(
    acme, globex, cheap, expires, overlap, old_ends
):
    expires_at = None if expires is None else NOW + timedelta(hours=expires)
    old = issue(acme, name="CRM", allowlist=["10.0.0.0/8"], hourly_limit=7, expires_at=expires_at)
    admin = UserFactory()
    new = rotate_key(old.key, overlap=timedelta(hours=overlap), by=admin, at=NOW)
    with tenant_context(acme):
        old.key.refresh_from_db()
        new.key.refresh_from_db()
    assert old.key.expires_at == NOW + timedelta(hours=old_ends)
    assert (new.key.name, new.key.scopes, new.key.allowlist) == ("CRM", ["default:sync"], ["10.0.0.0/8"])
    assert (new.key.hourly_limit, new.key.expires_at, new.key.created_by) == (7, expires_at, admin)
    assert (new.key.replaces_id, new.key.tenant_id) == (old.key.pk, acme.pk)
    assert new.token != old.token
    ends = old.key.expires_at
    assert [usable(issued.token, at=ends - timedelta(seconds=1)) for issued in (old, new)] == [old.key, new.key]
    assert ended(old.token, at=ends) == old.key
    if expires_at is None or ends < expires_at:
        assert usable(new.token, at=ends) == new.key
    else:
        assert ended(new.token, at=ends) == new.key


def test_an_ended_key_is_not_rotated(acme, globex, cheap):
    revoked, expired = issue(acme), issue(acme, expires_at=NOW)
    revoke_key(revoked.key, by=None, at=NOW)
    for issued in (revoked, expired):
        with pytest.raises(Refused, match="revoked or expired"):
            rotate_key(issued.key, overlap=timedelta(hours=1), by=None, at=NOW)
    assert ApiKey.objects.every_tenant(reason="a test counts keys").count() == 2


def test_rotating_twice_does_not_lengthen_the_old_keys_life(acme, globex, cheap):
    old = issue(acme)
    lost = rotate_key(old.key, overlap=timedelta(hours=1), by=None, at=NOW)
    revoke_key(lost.key, by=None, at=NOW)
    rotate_key(old.key, overlap=timedelta(hours=9), by=None, at=NOW)
    with tenant_context(acme):
        old.key.refresh_from_db()
    assert old.key.expires_at == NOW + timedelta(hours=1)


def test_a_key_has_one_successor_at_a_time(acme, globex, cheap):
    old = issue(acme)
    successor = rotate_key(old.key, overlap=timedelta(hours=1), by=None, at=NOW).key
    with pytest.raises(Refused, match=successor.key_id) as refused:
        rotate_key(old.key, overlap=timedelta(hours=1), by=None, at=NOW)
    assert refused.value.code == "rotated_already"
    with tenant_context(acme):
        assert ApiKey.objects.count() == 2


unsigned_tokens = st.from_regex(r"sk_(live|test)_[0-9A-Za-z]{48}", fullmatch=True)


@given(unsigned_tokens, st.data())
def test_the_checksum_detects_any_one_character_that_changed(unsigned, data):
    token = unsigned + keys._checksum(unsigned)
    place = data.draw(st.integers(8, len(token) - 1))
    other = data.draw(st.sampled_from(keys.ALPHABET).filter(lambda character: character != token[place]))
    changed = token[:place] + other + token[place + 1 :]
    assert keys._checksum(changed[:-6]) != changed[-6:]


@given(unsigned_tokens, st.integers(8, 54))
def test_the_checksum_detects_two_neighbours_that_changed_places(unsigned, place):
    changed = unsigned[:place] + unsigned[place + 1 : place + 2] + unsigned[place] + unsigned[place + 2 :]
    assert changed == unsigned or keys._checksum(changed) != keys._checksum(unsigned)


def test_the_issued_key_is_all_that_carries_a_token():
    assert list(IssuedKey.__dataclass_fields__) == ["key", "token"]
    assert "token" not in {field.name for field in ApiKey._meta.get_fields()}
