"""Ten rows cost as many statements as one, on every list and screen."""

from datetime import timedelta

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from salesos.admin.site import site
from salesos.request_counts import bring_up_to_date
from tests.salesos.admin import routes
from tests.salesos.admin.conftest import furnish, member, signed_in

MOST = 18
"""Session, user, memberships, then the screen's own."""

NOT_MEASURED = {"login", "logout", "switch", "leave", "jsi18n", "password_change_done"}
SCREENS = [name for name in routes.names() if not routes.takes_a_row(name) and name not in NOT_MEASURED]


@pytest.fixture
def measured(acme, globex, db):
    def statements() -> dict[str, int]:
        counts = {}
        for name in SCREENS:
            with CaptureQueriesContext(connection) as queries:
                client.get(routes.address(name, email="lost0@acme.example"))
            # That a session was seen is written once a minute, whatever the screen.
            counts[name] = len([query for query in queries if "usersessions" not in (query["sql"] or "")])
        return counts

    client = signed_in(member(acme, "admin"))
    for model in site._registry:
        # Asked for once in a process, not once in a request.
        ContentType.objects.get_for_model(model)
    furnish(globex)
    furnish(acme)
    client.get("/dashboard/")
    ContentType.objects.get_for_models(*site._registry)  # remembered by the process
    # Summing up the log is a visit's work once an hour: none of these.
    bring_up_to_date(acme, now=timezone.now() + timedelta(hours=2))
    # Makes a key for the app that is to be set up, and keeps it.
    client.get(routes.address("second_factor"))
    one = statements()
    furnish(acme, count=9, start=1)
    return one, statements()


def test_ten_rows_cost_as_many_statements_as_one(measured):
    one, ten = measured
    assert ten == one


def test_no_screen_asks_more_than_it_must(measured):
    _one, ten = measured
    assert {name: count for name, count in ten.items() if count > MOST} == {}
