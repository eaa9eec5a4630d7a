"""What the bench's clients send: whole HTTP requests as bytes, made beforehand so that sending them costs little."""

import json
import os
import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

ENDPOINT = "/functions/v1/default-integration"
PEOPLE, DAYS = 500, 90
MAPPED_CODES = [f"{number:03d}" for number in range(1, 8)]
UNMAPPED_CODES = ["101", "102"]
_CODES = [*MAPPED_CODES, *UNMAPPED_CODES]
_RECENT_SECONDS = 3 * 24 * 60 * 60


def email_of(number: int) -> str:
    return f"person{number}@bench.example"


def request_of(body: bytes, *, token: str, path: str = ENDPOINT) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nUser-Agent: bench\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def batch(external_ids: Sequence[str], *, at: datetime, unknown: bool = False) -> bytes:
    """A body of `sync_activities`: people and codes at random, moments of the three days up to `at`.

    With `unknown` nobody has the e-mail addresses.
    """
    return (random.choice(_patterns(len(external_ids), at, unknown)) % tuple(external_ids)).encode()


def fresh_batches(count: int, *, size: int, at: datetime, unknown: bool = False) -> Iterator[bytes]:
    """`count` bodies of `size` activities each, whose external ids (random UUIDs) nobody has sent."""
    for _ in range(count):
        digits = os.urandom(16 * size).hex()
        names = [_dashed(digits[start : start + 32]) for start in range(0, 32 * size, 32)]
        yield batch(names, at=at, unknown=unknown)


def _dashed(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


@lru_cache
def _patterns(size: int, at: datetime, unknown: bool) -> list[str]:
    """Bodies with everything but the external ids: a client that made each anew would be busier than the server."""
    return [
        '{"action":"sync_activities","activities":['
        + ",".join([f'{{"external_id":"%s",{_end(at, unknown)}' for _ in range(size)])
        + "]}"
        for _ in range(20_000 // size if size < 1000 else 20)
    ]


def _end(at: datetime, unknown: bool) -> str:
    person = random.randrange(PEOPLE)
    email = f"stranger{person}@bench.example" if unknown else email_of(person)
    moment = (at - timedelta(seconds=random.randrange(_RECENT_SECONDS))).isoformat(timespec="seconds")
    return (
        f'"activity_code":"{random.choice(_CODES)}","collaborator_email":"{email}",'
        f'"data":{{"deal":"D-{person}77123","amount":{person * 17},"stage":"proposal","via":"phone"}},'
        f'"occurred_at":"{moment}"}}'
    )


def people_batch(size: int) -> bytes:
    """A body of `sync_collaborators` that changes people who are there."""
    people = [
        {"external_id": f"emp-{number}", "email": email_of(number), "name": f"Person {number}", "team": "Team 1"}
        for number in range(size)
    ]
    return json.dumps({"action": "sync_collaborators", "collaborators": people}).encode()
