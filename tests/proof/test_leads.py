"""Many forms and tools at the same moment: one lead an e-mail, one deal a lead, totals that add up."""

import json
import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.proof.conftest import Lost


@pytest.fixture
def ask(installation):
    """Asks the Leads API over HTTP: (status, JSON, headers)."""
    scopes = ("--scope", "leads:read", "--scope", "leads:write")
    key = installation.manage(
        "create_api_key", "--tenant", "acme", "--name", "Forms", "--rate", "1000000", *scopes
    ).strip()
    yield lambda method, path, body=None, **headers: installation.ask(method, f"/v1/{path}", body, key, **headers)
    for lead in installation.rows("SELECT public_id FROM leads_lead"):
        assert installation.ask("DELETE", f"/v1/leads/{lead[0]}", None, key)[0] == 204


def lead(number, **fields):
    return {"name": f"Lead {number}", "email": f"lead{number}@example.com", **fields}


def test_fifty_creates_of_one_email_make_one_lead(ask):
    spellings = ["maria@example.com", "Maria@Example.com", "MARIA@EXAMPLE.COM"]
    bodies = [{"name": f"Maria {number}", "email": spellings[number % 3]} for number in range(50)]
    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(lambda body: ask("POST", "leads", body), bodies))

    assert sorted(status for status, _answer, _headers in answers) == [201] + [409] * 49
    [made] = [answer["data"] for status, answer, _headers in answers if status == 201]
    conflicts = [answer["error"] for status, answer, _headers in answers if status == 409]
    assert {(error["code"], error["details"][0]["id"]) for error in conflicts} == {("CONFLICT", made["id"])}
    listed = ask("GET", "leads")[1]
    assert (listed["meta"]["total"], listed["data"]) == (1, [made])


def test_parallel_conversions_make_one_deal(ask, installation):
    before = installation.rows("SELECT count(*) FROM leads_deal")[0][0]
    made = ask("POST", "leads", lead(1))[1]["data"]
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _n: ask("POST", f"leads/{made['id']}/convert", {}), range(16)))

    assert sorted(status for status, _answer, _headers in answers) == [200] + [409] * 15
    assert installation.rows("SELECT count(*) FROM leads_deal")[0][0] == before + 1


def killed_at(installation, table, request):
    """The request's process and all others are killed when it is about to write to `table`; then all start again."""
    with ThreadPoolExecutor(1) as thread, installation.held_up_at(table) as wait:
        lost = thread.submit(request)
        wait()
        installation.kill_server()
        assert isinstance(lost.exception(), Lost)
    installation.start_server()


# The history is written in the middle of the transaction, the request log after it and before the answer.
MOMENTS = [("leads_leadevent", False), ("salesos_requestlog", True)]


@pytest.mark.parametrize(("table", "is_committed"), MOMENTS)
def test_a_create_killed_half_way_and_sent_again_makes_one_lead(ask, installation, table, is_committed):
    def create():
        return ask("POST", "leads", lead(1, company="Acme"), Idempotency_Key=f"create-{table}")

    killed_at(installation, table, create)
    assert installation.rows("SELECT count(*) FROM leads_lead")[0][0] == is_committed

    again, once_more = create(), create()
    assert (again[0], again[2].get("Idempotent-Replayed")) == (201, "true" if is_committed else None)
    assert (once_more[0], once_more[1], once_more[2]["Location"]) == (201, again[1], again[2]["Location"])
    assert ask("GET", "leads")[1] == {
        "data": [again[1]["data"]],
        "meta": {"total": 1, "page": 1, "per_page": 25, "total_pages": 1},
    }
    history = ask("GET", f"leads/{again[1]['data']['id']}")[1]["data"]["activity_history"]
    assert [event["type"] for event in history] == ["lead.created"]


@pytest.mark.parametrize(("table", "is_committed"), MOMENTS)
def test_a_conversion_killed_half_way_and_sent_again_makes_one_deal(ask, installation, table, is_committed):
    made = ask("POST", "leads", lead(1))[1]["data"]
    deals = installation.rows("SELECT count(*) FROM leads_deal")[0][0]

    def convert():
        return ask("POST", f"leads/{made['id']}/convert", {"deal_value": 12.5}, Idempotency_Key=f"convert-{table}")

    killed_at(installation, table, convert)
    assert installation.rows("SELECT count(*) FROM leads_deal")[0][0] == deals + is_committed

    again, once_more = convert(), convert()
    assert (again[0], again[2].get("Idempotent-Replayed")) == (200, "true" if is_committed else None)
    assert (once_more[0], once_more[1]) == (200, again[1])
    assert installation.rows("SELECT count(*) FROM leads_deal")[0][0] == deals + 1
    deal = again[1]["data"]["deal"]
    assert ask("GET", f"deals/{deal['id']}")[1]["data"]["lead_id"] == made["id"]


def test_the_same_key_many_times_at_once_does_the_work_once(ask, installation):
    deals = installation.rows("SELECT count(*) FROM leads_deal")[0][0]

    def at_once(*request):
        with ThreadPoolExecutor(16) as threads:
            answers = list(threads.map(lambda _n: ask(*request, Idempotency_Key=f"once-{request[1]}"), range(16)))
        assert len({(status, json.dumps(answer)) for status, answer, _headers in answers}) == 1
        assert sorted(headers.get("Idempotent-Replayed", "") for _s, _a, headers in answers) == [""] + ["true"] * 15
        return answers[0]

    status, answer, _headers = at_once("POST", "leads", lead(1))
    assert status == 201
    assert at_once("POST", f"leads/{answer['data']['id']}/convert", {})[0] == 200
    assert ask("GET", "leads")[1]["meta"]["total"] == 1
    assert installation.rows("SELECT count(*) FROM leads_deal")[0][0] == deals + 1


def test_the_first_to_need_a_pipeline_make_one(ask, installation):
    installation.manage("create_tenant", "Fresh")
    arguments = ("--tenant", "fresh", "--name", "Forms", "--scope", "leads:read")
    key = installation.manage("create_api_key", *arguments).strip()
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _n: installation.ask("GET", "/v1/stages", None, key), range(16)))

    assert {status for status, _answer, _headers in answers} == {200}
    assert len({json.dumps(answer) for _status, answer, _headers in answers}) == 1
    assert answers[0][1]["meta"]["total"] == 6


def test_writes_in_any_order_neither_fail_nor_lose_count(ask, installation):
    ids = [ask("POST", "leads", lead(number))[1]["data"]["id"] for number in range(20)]

    def work(seed):
        dice = random.Random(seed)
        statuses = set()
        for step in range(25):
            path = f"leads/{dice.choice(ids)}"
            match dice.randrange(4):
                case 0:
                    answer = ask("POST", "leads", lead(f"{seed}-{step}", source=dice.choice(["ads", "web"])))
                case 1:
                    status = dice.choice(["new", "contacted", "qualified"])
                    answer = ask("PATCH", path, {"status": status, "source": dice.choice(["ads", "web", ""])})
                case 2:
                    answer = ask("DELETE", path)
                case 3:
                    answer = ask("POST", f"{path}/convert", {})
            statuses.add(answer[0])
        return statuses

    with ThreadPoolExecutor(8) as threads:
        statuses = set().union(*threads.map(work, range(8)))

    assert statuses <= {200, 201, 204, 404, 409}
    assert ask("GET", "leads")[1]["meta"]["total"] == installation.rows("SELECT count(*) FROM leads_lead")[0][0]
    assert "totals are right" in installation.manage("check_lead_totals")
