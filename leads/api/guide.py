"""The words of the reference of leads: what an engineer must know beside the fields."""

from collections.abc import Sequence

from leads.changes import LARGEST_CUSTOM_FIELDS
from leads.fields import LONGEST_FIELD_NAME
from leads.models.lead import LONGEST_TAG, MOST_TAGS
from salesos.api.prose import Bullets, Section, Steps, Table

DESCRIPTION = (
    "Manage leads from your own programs: create them from forms, keep them in step with marketing tools, build a "
    "workflow of your own, and follow each to the won deal."
)
LIMITS = [
    ("Custom fields of a lead", f"{LARGEST_CUSTOM_FIELDS // 1024} KiB, names of 1 to {LONGEST_FIELD_NAME} characters"),
    ("Tags of a lead", f"{MOST_TAGS}, of at most {LONGEST_TAG} characters"),
]


def sections() -> Sequence[Section]:
    return [_way(), _statuses(), _merges(), _search(), _pages()]


def _way() -> Section:
    return Section(
        "from-lead-to-deal",
        "From a lead to a won deal",
        [
            Steps(
                [
                    "`GET /v1/collaborators` tells the id of the salesperson who is to own the lead.",
                    "`POST /v1/leads` creates it, each time with an `Idempotency-Key` of its own.",
                    "`PATCH /v1/leads/{id}` changes its status as your team gets on.",
                    "`POST /v1/leads/{id}/convert` makes a deal of it, once.",
                    "`GET /v1/stages` tells the ids of the stages; `PATCH /v1/deals/{id}` moves the deal to one of "
                    "them. A stage of kind `won` or `lost` ends it, one of kind `open` reopens it.",
                ]
            ),
            "Every write is in the lead’s `activity_history`: what changed, from what to what, when, and by which key "
            "or user.",
        ],
    )


def _statuses() -> Section:
    return Section(
        "lead-statuses",
        "The statuses of a lead",
        [
            Table(
                ["Status", "Meaning", "May become"],
                [
                    ["`new`", "nobody has been in touch", "any but `converted`; converted by conversion"],
                    ["`contacted`", "somebody has", "any but `converted`; converted by conversion"],
                    ["`qualified`", "may well buy", "any but `converted`; converted by conversion"],
                    ["`unqualified`", "will not buy", "any but `converted`; not to be converted"],
                    ["`converted`", "has become a deal", "nothing else"],
                ],
            ),
        ],
    )


def _merges() -> Section:
    return Section(
        "merged-leads",
        "When two leads are merged",
        [
            "On the dashboard two leads of one person can be merged. The one that stays keeps its id, and gets the "
            "deals, the history, the tags and the values that it lacked. Its `ETag` changes, and that of those deals.",
            Bullets(
                [
                    "The other one’s id answers 404 `NOT_FOUND`, as that of a deleted lead does. In the "
                    "`activity_history` of the one that stays, the entry `lead.merged` names it: `merged_id`.",
                    "The e-mail that was left over goes on leading to the lead that stays: to create a lead with it is "
                    "a 409 `CONFLICT`, with the id of that lead in `details`. So it stays for as long as that lead is "
                    "there, or until a manager lets the address go.",
                    "Within 24 hours a merge may be undone: then the other lead is there again, under its own id.",
                ]
            ),
        ],
    )


def _search() -> Section:
    return Section(
        "searching-leads",
        "How search finds",
        [
            "`search` looks at name, e-mail and company. Each of its words must begin a word there, in any order; "
            "accents and case make no difference.",
            Bullets(
                [
                    "`joao sil` finds João da Silva; so does `SILVA joão`.",
                    "`@acme.com` finds the addresses of that domain, `maria@` those that begin so.",
                    "A word with signs is found with them and by its parts: O’Brien-Souza by `o'brien`, `brien` and "
                    "`souza`.",
                    "Every sign stands for itself: there are no wildcards and no operators.",
                ]
            ),
        ],
    )


def _pages() -> Section:
    return Section(
        "pages-of-leads",
        "Long lists",
        [
            "The first pages cost the same however many leads you have, the exact `total` included. A page far down "
            "costs more, since rows are skipped one by one: page 4,000 of 25 takes about three times as long as the "
            "first, in another order than by time up to five times. Where you want all leads, walk by "
            "`created_after` and `created_before`, a week or a month at a time, rather than by pages alone.",
            "With dates the total is counted anew each time, about 15 ms for every 100,000 leads between them. The "
            "total of a search that thousands match is counted the first time, which may take half a second among a "
            "million leads, and is kept right from then on, also with `status` and `source`: the next such search is "
            "about as fast as a list without one. A search together with dates, `owner_id` or `team_id` is counted "
            "each time. So are leads of dates or people in another order than by `created_at` found and sorted, which "
            "takes up to a second where they are half a million.",
        ],
    )
