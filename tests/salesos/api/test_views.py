"""The base of API views is sealed: what a subclass forgets or breaks fails when it is imported, not when called."""

import pytest

from salesos.api.views import SEALED, ApiView
from salesos.scopes import Scope
from tests.door import door, people, refusal


def make(**members):
    return type("View", (ApiView,), members)


def answer(self, request):
    raise NotImplementedError


@pytest.mark.parametrize("name", SEALED)
def test_a_view_can_not_open_the_fence(name):
    with pytest.raises(TypeError, match=f"View must not override {name}: API views are sealed"):
        make(**{name: answer, "post": answer, "scopes": {"POST": Scope.DEFAULT_SYNC}})


@pytest.mark.parametrize(
    ("members", "methods"),
    [
        ({"post": answer}, "POST"),
        ({"post": answer, "get": answer, "scopes": {"POST": Scope.DEFAULT_SYNC}}, "GET.*POST"),
        ({"scopes": {"POST": Scope.DEFAULT_SYNC}}, ""),
    ],
)
def test_a_view_names_a_scope_for_exactly_its_methods(members, methods):
    with pytest.raises(TypeError, match=rf"View must name a scope for exactly its methods, \[.*{methods}.*\]"):
        make(**members)


def test_a_view_with_a_scope_for_each_method_is_fine():
    make(post=answer, scopes={"POST": Scope.DEFAULT_SYNC})


@pytest.mark.parametrize("language", ["pt-br", "es", "en"])
def test_errors_are_in_english_whatever_language_a_client_asks_for(acme, globex, language):
    response = door(acme, scopes=[]).send(people(), headers={"accept-language": language})
    assert refusal(response) == (403, "FORBIDDEN", "The API key lacks the scope default:sync")


def test_answers_carry_no_cookie_and_no_permission_for_browsers(acme, globex):
    response = door(acme).send(people(), headers={"origin": "https://app.example"})
    assert not response.cookies
    assert not [name for name in response.headers if name.startswith("Access-Control")]


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "*/*", "nonsense"])
def test_the_answer_is_json_whatever_the_client_accepts(acme, globex, accept):
    assert door(acme).send(people(), headers={"accept": accept}).json()["data"]["total"] == 0
