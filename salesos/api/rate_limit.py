"""How many requests a key may make in an hour: counted by django-ratelimit on the shared cache."""

import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import BaseCache, caches
from django_ratelimit import ALL

# The private names spell the key of a counter; django-ratelimit has no public way to count back.
from django_ratelimit.core import EXPIRATION_FUDGE, _get_window, _make_cache_key

from salesos.models import ApiKey

GROUP = "api-key"
HOUR_SECONDS = 3600
KEPT_SECONDS = HOUR_SECONDS + EXPIRATION_FUDGE
# The limit is part of django-ratelimit's counter key. We count under one name and compare ourselves, so that editing a
# key's limit acts on the hour that runs, and doesn't start a new one.
COUNTED = f"{2**31}/h"


@dataclass(frozen=True, slots=True)
class Usage:
    """A key's hour after a request was counted: `limit`, `remaining` requests, `reset` in Unix seconds."""

    limit: int
    remaining: int
    reset: int
    is_exceeded: bool

    @property
    def retry_after(self) -> int:
        return max(1, self.reset - int(time.time()))


def count_request(key: ApiKey) -> Usage:
    """Count one request of `key`. One that exceeds the limit is taken back from the count, and `is_exceeded`."""
    counter, reset = _counter(key)
    cache = caches[settings.RATELIMIT_USE_CACHE]
    count = _count(cache, counter, is_first=_last_use(key) < reset - HOUR_SECONDS)
    if count > key.hourly_limit:
        with suppress(ValueError):  # A counter that has just expired needs no correction.
            cache.decr(counter)
        return Usage(key.hourly_limit, 0, reset, is_exceeded=True)
    return Usage(key.hourly_limit, key.hourly_limit - count, reset, is_exceeded=False)


def current_usage(key: ApiKey) -> Usage:
    """A key's hour as it stands, for the answer to a request that doesn't count."""
    counter, reset = _counter(key)
    count = caches[settings.RATELIMIT_USE_CACHE].get(counter, 0)
    return Usage(key.hourly_limit, max(key.hourly_limit - count, 0), reset, is_exceeded=False)


def used_this_hour(keys: Iterable[ApiKey]) -> dict[int, int]:
    """How many requests each key has made in its hour, by primary key. One statement for all of them."""
    counters = {_counter(key)[0]: key.pk for key in keys}
    counts = caches[settings.RATELIMIT_USE_CACHE].get_many(list(counters))
    return {pk: counts.get(counter, 0) for counter, pk in counters.items()}


def _counter(key: ApiKey) -> tuple[str, int]:
    """The name of the key's counter, and when its hour ends (Unix seconds)."""
    window = _get_window(key.key_id, HOUR_SECONDS)
    return _make_cache_key(GROUP, window, COUNTED, key.key_id, ALL), window


def _count(cache: BaseCache, counter: str, *, is_first: bool) -> int:
    """Count one more. One statement when `is_first` is right; else two or, beside another first one, three."""
    # Not by get_usage, which would ask for the counter before it counts.
    if is_first and cache.add(counter, 1, KEPT_SECONDS):
        return 1
    try:
        return cache.incr(counter)
    except ValueError:
        return 1 if cache.add(counter, 1, KEPT_SECONDS) else cache.incr(counter)


def _last_use(key: ApiKey) -> float:
    return key.last_used_at.timestamp() if key.last_used_at else 0
