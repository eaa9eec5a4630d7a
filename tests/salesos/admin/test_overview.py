from datetime import timedelta

import pytest
from django.core.cache import caches
from django.urls import reverse
from django.utils import timezone
from uuid_utils.compat import uuid7

from missions.mapping import set_mapping
from missions.models import Mission, ReceivedCode
from missions.recording import Receipt, SentActivity, record_activities
from salesos.admin.comparison import Comparison
from salesos.api.rate_limit import count_request
from salesos.models import ApiKey, Collaborator
from salesos.tenancy import tenant_context
from tests.salesos.requests import request_at

OVERVIEW = "/dashboard/"


def figures_of(client) -> dict[str, tuple[int, int]]:
    return {str(each.title): (each.today.value, each.week.value) for each in client.get(OVERVIEW).context["figures"]}


def attention_of(client) -> list[str]:
    return [each.text for each in client.get(OVERVIEW).context["attention"]]


def sidebar_of(client) -> dict[str, list[str]]:
    sections = client.get(OVERVIEW).context["sidebar_navigation"]
    return {str(section["title"]): [str(item["title"]) for item in section["items"]] for section in sections}


def receive(tenant, *sent, at=None):
    """Activities as (code, e-mail), of Zoe's where no e-mail is given."""
    at = at or timezone.now()
    with tenant_context(tenant):
        record_activities(
            "default",
            [
                SentActivity(code, f"{at.timestamp()}-{n}", email, at, "{}", Receipt(at, uuid7()))
                for n, (code, email) in enumerate(sent)
            ],
        )


def ask(tenant, *, count=1, status=200, at=None):
    """Requests in the log."""
    for _number in range(count):
        request_at(tenant, at or timezone.now(), status=status)


@pytest.fixture
def settled(acme, globex):
    """Acme after its first point, with a mapped code and a person; globex is as busy."""
    for tenant in (acme, globex):
        with tenant_context(tenant):
            Collaborator.objects.create(name="Zoe", email="zoe@acme.example")
            set_mapping("default", "001", mission=Mission.objects.create(name="Calls"), points=5)
        receive(tenant, ("001", "zoe@acme.example"), ("001", "zoe@acme.example"))
    receive(globex, ("009", "zoe@acme.example"), ("001", "lost@x.example"))
    ask(globex, count=7, status=403)
    return acme


def test_the_figures_of_today_and_this_week(people, settled):
    receive(settled, ("009", "zoe@acme.example"), ("001", "who@x.example"))
    ask(settled, count=3)
    ask(settled, status=403)
    assert figures_of(people["admin"]) == {
        "Activities received": (3, 3),
        "Points": (10, 10),
        "Active people": (1, 1),
        "Unmatched": (1, 1),
        "Activities of unmapped codes": (1, 1),
        "Requests": (4, 4),
        "Refusals": (1, 1),
    }
    [panel] = people["admin"].get(OVERVIEW).context["panels"]
    assert [(standing.name, standing.points) for standing in panel.context["rows"]] == [("Zoe", 10)]


def test_this_week_stands_beside_as_much_of_the_last_one(people, settled):
    now = timezone.now()
    week_ago = now - timedelta(days=7)
    receive(settled, *[("001", "zoe@acme.example")] * 4, at=week_ago)
    ask(settled, count=2, at=week_ago - timedelta(hours=2))
    answer = people["admin"].get(OVERVIEW)
    figures = {str(each.title): each for each in answer.context["figures"]}
    assert (figures["Activities received"].today.before, figures["Activities received"].week.before) == (4, 4)
    assert (figures["Points"].today.before, figures["Active people"].today.before) == (20, 1)
    assert figures["Requests"].week.before in (0, 2)  # on a Monday shortly after midnight they were the week before
    assert [bar.value for bar in answer.context["charts"][0].bars][-8:] == [4, 0, 0, 0, 0, 0, 0, 2]


@pytest.mark.parametrize(
    ("comparison", "text", "spoken"),
    [
        (Comparison(112, 100, "last Friday"), "▲ 12 %", "12 % more than last Friday: 100"),
        (Comparison(88, 100, "last Friday"), "▼ 12 %", "12 % fewer than last Friday: 100"),
        (Comparison(5, 5, "last Friday"), "=", "As many as last Friday"),
        (Comparison(5, 0, "last Friday"), "▲ from 0", "None last Friday"),
        (Comparison(0, 0, "last Friday"), "", ""),
        (Comparison(10, -50, "last Friday"), "", ""),
        (Comparison(-10, 5, "last Friday", before_is_whole=True), "", ""),
        (Comparison(5), "", ""),
        (Comparison(50_000, 1, "last Friday"), "▲ > 999 %", "4,999,900 % more than last Friday: 1"),
        (
            Comparison(40, 100, "last Friday", before_is_whole=True),
            "40 % of last Friday",
            "So far 40 % of last Friday, the whole day: 100",
        ),
        (Comparison(112, 100, "last Friday", before_is_whole=True), "▲ 12 %", "12 % more than last Friday: 100"),
    ],
)
def test_a_difference_is_told_to_the_eye_and_to_the_ear(comparison, text, spoken):
    assert (comparison.text, comparison.spoken) == (text, spoken)


def test_when_nothing_is_wrong_the_page_says_so(people, settled):
    answer = people["admin"].get(OVERVIEW)
    assert answer.context["attention"] == []
    assert b"Nothing: everything that came in has its person" in answer.content


def test_what_waits_for_somebody_is_named_with_the_way_to_mend_it(people, settled):
    receive(settled, *[(f"{n:03d}", "zoe@acme.example") for n in range(101, 106)], ("001", "who@x.example"))
    attention = people["admin"].get(OVERVIEW).context["attention"]
    assert [(each.text, each.href) for each in attention] == [
        ("5 codes were received and count for nothing: 101, 102, 103 ….", reverse("admin:configure")),
        ("1 activity waits for a person: nobody active has its e-mail.", reverse("admin:unmatched")),
    ]


def test_a_code_that_was_last_received_long_ago_is_left_in_peace(people, settled):
    with tenant_context(settled):
        long_ago = timezone.now() - timedelta(days=40)
        ReceivedCode.objects.create(code="300", source="default", day=long_ago, received=1, last_received_at=long_ago)
    assert attention_of(people["admin"]) == []


def test_keys_that_end_soon_and_those_near_their_limit(people, settled, globex):
    now = timezone.now()
    with tenant_context(settled):
        ending = ApiKey.objects.create(name="Ends", key_id="1" * 12, expires_at=now + timedelta(days=13))
        ApiKey.objects.create(name="Later", key_id="2" * 12, expires_at=now + timedelta(days=15))
        ApiKey.objects.create(name="Over", key_id="3" * 12, expires_at=now - timedelta(days=1))
        ApiKey.objects.create(name="Gone", key_id="4" * 12, expires_at=now + timedelta(days=1), revoked_at=now)
        busy = ApiKey.objects.create(name="Busy", key_id="5" * 12, hourly_limit=5, last_used_at=now)
        calm = ApiKey.objects.create(name="Calm", key_id="6" * 12, hourly_limit=50, last_used_at=now)
    for key in (busy, calm):
        for _number in range(4):
            count_request(key)
    attention = people["admin"].get(OVERVIEW).context["attention"]
    assert [each.href for each in attention] == [
        reverse("admin:salesos_apikey_change", args=[key.pk]) for key in (ending, busy)
    ]
    assert attention[1].text == "The key “Busy” has used 80 % of its requests of this hour."
    caches["default"].clear()


@pytest.mark.parametrize(
    ("before", "recent", "is_told"),
    [
        ((200, 4), (40, 20), True),
        ((0, 0), (40, 20), True),
        ((200, 90), (40, 20), False),  # as bad as ever
        ((200, 4), (0, 4), False),  # too few to mean anything
        ((200, 4), (16, 3), False),
    ],
)
def test_errors_on_the_rise_are_told_once_they_mean_something(people, settled, before, recent, is_told):
    for (fine, refused), ago in ((before, timedelta(days=3)), (recent, timedelta(minutes=30))):
        ask(settled, count=fine, at=timezone.now() - ago)
        ask(settled, count=refused, status=403, at=timezone.now() - ago)
    assert [text for text in attention_of(people["admin"]) if "24 hours" in text] != [] if is_told else True
    assert bool(attention_of(people["admin"])) is is_told


def test_managers_see_nothing_of_requests_and_keys(people, settled):
    ask(settled, count=30, status=403)
    with tenant_context(settled):
        ApiKey.objects.create(name="Ends", key_id="1" * 12, expires_at=timezone.now() + timedelta(days=1))
    assert {"Requests", "Refusals"} & set(figures_of(people["manager"])) == set()
    assert attention_of(people["manager"]) == []
    assert len(attention_of(people["auditor"])) == 2


TITLES = ["Create an API key", "Send your team", "Send activities", "Map codes to missions"]


def steps_of(client) -> list[tuple[str, bool]]:
    return [(str(step.title), step.is_done) for step in client.get(OVERVIEW).context.get("steps", [])]


def ticked(*done: bool) -> list[tuple[str, bool]]:
    return list(zip(TITLES, done, strict=True))


def test_a_new_tenant_is_led_by_the_hand_to_its_first_point(people, acme, globex):
    admin = people["admin"]
    assert steps_of(admin) == ticked(False, False, False, False)
    assert "figures" not in admin.get(OVERVIEW).context
    with tenant_context(acme):
        ApiKey.objects.create(name="CRM", key_id="123456789012")
        assert steps_of(admin) == ticked(True, False, False, False)
        Collaborator.objects.create(name="Zoe", email="zoe@acme.example")
        assert steps_of(admin) == ticked(True, True, False, False)
    receive(acme, ("001", "zoe@acme.example"))
    assert steps_of(admin) == ticked(True, True, True, False)
    with tenant_context(acme):
        set_mapping("default", "001", mission=Mission.objects.create(name="Calls"), points=5)
    assert steps_of(admin) == ticked(True, True, True, True)
    assert reverse("admin:configure_apply").encode() in admin.get(OVERVIEW).content
    receive(acme, ("001", "zoe@acme.example"), at=timezone.now() - timedelta(days=1))
    assert steps_of(admin) == []
    assert "figures" in admin.get(OVERVIEW).context


def test_managers_are_not_sent_to_keys_that_they_may_not_see(people, acme, globex):
    assert [title for title, _done in steps_of(people["manager"])] == TITLES[1:]


def test_the_steps_ask_for_themselves_and_are_drawn_anew_only_when_something_happened(people, acme, globex, settled):
    poll = reverse("admin:first_steps")
    assert people["admin"].get(poll).headers["HX-Refresh"] == "true"
    with tenant_context(acme.sandbox):
        people["admin"].post(reverse("admin:switch"), {"tenant": "acme-sandbox"})
        assert people["admin"].get(poll, {"state": "0000"}).status_code == 204
        ApiKey.objects.create(name="CRM", key_id="123456789012")
    answer = people["admin"].get(poll, {"state": "0000"})
    assert answer.status_code == 200
    assert "state=1000" in answer.content.decode()


MISSIONS = ["Configure", "Missions", "Activities", "Leaderboard", "Walls", "Unmatched", "Adjustments"]
LEADS = ["Leads", "Pipeline", "Deals", "Duplicates"]
PEOPLE = ["Collaborators", "Teams"]
FOR_ADMINS = {"Integrations": ["API keys", "Request log"], "Settings": ["Tenant", "Members", "Audit trail"]}
FOR_STAFF = {"Platform": ["Tenants", "Users", "Unrecognised requests", "Platform audit trail"]}


@pytest.mark.parametrize(
    ("who", "more"),
    [("manager", {}), ("auditor", FOR_ADMINS), ("admin", FOR_ADMINS), ("staff", {**FOR_ADMINS, **FOR_STAFF})],
)
def test_the_sidebar_shows_each_role_what_it_may_open(people, who, more):
    assert sidebar_of(people[who]) == {"": ["Overview"], "Missions": MISSIONS, "Leads": LEADS, "People": PEOPLE, **more}


@pytest.mark.parametrize("who", ["manager", "auditor", "admin", "staff"])
def test_everything_that_is_shown_opens(people, who, settled):
    receive(settled, ("009", "zoe@acme.example"), ("001", "who@x.example"))
    ask(settled, count=30, status=403)
    context = people[who].get(OVERVIEW).context
    links = [item["link"] for section in context["sidebar_navigation"] for item in section["items"]]
    links += [figure.href for figure in context["figures"]] + [each.href for each in context["attention"]]
    assert {link: people[who].get(link).status_code for link in links} == dict.fromkeys(links, 200)
    assert reverse("admin:configure") in links


@pytest.mark.parametrize("who", ["manager", "auditor", "admin"])
def test_every_step_opens(people, who, acme, globex):
    links = [step.href for step in people[who].get(OVERVIEW).context["steps"]]
    assert {link: people[who].get(link).status_code for link in links} == dict.fromkeys(links, 200)
