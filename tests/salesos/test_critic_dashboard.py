"""Defects of the dashboard, each something that a browser can be made to send."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from missions.models import Mapping, Mission
from salesos.models import ApiKey
from salesos.roles import Role
from salesos.tenancy import tenant_context
from tests.door import issue
from tests.factories import PASSWORD, MembershipFactory

CONFIGURE = "/dashboard/missions/configure/?add=999"


@pytest.fixture
def browser(acme, globex):
    user = MembershipFactory(tenant=acme, role=Role.ADMIN, user__email="zoe@acme.example").user
    browser = Client(raise_request_exception=False)
    browser.force_login(user)
    return browser


def test_a_tenant_that_could_not_exist_is_not_found(browser):
    assert browser.post("/dashboard/switch/", {"tenant": "a\0"}).status_code == 404


def test_a_label_with_a_nul_is_refused_in_its_row(browser, in_acme):
    mission = Mission.objects.create(name="Calls")
    row = {"was-999": "::", "label-999": "a\0b", "mission-999": str(mission.pk), "points-999": "5"}
    answer = browser.post(CONFIGURE, row)
    assert (answer.status_code, Mapping.objects.count()) == (200, 0)


def test_an_autocomplete_for_a_nul_finds_nobody(browser):
    address = "/dashboard/autocomplete/?app_label=missions&model_name=adjustment&field_name=collaborator&term=%00"
    assert browser.get(address).status_code in (200, 400)


def test_an_action_on_what_is_no_id_does_nothing(browser):
    sent = {"action": "deactivate", "_selected_action": "abc"}
    assert browser.post("/dashboard/salesos/collaborator/", sent).status_code in (302, 400)


def test_metadata_too_deep_to_read_is_a_mistake_in_the_form(browser):
    sent = {"name": "N", "email": "n@acme.example", "is_active": "on", "metadata": "[" * 5000 + "]" * 5000}
    assert browser.post("/dashboard/salesos/collaborator/add/", sent).status_code == 200


def test_a_key_that_ends_with_the_calendar_can_be_looked_at(browser, acme):
    acme.time_zone = "Asia/Kathmandu"
    acme.save()
    issued = issue(acme, expires_at=datetime(9999, 12, 31, 23, 59, tzinfo=UTC))
    with tenant_context(acme):
        assert ApiKey.objects.count() == 1
    assert browser.get(f"/dashboard/salesos/apikey/{issued.key.pk}/change/").status_code == 200


def test_one_ipv6_customer_has_one_budget_of_logins(acme, globex, settings):
    settings.LOGIN_LIMIT = "2/m"
    user = MembershipFactory(tenant=acme, role=Role.ADMIN, user__email="zoe@acme.example").user
    sent = {"username": user.email, "password": "wrong" + PASSWORD}
    browser = Client()
    statuses = [
        browser.post("/dashboard/login/", sent, REMOTE_ADDR=f"2001:db8::{number}").status_code for number in range(1, 5)
    ]
    assert statuses == [200, 200, 429, 429]
