"""The cache in PostgreSQL: as Django's caches, shared and atomic."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.core.cache import cache
from django.db import connection, connections

from salesos.cache import PostgresCache

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _empty(request):
    """Tests over real HTTP commit what they cache, and the table is none of Django's, which would be flushed."""
    if "shared_cache" not in request.fixturenames:
        request.getfixturevalue("db")
        cache.clear()


@pytest.mark.parametrize(
    "value",
    [
        0,
        -1,
        2**63 - 1,
        2**63,
        -(2**70),
        True,
        None,
        "",
        "ação 🏆",
        1.5,
        b"\x00\xff",
        {"a": [1, (2, 3)]},
        datetime.now(UTC),
    ],
)
def test_what_was_set_is_got_as_it_was(value):
    cache.set("key", value)

    got = cache.get("key", "nothing")

    assert (got, type(got)) == (value, type(value))


def test_big_values_fit():
    value = "x" * 5_000_000

    cache.set("key", value)

    assert cache.get("key") == value


def test_a_missing_key_gives_the_default():
    assert (cache.get("key"), cache.get("key", 7), "key" in cache) == (None, 7, False)


def test_setting_a_key_again_replaces_value_and_kind():
    cache.set("key", 5)
    cache.set("key", "five")

    assert cache.get("key") == "five"


@pytest.mark.parametrize("value", [1, "one", None])
def test_add_keeps_what_is_there(value):
    assert cache.add("key", value) is True
    assert cache.add("key", "another") is False
    assert cache.get("key", "nothing") == value


def test_an_expired_key_is_gone_and_may_be_added_anew():
    cache.set("key", 1, timeout=-1)

    assert cache.get("key", "nothing") == "nothing"
    assert cache.touch("key") is False
    with pytest.raises(ValueError, match="not found"):
        cache.incr("key")
    assert cache.delete("key") is False

    cache.set("key", 1, timeout=-1)
    assert cache.add("key", 2) is True
    assert cache.get("key") == 2


def test_without_a_timeout_a_key_never_expires():
    cache.set("key", 1, timeout=None)

    with connection.cursor() as cursor:
        cursor.execute("SELECT expires_at > now() + interval '1000 years' FROM salesos_cache")
        assert cursor.fetchall() == [(True,)]
    assert cache.get("key") == 1


def test_many_are_read_at_once(django_assert_num_queries):
    cache.set("number", 1)
    cache.set("text", "x")
    cache.set("old", "x", timeout=-1)
    with django_assert_num_queries(1):
        assert cache.get_many(["number", "text", "old", "none"]) == {"number": 1, "text": "x"}
    assert cache.get_many([]) == {}


def test_touch_moves_the_expiry_and_leaves_the_value():
    cache.set("key", "value", timeout=60)

    assert cache.touch("key", timeout=None) is True
    assert cache.get("key") == "value"
    assert cache.touch("key", timeout=-1) is True
    assert cache.get("key") is None


def test_delete_says_whether_there_was_something():
    cache.set("key", 1)

    assert cache.delete("key") is True
    assert cache.delete("key") is False


def test_versions_are_apart():
    cache.set("key", "one", version=1)
    cache.set("key", "two", version=2)

    assert (cache.get("key", version=1), cache.get("key", version=2)) == ("one", "two")
    assert cache.delete("key", version=1) is True
    assert (cache.get("key", version=1), cache.get("key", version=2)) == (None, "two")


def test_counting_goes_up_and_down():
    cache.set("key", 5)

    assert (cache.incr("key"), cache.incr("key", 10), cache.decr("key", 20)) == (6, 16, -4)


def test_counting_keeps_the_expiry():
    cache.set("key", 1, timeout=100)
    with connection.cursor() as cursor:
        cursor.execute("SELECT expires_at FROM salesos_cache")
        before = cursor.fetchall()
        cache.incr("key")
        cursor.execute("SELECT expires_at FROM salesos_cache")
        assert cursor.fetchall() == before


@pytest.mark.parametrize("value", [None, "5"])
def test_only_numbers_are_counted(value):
    if value is not None:
        cache.set("key", value)

    with pytest.raises(ValueError, match="not found"):
        cache.incr("key")


def test_many_keys_at_once():
    assert cache.set_many({"a": 1, "b": "two"}) == []
    assert cache.get_many(["a", "b", "c"]) == {"a": 1, "b": "two"}
    cache.delete_many(["a", "b"])
    assert cache.get_many(["a", "b"]) == {}


def test_clear_empties_it():
    cache.set("key", 1)

    cache.clear()

    assert cache.get("key") is None


def test_expired_rows_are_culled_now_and_then(monkeypatch):
    cache.set("old", 1, timeout=-1)
    monkeypatch.setattr("salesos.cache.CULL_ONE_IN", 1)

    cache.set("new", 1)

    with connection.cursor() as cursor:
        cursor.execute("SELECT key FROM salesos_cache")
        assert cursor.fetchall() == [(":1:new",)]


def in_threads(work, times):
    """What `work(n)` answers for each n, worked on by eight threads with a connection each."""

    def once(n):
        try:
            return work(n)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(once, range(times)))


@pytest.fixture
def shared_cache(transactional_db):
    """A cache that other connections see, so nothing is rolled back: emptied before and after."""
    empty = PostgresCache("salesos_cache", {})
    empty.clear()
    yield cache
    empty.clear()


def test_eight_threads_that_count_lose_nothing(shared_cache):
    shared_cache.set("hits", 0)

    counts = in_threads(lambda n: shared_cache.incr("hits"), 200)

    assert sorted(counts) == list(range(1, 201))
    assert shared_cache.get("hits") == 200


def test_of_eight_threads_that_add_a_key_one_succeeds(shared_cache):
    added = in_threads(lambda n: (n // 8, shared_cache.add(f"key-{n // 8}", n)), 200)

    assert sorted(key for key, success in added if success) == list(range(25))


def test_of_eight_threads_that_add_an_expired_key_one_succeeds(shared_cache):
    for key in range(25):
        shared_cache.set(f"key-{key}", "old", timeout=-1)

    added = in_threads(lambda n: (n // 8, shared_cache.add(f"key-{n // 8}", n)), 200)

    assert sorted(key for key, success in added if success) == list(range(25))
