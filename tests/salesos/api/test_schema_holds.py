"""Requests made up from the served schema, over HTTP: no answer breaks, and none is other than documented."""

import os

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from salesos.scopes import Scope
from tests.door import token_of
from tests.factories import CollaboratorFactory, TeamFactory

if os.environ.get("CI") != "true":
    # In CI it must be there; elsewhere its absence is no failure.
    pytest.importorskip("schemathesis")

import schemathesis
from schemathesis.specs.openapi import checks

REQUESTS = 300
"""Shared among the operations, in each mode: enough to find what is wrong often, and few enough to be quick."""

# That values fit the schema does not make them acceptable: it can't say that a text has no NUL characters.
CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


NEGATIVE = schemathesis.GenerationMode.NEGATIVE


def takes_something(operation) -> bool:
    """Whether an operation can be asked for something wrong; of the parts of a path any text may stand there."""
    return "requestBody" in operation or any(each["in"] != "path" for each in operation.get("parameters", ()))


@pytest.fixture
def api(live_server, acme, globex):
    """The schema, and the headers of a key that may do everything."""
    for tenant in (acme, globex):
        CollaboratorFactory(tenant=tenant, team=TeamFactory(tenant=tenant))
    token = token_of(acme, scopes=Scope.values, hourly_limit=1_000_000)
    return schemathesis.openapi.from_url(f"{live_server.url}/api/schema"), {"Authorization": f"Bearer {token}"}


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("mode", schemathesis.GenerationMode)
def test_every_answer_is_as_the_schema_says(api, mode):
    schema, headers = api
    operations = [found.ok() for found in schema.get_all_operations()]
    if mode == NEGATIVE:
        operations = [operation for operation in operations if takes_something(operation.definition.raw)]
    answered = set()

    for operation in operations:

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=max(REQUESTS // len(operations), 5),
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def ask(case):
            answer = case.call(headers=headers)
            case.validate_response(answer, checks=CHECKS)
            answered.add(answer.status_code)

        ask()

    assert answered >= ({400} if mode == NEGATIVE else {200, 404})
