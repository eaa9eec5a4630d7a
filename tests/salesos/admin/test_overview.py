from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from uuid_utils.compat import uuid7

from missions.mapping import set_mapping
from missions.models import Mission
from missions.recording import Receipt, SentActivity, record_activities
from salesos.models import ApiKey, Collaborator
from salesos.tenancy import tenant_context

OVERVIEW = "/dashboard/"


def cards_of(client) -> dict[str, int]:
    return {str(card.title): card.value for card in client.get(OVERVIEW).context["cards"]}


def sidebar_of(client) -> dict[str, list[str]]:
    sections = client.get(OVERVIEW).context["sidebar_navigation"]
    return {str(section["title"]): [str(item["title"]) for item in section["items"]] for section in sections}


def test_the_figures_of_today_and_this_week(people, acme, globex):
    now = timezone.now()
    with tenant_context(acme):
        Collaborator.objects.create(name="Zoe", email="zoe@acme.example")
        set_mapping("default", "001", mission=Mission.objects.create(name="Calls"), points=5)
        sent = [
            ("001", "zoe@acme.example"),
            ("001", "zoe@acme.example"),
            ("009", "zoe@acme.example"),
            ("001", "who@x.example"),
        ]
        record_activities(
            "default",
            [
                SentActivity(code, f"e{n}", email, now, "{}", Receipt(now, uuid7()))
                for n, (code, email) in enumerate(sent)
            ],
        )
    assert cards_of(people["admin"]) == {
        "Activities today": 3,
        "Activities this week": 3,
        "Points this week": 10,
        "Unmatched": 1,
        "Codes not mapped": 1,
        "Requests today": 0,
        "Refused today": 0,
    }
    [panel] = people["admin"].get(OVERVIEW).context["panels"]
    assert [(standing.name, standing.points) for standing, _progress in panel.context["rows"]] == [("Zoe", 10)]


def test_a_new_tenant_is_led_by_the_hand_until_everything_is_done(people, acme, globex):
    def steps() -> list[tuple[str, bool]]:
        return [(str(step.title), step.is_done) for step in people["admin"].get(OVERVIEW).context["steps"]]

    titles = ["Create an API key", "Send your team", "Send activities", "Map codes to missions"]
    assert steps() == [(title, False) for title in titles]
    with tenant_context(acme):
        ApiKey.objects.create(name="CRM", key_id="123456789012")
        Collaborator.objects.create(name="Zoe", email="zoe@acme.example")
        assert steps() == list(zip(titles, [True, True, False, False], strict=True))
        set_mapping("default", "001", mission=Mission.objects.create(name="Calls"), points=5)
        now = timezone.now() - timedelta(days=1)
        record_activities("default", [SentActivity("001", "e", "zoe@acme.example", now, "{}", Receipt(now, uuid7()))])
    assert steps() == []


MISSIONS = ["Configure", "Missions", "Activities", "Leaderboard", "Unmatched", "Adjustments"]
PEOPLE = ["Collaborators", "Teams"]
FOR_ADMINS = {"Integrations": ["API keys", "Request log"], "Settings": ["Tenant", "Members"]}
FOR_STAFF = {"Platform": ["Tenants", "Users", "Unrecognised requests"]}


@pytest.mark.parametrize(
    ("who", "more"),
    [("manager", {}), ("auditor", FOR_ADMINS), ("admin", FOR_ADMINS), ("staff", {**FOR_ADMINS, **FOR_STAFF})],
)
def test_the_sidebar_shows_each_role_what_it_may_open(people, who, more):
    assert sidebar_of(people[who]) == {"": ["Overview"], "Missions": MISSIONS, "People": PEOPLE, **more}


@pytest.mark.parametrize("who", ["manager", "auditor", "admin", "staff"])
def test_every_item_and_card_that_is_shown_opens(people, who):
    context = people[who].get(OVERVIEW).context
    links = [item["link"] for section in context["sidebar_navigation"] for item in section["items"]]
    links += [card.href for card in context["cards"]] + [step.href for step in context["steps"]]
    assert {link: people[who].get(link).status_code for link in links} == dict.fromkeys(links, 200)
    assert reverse("admin:configure") in links
