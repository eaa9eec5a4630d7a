"""The words of the Default integration's reference: what an engineer must know beside the fields."""

from collections.abc import Sequence

from integrations.default import examples
from integrations.default.payload import ACTIVITY_FAULTS, FURTHEST_AHEAD, MOST_ACTIVITIES, MOST_COLLABORATORS
from salesos.api.prose import Bullets, Code, Heading, Note, Section, Steps, Table, curl, json_text

AHEAD = f"{FURTHEST_AHEAD.total_seconds() / 3600:.0f} hours"
DESCRIPTION = (
    "Connects any CRM or other system to SalesOS, also one without an integration of its own. You send your team, then "
    "activities numbered `001` to `999`; your admin maps the numbers to missions. What a number means is up to you."
)


def quick_start(url: str) -> Section:
    return Section(
        "quick-start",
        "Quick start",
        [
            Heading("1. Get an API key"),
            "In the dashboard, under **Integrations > API keys**, create a key with the scope `default:sync`. Copy it: "
            "it is shown once. For a rehearsal take a test key (`sk_test_…`), which acts on your sandbox.",
            Heading("2. Register your sales team"),
            curl(url, examples.QUICK_TEAM),
            Code(
                json_text(
                    {
                        "data": {"created": 3, "existing": 0, "errors": [], "total": 3},
                        "meta": {
                            "request_id": "a1b2c3d4-e5f6-4789-8abc-def012345678",
                            "timestamp": "2026-03-17T10:00:00.000Z",
                        },
                    }
                ),
                title="Response (200)",
            ),
            Heading("3. Send activities"),
            curl(url, examples.QUICK_ACTIVITIES),
            Code(
                json_text(
                    {
                        "data": {"processed": 3, "skipped": 0, "duplicates": 0, "errors": [], "total": 3},
                        "meta": {
                            "request_id": "d4e5f607-1829-4abc-9def-0123456789ab",
                            "timestamp": "2026-03-17T11:05:00.000Z",
                        },
                    }
                ),
                title="Response (200)",
            ),
            Heading("4. Map codes to missions"),
            "In the dashboard, under **Missions > Configure**, choose the source **Default**, give each code you use a "
            "mission and points, and save. From now on every activity with that code is a completion of the mission.",
        ],
    )


def sections(url: str) -> Sequence[Section]:
    return [_collaborators(), _activities(), _codes(), _times(), _idempotency(url), _malformed(url)]


def _collaborators() -> Section:
    return Section(
        "matching",
        "How collaborators are matched",
        [
            Steps(
                [
                    "By e-mail, within your tenant: the same address is the same person, and updated.",
                    "When nobody has the e-mail, by `external_id`: the same person with a new address, updated and "
                    "counted under `existing`.",
                    "When neither is known, the person is created.",
                ]
            ),
            "A person found by e-mail whose new `external_id` belongs to somebody else is refused, in `errors`. The "
            "same person twice in a request is created once and existing the second time. Optional fields that are "
            "absent stay as they are; `null` clears them. Nobody is reactivated: a person who was deactivated in the "
            "dashboard is updated and stays inactive.",
            "Items fail alone and never block the rest; each failed one is a text in `errors`, an id or e-mail that is "
            "missing printed as `?`:",
            Code(
                "Collaborator emp-110 (invalid-email): Invalid email format\n"
                "Collaborator ? (maria@yourcompany.com): external_id is required\n"
                "Collaborator emp-112 (rui@yourcompany.com): name must be at most 255 characters",
                language="text",
            ),
            f"More than {MOST_COLLABORATORS} items, or an item that is not an object, refuse the request (400).",
        ],
    )


def _activities() -> Section:
    return Section(
        "outcomes",
        "What becomes of an activity",
        [
            "Activities are taken one by one, in this order:",
            Table(
                ["Outcome", "When", "What happens"],
                [
                    [
                        "400",
                        "any activity of the request is malformed",
                        "Nothing is recorded. `details` lists every bad field of every item.",
                    ],
                    [
                        "`errors`",
                        f"it happened more than {AHEAD} ahead, or before 1970",
                        "The item is not recorded; the others are.",
                    ],
                    [
                        "`duplicates`",
                        "its `external_id` was recorded before, or stands earlier in the request",
                        "Nothing changes: the first write wins. Checked before the e-mail is looked up.",
                    ],
                    [
                        "`skipped`",
                        "no active collaborator has the e-mail",
                        "Kept, payload and all, for the admin to see under **Activities > Unmatched**.",
                    ],
                    [
                        "`processed`",
                        "all others",
                        "Recorded. When its code is mapped, it counts at once, with the points of that moment.",
                    ],
                ],
            ),
            "A skipped activity does not take its `external_id`. Once the person is registered, either your admin "
            "replays the kept ones, or you send them again and they are processed as new; nothing counts twice.",
            "An activity whose code is not mapped is `processed`, too: it is kept without points, and your admin may "
            "apply a later mapping to it. Later changes of points never rewrite what was earned.",
        ],
    )


def _codes() -> Section:
    return Section(
        "activity-codes",
        "Activity codes",
        [
            'A code is a JSON string of three ASCII digits: `"001"` is good; `"000"`, `1`, `"1"`, `"0001"` are not. '
            "What each means is yours to choose. Most teams use 5 to 20. For example, a real estate company:",
            Table(
                ["Code", "In the CRM", "Mission", "Points"],
                [
                    ["`001`", "Phone call to prospect", "Ligacoes Realizadas", "5"],
                    ["`002`", "Meeting (in person or video)", "Reunioes Agendadas", "15"],
                    ["`003`", "Proposal sent", "Propostas Enviadas", "20"],
                    ["`004`", "Contract signed", "Contratos Fechados", "50"],
                    ["`005`", "Property visit with client", "Visitas Realizadas", "25"],
                    ["`006`", "Follow-up email sent", "Follow-ups Enviados", "3"],
                    ["`007`", "Lead qualification completed", "Leads Qualificados", "10"],
                ],
            ),
            "A code maps to one mission; a mission may have many codes. A mapping counts from when it is saved.",
        ],
    )


def _times() -> Section:
    return Section(
        "times",
        "When it happened",
        [
            "`occurred_at` decides the day on which an activity counts, in the time zone of your tenant. A late one "
            "counts on the day it happened, and every leaderboard of that day moves.",
            Table(
                ["`occurred_at`", "Read as"],
                [
                    ["`2026-03-17T09:15:00-03:00`, `2026-03-17T12:15:00Z`", "that moment"],
                    ["`2026-03-17T09:15:00`", "9:15 in the tenant’s time zone"],
                    ["`2026-03-17`", "midnight of that day in the tenant’s time zone"],
                    ["absent, or `null`", "the moment of the request"],
                    [f"more than {AHEAD} ahead, or before 1970", "an entry in `errors`"],
                    [
                        "`2026-03-17t12:15:00z`, and `2026-03-17 12:15Z` with a space",
                        "that moment, as RFC 3339 allows",
                    ],
                    ["`2026-03-17T24:00:00`", "400: midnight is `00:00:00` of the next day"],
                    ["anything that is not ISO 8601", "400"],
                ],
            ),
            Note("Send the offset. Your CRM knows its time zone, and an offset is right also when clocks change."),
        ],
    )


def _idempotency(url: str) -> Section:
    once = {
        "action": "sync_activities",
        "activities": [
            {"activity_code": "001", "external_id": "crm-call-5001", "collaborator_email": "maria@yourcompany.com"}
        ],
    }

    def outcome(processed: int, duplicates: int) -> str:
        counts = {"processed": processed, "skipped": 0, "duplicates": duplicates, "errors": [], "total": 1}
        return json_text({"data": counts})

    return Section(
        "idempotency",
        "Idempotency",
        [
            "An activity is recorded once for each `external_id` of your tenant, however often and from however many "
            "workers it is sent. So a retry is always safe: send the same request again.",
            curl(url, once),
            Code(outcome(1, 0), title="First answer"),
            Code(outcome(0, 1), title="The same request again"),
            "Collaborators are matched, not duplicated: a nightly sync of the full team is fine.",
            Table(
                ["Source", "A good `external_id`", "A bad one"],
                [
                    ["CRM", "`crm-event-12345`", "a random UUID each time"],
                    ["Database", "`db-row-id-789`", "a timestamp alone"],
                    ["Webhook", "`webhook-delivery-abc`", "the user’s e-mail, which is not unique"],
                ],
            ),
        ],
    )


def _malformed(url: str) -> Section:
    details = [
        {"index": index, "field": field, "message": ACTIVITY_FAULTS[field]} for index, field in examples.BAD_FIELDS
    ]
    error = {"code": "VALIDATION_ERROR", "message": "Invalid activities payload", "details": details}
    return Section(
        "malformed-activities",
        "Malformed activities",
        [
            "One malformed activity refuses the whole request, and every bad field is listed, in order:",
            curl(url, examples.BAD_BATCH),
            Code(json_text({"error": error}), title="Response (400)"),
            "The item at index 2 is valid: only bad ones are listed. These are the messages:",
            Table(["Field", "Message"], [[f"`{field}`", message] for field, message in ACTIVITY_FAULTS.items()]),
        ],
    )


def practices(url: str) -> Section:
    return Section(
        "best-practices",
        "Best practices",
        [
            Heading("Sync strategy"),
            Bullets(
                [
                    "**Collaborators**: the full team every night, before the activities of the day.",
                    "**Activities**: every 5 to 15 minutes, or at once from your CRM’s webhooks. Always with your "
                    "CRM’s event id as `external_id`.",
                    f"**Batch size**: up to {MOST_ACTIVITIES} activities a request; split larger volumes into batches, "
                    "one after the other. A large batch costs one request of your hour.",
                ]
            ),
            Heading("Failures"),
            Bullets(
                [
                    "**400**: fix the data that `details` names, and send the batch again.",
                    "**401, 403**: do not retry; look at the key.",
                    "**429**: wait `retry_after` seconds.",
                    "**500**: retry with exponential backoff (2 s, 4 s, 8 s). **503**: after `Retry-After`.",
                    "**No answer at all**: retry the same batch. Whatever was recorded is reported as duplicate.",
                    "**Skipped activities in a 200**: register the missing people, then send these activities again.",
                ]
            ),
            Heading("A client that does all this"),
            Code(CLIENT.replace("$URL", url), language="python"),
        ],
    )


CLIENT = '''\
import json
import os
import time
import urllib.error
import urllib.request

URL = "$URL"


def send(body, attempts=5):
    """What became of `body`. Retries what a retry can mend, and raises what it cannot."""
    request = urllib.request.Request(
        URL,
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {os.environ['SALESOS_KEY']}", "Content-Type": "application/json"},
    )
    for attempt in range(1, attempts + 1):
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            if error.code not in (429, 500, 503) or attempt == attempts:
                raise
            pause = int(error.headers.get("Retry-After") or 2**attempt)
        except OSError:
            if attempt == attempts:
                raise
            pause = 2**attempt
        time.sleep(pause)


def send_activities(activities):
    for start in range(0, len(activities), 1000):
        yield send({"action": "sync_activities", "activities": activities[start : start + 1000]})'''
