"""How many requests a key may make in an hour: counted by django-ratelimit on the shared cache."""

import time
from contextlib import suppress
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import caches
from django_ratelimit import ALL

# The private names spell the key of a counter; django-ratelimit has no public way to count back.
from django_ratelimit.core import _get_window, _make_cache_key, get_usage

from salesos.models import ApiKey

GROUP = "api-key"
HOUR_SECONDS = 3600
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
    try:
        # One statement for all but the first request of an hour; get_usage would ask for the counter before it counts.
        count = cache.incr(counter)
    except ValueError:
        count = _first(key)
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


def _counter(key: ApiKey) -> tuple[str, int]:
    """The name of the key's counter, and when its hour ends (Unix seconds)."""
    window = _get_window(key.key_id, HOUR_SECONDS)
    return _make_cache_key(GROUP, window, COUNTED, key.key_id, ALL), window


def _first(key: ApiKey) -> int:
    usage = get_usage(None, group=GROUP, key=lambda group, request: key.key_id, rate=COUNTED, increment=True)
    # Without an answer from the cache django-ratelimit refuses, and so do we.
    return usage["limit"] + 1 if usage["should_limit"] else usage["count"]
