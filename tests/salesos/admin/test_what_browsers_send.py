"""What no form of ours sends, but a browser can be made to send: never an error of the server, and nothing changes."""

import pytest

from salesos.models import Collaborator
from salesos.tenancy import tenant_context
from tests.salesos.admin import routes

PEOPLE = "/dashboard/salesos/collaborator/"
PERSON = {"name": "Zoe", "email": "zoe@acme.example", "is_active": "on"}


@pytest.fixture
def manager(people):
    return people["manager"]


@pytest.mark.parametrize("name", [name for name in routes.names() if not routes.takes_a_row(name)])
def test_a_nul_is_a_bad_request_wherever_it_is_sent(people, acme_rows, globex_rows, name):
    address = routes.address(name, email="lost0@acme.example")
    with_query = f"{address}{'&' if '?' in address else '?'}q=a%00b"
    for who in ("admin", "staff", "anonymous"):
        browser = people[who]
        answers = [browser.get(with_query), browser.post(address, {"x": "a\0b"}), browser.post(address, {"\0": ""})]
        assert [answer.status_code for answer in answers] == [400] * 3
        assert b"This can't be read" in answers[0].content


def test_a_nul_in_the_path_or_in_a_cookie_is_a_bad_request(client, manager, globex_rows):
    assert manager.get(f"{PEOPLE}%00/change/").status_code == 400
    client.cookies["sessionid"] = "a" * 31 + "\0"
    assert client.get("/dashboard/").status_code == 400


@pytest.mark.parametrize("charset", ["utf-16", "utf-7", "unicode_escape", "latin-1"])
def test_another_encoding_than_utf8_is_a_bad_request(client, manager, globex_rows, charset):
    for browser in (client, manager):
        for path in ("/dashboard/account/login/", PEOPLE, "/no/such/page"):
            asked = browser.get(f"{path}?q=%5Cud800", headers={"content-type": f"text/plain; charset={charset}"})
            sent = browser.post(path, b"a=b", content_type=f"application/x-www-form-urlencoded; charset={charset}")
            assert (path, asked.status_code, sent.status_code) == (path, 400, 400)
    for same in ("utf-8", "UTF-8"):
        form = f"application/x-www-form-urlencoded; charset={same}"
        assert manager.post(f"{PEOPLE}add/", b"name=Zo%C3%AB", content_type=form).status_code == 200


@pytest.mark.parametrize("selected", ["abc", "", "1.5", "9" * 30, "9" * 5000, "-1", "１"])
def test_an_action_on_what_is_no_id_does_nothing(manager, acme_rows, globex_rows, selected):
    answer = manager.post(PEOPLE, {"action": "deactivate", "_selected_action": [acme_rows.person.pk + 10**6, selected]})
    assert (answer.status_code, answer["Location"]) == (302, PEOPLE)
    with tenant_context(acme_rows.tenant):
        assert Collaborator.objects.filter(is_active=False).count() == 0


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ("[" * 3000, "Not valid JSON"),
        ("[" * 3000 + "]" * 3000, "Not valid JSON"),
        ('{"a":' * 3000 + "1" + "}" * 3000, "Not valid JSON"),
        ('{"a": "\\u0000"}', "Text must not contain NUL characters"),
        ('{"a": "\\ud800"}', "Text must not contain lone surrogates"),
        ('{"a": NaN}', "Numbers must be finite"),
        ('{"a": 1e999}', "Expected a JSON object"),
        ("[1]", "Expected a JSON object"),
        ('"text"', "Expected a JSON object"),
        ("null", "Expected a JSON object"),
        ("{", "Not valid JSON"),
    ],
)
def test_metadata_that_could_not_be_kept_is_told_at_its_field(manager, acme, globex, metadata, message):
    answer = manager.post(f"{PEOPLE}add/", {**PERSON, "metadata": metadata})
    assert (answer.status_code, list(answer.context["adminform"].form.errors)) == (200, ["metadata"])
    assert message in str(answer.context["adminform"].form.errors)
    with tenant_context(acme):
        assert Collaborator.objects.count() == 0


@pytest.mark.parametrize(("metadata", "kept"), [("", {}), ('{"shift": ["day", 1, null]}', {"shift": ["day", 1, None]})])
def test_metadata_is_kept_as_sent(manager, acme, globex, metadata, kept):
    assert manager.post(f"{PEOPLE}add/", {**PERSON, "metadata": metadata}).status_code == 302
    with tenant_context(acme):
        assert Collaborator.objects.get().metadata == kept


QUERIES = ["p=abc", "p=-1", "p=999999999", "o=9.x", "e=1", "q=%25%5C_", "all=", "_to_field=x", "_popup=1", "x__y=1",
    "pk__in=abc", "team__id__exact=abc", "mission__id__exact=9999999999999999999999", "is_active__exact=7",
    "role__exact=x", "state=x", "within=x", "outcome=x", "counted=x", "api_key__id__exact=x", "kind__exact=x",
    "source=x", "add=x", "all=x", "first=x", "before=x", "email=x", "term=%FF", "period=x", "mission=x",
    "period=custom&first=0001-01-01&last=9999-12-31", "period=custom&last=9999-12-31", 
    "period=custom&first=0001-01-01", "status=x", "key=x", "address=%00", "address=x", "request_id=x", "min_ms=x",
    "min_ms=1e999", "from=x", "from=0001-01-01T00:00", "to=9999-12-31T23:59", "from=9999-12-31T23:59%2B14:00",
    "from=0001-01-01T00:00-14:00", "after=x", "after=ffffffff-ffff-ffff-ffff-ffffffffffff",
    "before=00000000-0000-0000-0000-000000000000&status=4", "_facets=True", "key=99999999999999999999"]  # fmt: skip


@pytest.mark.parametrize("query", QUERIES)
def test_no_query_makes_an_error(people, acme_rows, globex_rows, query):
    statuses = {}
    for name in routes.names():
        if not routes.takes_a_row(name) and name not in ("logout", "login"):
            address = routes.address(name)
            statuses[name] = people["staff"].get(f"{address}{'&' if '?' in address else '?'}{query}").status_code
    assert {name: status for name, status in statuses.items() if status >= 500} == {}


@pytest.mark.parametrize(
    "query", ["secret_hash__startswith=x", "secret_hash=x", "created_by_id=1", "created_at__gte=9999-12-31T23:59-23:59"]
)
def test_a_list_is_asked_by_its_filters_alone(people, acme_rows, globex_rows, query):
    assert people["auditor"].get(f"/dashboard/salesos/apikey/?{query}").status_code == 400


def test_a_list_is_asked_by_its_filters(people, acme_rows, globex_rows):
    team, mission = acme_rows.team.pk, acme_rows.mission.pk
    for address in (
        f"salesos/collaborator/?team__id__exact={team}&is_active__exact=1",
        f"salesos/collaborator/export/?team__id__exact={team}",
        f"missions/adjustment/?kind__exact=adjustment&mission__id__exact={mission}",
        f"missions/activity/?code=001&mission__id__exact={mission}",
        "missions/mission/?is_active__exact=1",
        "salesos/membership/?role__exact=admin",
        "salesos/apikey/?state=usable",
    ):
        assert (address, people["admin"].get(f"/dashboard/{address}").status_code) == (address, 200)
    for address in ("user/?is_active__exact=1&is_platform_staff__exact=0", "tenant/?is_active__exact=1"):
        assert (address, people["staff"].get(f"/dashboard/salesos/{address}").status_code) == (address, 200)
