"""What the API reference says of every endpoint alike: keys, requests, answers, order of checks, limits."""

from collections.abc import Iterable, Sequence

from django.conf import settings

from salesos.api.error_reference import EXAMPLE_ID, HEADERS, body_of
from salesos.api.errors import ValidationFailed
from salesos.api.listing import MOST_PER_PAGE
from salesos.api.prose import Bullets, Code, Heading, Note, Section, Steps, Table, json_text
from salesos.api.strict_json import MOST_VALUES
from salesos.models.api_key import DEFAULT_HOURLY_LIMIT

PERIODS = {"s": "second", "m": "minute", "h": "hour", "d": "day"}
TIMEOUT_SECONDS = 120
"""How long a caller should wait for an answer before it takes the connection for lost; nothing is cut off by us."""


def overview(server: str) -> str:
    return (
        f"The API of SalesOS at `{server}`. It is called by back ends, speaks JSON, and answers every request, refused "
        "ones included, in one envelope."
    )


def key_description() -> str:
    return "An API key: `Authorization: Bearer sk_live_…` (production) or `sk_test_…` (the tenant's sandbox)."


def sections(limits: Sequence[tuple[str, str]]) -> list[Section]:
    """The sections of every reference; `limits` are the rows that the API packages add to the table of limits."""
    return [
        _authentication(),
        _requests(),
        _answers(),
        _lists(),
        _repeats(),
        _concurrent_changes(),
        _order_of_checks(),
        _limits(limits),
    ]


def wrong_secrets() -> str:
    """How many wrong secrets an address may try, as words: “20 a minute”."""
    count, _slash, period = settings.BAD_KEY_LIMIT.partition("/")
    return f"{count} a {PERIODS[period]}"


def body_limit() -> str:
    return f"{settings.MAX_BODY_BYTES // 1024**2} MiB"


def _authentication() -> Section:
    return Section(
        "authentication",
        "Authentication",
        [
            "Every request carries an API key in the `Authorization` header. The scheme may be written in any case.",
            Code("Authorization: Bearer sk_live_YOUR_API_KEY", language="http"),
            "Create keys in the dashboard under **Integrations > API keys**. A key is shown once: keep it where you "
            "keep secrets. We store a bcrypt hash of it.",
            Table(
                ["Property", "Details"],
                [
                    ["Format", "`sk_live_` (production) or `sk_test_` (sandbox), then letters and digits"],
                    ["Tenant", "A key belongs to one tenant. It reads and writes nothing of any other."],
                    [
                        "Scopes",
                        "What the key may do. Each endpoint names the one it needs; a key without any may do nothing.",
                    ],
                    ["Rate limit", f"Requests an hour, set for each key (default: {DEFAULT_HOURLY_LIMIT})"],
                    ["IP allowlist", "IPv4 and IPv6 addresses and networks that may use the key. Empty: any address."],
                    ["Expiry", "Optional. An expired key answers 401, like one that never was."],
                    ["Rotation", "A new key with the same settings; both work during an overlap that you choose."],
                ],
            ),
            "What an admin changes of a key (revocation, expiry, scopes, allowlist, limit) acts on the next request.",
            Heading("Sandbox"),
            "An `sk_test_` key acts on the sandbox of its tenant: the same API, with collaborators, missions, points "
            "and leaderboards of its own. Nothing done with a test key is ever visible live, and the other way round.",
            Heading("Your address"),
            "The IP allowlist is compared with the address your connection comes from. Where the installation runs "
            "behind proxies that its operator has declared, it is the right-most address of `X-Forwarded-For` that is "
            "not one of these proxies. An `X-Forwarded-For` header from anywhere else is ignored.",
            f"After {wrong_secrets()} wrong secrets of existing keys from one address, further tries from there are "
            "answered 429 until `Retry-After` has passed. A key that was used just before keeps working.",
            Note(
                "Never put an API key into code that runs in a browser or on a phone. Call the API from your back end; "
                "browsers of other sites can't (no CORS)."
            ),
        ],
    )


def _requests() -> Section:
    return Section(
        "requests",
        "Requests",
        [
            f"A body is one JSON object in UTF-8, of at most {body_limit()}, not compressed. It is read as JSON "
            "whatever `Content-Type` says. A slash at the end of a path makes no difference; there are no redirects.",
            "JSON is taken to the letter. What breaks it is a 400 that names the place:",
            Bullets(
                [
                    "`NaN` and `Infinity`; in fields that are kept also numbers too large for a double, like `1e999`",
                    'bytes that are not UTF-8, and half a surrogate pair such as `"\\ud800"`',
                    'the NUL character, `"\\u0000"`, anywhere',
                    "arrays and objects nested deeper than about 200 levels, those of the request itself included",
                    f"more than {MOST_VALUES:,} commas and opening brackets in a body, wherever they stand",
                    "integers of more than 4300 digits",
                ]
            ),
            "Numbers with a fraction or an exponent are kept as JSON doubles (`25000.00` comes back as `25000.0`); "
            "integers are kept exactly. When a name stands twice in an object, the last one counts.",
            "Fields that this reference does not name are ignored by the Default integration: a CRM may send more than "
            "we ask for. The endpoints under `/v1/` refuse them by name: a typo must not lose data. `null` for an "
            "optional field means absent, and clears it where something exists that is updated.",
        ],
    )


def _answers() -> Section:
    success = {
        "data": {"…": "what the endpoint answers"},
        "meta": {"request_id": str(EXAMPLE_ID), "timestamp": "2026-03-17T14:30:00.000Z"},
    }
    failure = ValidationFailed(
        "Human-readable description", details=[{"index": 0, "field": "name of the field", "message": "what is wrong"}]
    )
    return Section(
        "answers",
        "Answers",
        [
            "Success carries `data`. The Default integration adds `meta`:",
            Code(json_text(success)),
            "Under `/v1/`, `data` is the thing itself, or a list of things with the `meta` of lists; what was deleted "
            "is answered 204, without a body. Moments are ISO 8601 in UTC, ids are UUIDs.",
            "An error carries `error`, whatever the status, also for paths and methods that do not exist:",
            Code(json_text(body_of(failure))),
            "Every answer with a body tells its `Content-Length`; the answer to `HEAD` has no body. "
            "Every answer has an `X-Request-ID` header, the same as `meta.request_id` where there is one. Keep it in "
            "your log: support and the dashboard's request log find the request by it. Of requests we keep time, "
            "address, key, counts and outcome; never the body, never the key. Answers to requests with an "
            "`Idempotency-Key` are kept for a day.",
        ],
    )


def _lists() -> Section:
    return Section(
        "lists",
        "Lists",
        [
            "A list is answered a page at a time, and says where the page stands:",
            Code(json_text({"data": ["…"], "meta": {"total": 45, "page": 1, "per_page": 25, "total_pages": 2}})),
            f"`page` begins with 1, `per_page` is at most {MOST_PER_PAGE}; `sort` names a field, with `-` in front for "
            "descending, and equal rows keep a fixed order. A page past the end is an empty list. Filters "
            "combine: each narrows down the others.",
            "Where a filter takes a date, it is a day in the time zone of the tenant, from its start to its end; where "
            "it takes a date and time without an offset, that is in this zone, too. Both bounds are inclusive.",
            "A parameter that is unknown, given twice or bad is a 400 that names it. An id that is well-formed but "
            "nobody of your tenant’s finds nothing.",
        ],
    )


def _repeats() -> Section:
    return Section(
        "repeating-a-request",
        "Repeating a request",
        [
            "When an answer is lost, you can’t know whether the request was. Under `/v1/`, send each POST with an "
            "`Idempotency-Key` of its own, such as a UUID, and repeat it with the same one until it is answered:",
            Code("Idempotency-Key: 0d5ad5c5-52ab-4f4b-8a3c-8c0b8f8b1e0a", language="http"),
            Bullets(
                [
                    "The same key with the same body within 24 hours gives the first answer again, with "
                    "`Idempotent-Replayed: true`; nothing is done twice, also when both arrive at the same moment.",
                    "The same key with another body or path is a 409.",
                    "A request that was refused or broke has done nothing and keeps no key: put it right, and send it.",
                ]
            ),
            "Keys belong to the tenant, not to the API key, which you may rotate in between. GET, PATCH and DELETE are "
            "safe to repeat as they are.",
        ],
    )


def _concurrent_changes() -> Section:
    return Section(
        "concurrent-changes",
        "Concurrent changes",
        [
            "What can be changed under `/v1/` is answered with an `ETag`, which every change renews. Send it back as "
            "`If-Match`, and your write is refused with a 412 when somebody else was faster; without it, the last "
            "write wins, field by field.",
            Code('If-Match: "v3"', language="http"),
        ],
    )


def _order_of_checks() -> Section:
    return Section(
        "order-of-checks",
        "Order of checks",
        [
            "A request is checked in this order, and the first check that fails is the answer:",
            Steps(
                [
                    "The method is one of the endpoint's: else 405. `HEAD` and `OPTIONS` are methods like any other.",
                    "The API key is good: else 401. The same words for every cause.",
                    "The address is in the key's IP allowlist: else 403.",
                    "The key has the scope of the endpoint: else 403 that names it.",
                    "The key has requests left in this hour: else 429.",
                    f"The body has at most {body_limit()}: else 413.",
                    "Parameters, headers and body are strict, and what the endpoint asks for: else 400.",
                    "Its items are well-formed: else 400, or an entry in `errors`, as the endpoint says.",
                    "What it names is there: else 404. It is as `If-Match` says: else 412. It can be done as things "
                    "are: else 409.",
                ]
            ),
        ],
    )


def _limits(limits: Iterable[tuple[str, str]]) -> Section:
    return Section(
        "limits",
        "Limits",
        [
            Table(
                ["Limit", "Value"],
                [
                    ["Requests of a key in an hour", f"{DEFAULT_HOURLY_LIMIT}, unless the key says otherwise"],
                    *map(list, limits),
                    ["Body of a request", body_limit()],
                    [
                        "Time in which to expect an answer",
                        f"{TIMEOUT_SECONDS} seconds (a good timeout for your client)",
                    ],
                    ["Wrong secrets from one address", wrong_secrets()],
                ],
            ),
            "A request counts against the limit of its key once key, address and scope are good (checks 2 to 4 above), "
            "also when it is then answered 400. One that is refused by the limit itself does not count, nor does a "
            "401, 403 or 405. The counter starts anew every hour.",
            Heading("Headers"),
            Table(["Header", "Meaning"], [[f"`{name}`", header.description] for name, header in HEADERS.items()]),
            "Every answer to a request with a good key has the `X-RateLimit-*` headers, also a 403 and the 429 of the "
            "limit, which do not count. A 401, a 405 and the 404 of an unknown path have none.",
        ],
    )
