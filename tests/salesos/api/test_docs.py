"""The reference page shows all that the schema says, and asks nobody else for anything."""

import json
import re
import shlex
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

from integrations.default.guide import CLIENT
from salesos.api.docs import fields
from salesos.api.openapi import document
from salesos.api.prose import Bullets, Code, Heading, Note, Section, Steps, Table, code_html, inline_html, markdown
from salesos.keys import issue_key
from salesos.scopes import Scope

SHAPES = [
    "SyncCollaborators",
    "SyncActivities",
    "CollaboratorsSynced",
    "ActivitiesSynced",
    "CollaboratorRead",
    "Standing",
    "TeamStanding",
    "Error",
]


class Page(HTMLParser):
    """What a page holds: its tags with their attributes, its text, and the text of each block of code."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.blocks, self.open = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.open.append(tag)
        if tag == "pre":
            self.blocks.append("")

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, text):
        self.texts.append(text)
        if "pre" in self.open:
            self.blocks[-1] += text

    @property
    def text(self):
        return "".join(self.texts)


@pytest.fixture
def page(client):
    return Page(client.get("/api/docs").text)


def test_the_page_shows_every_error_with_its_status_when_and_what_to_do(page):
    for case in document("http://testserver").errors:
        plain = [text.replace("`", "") for text in (case.when, case.remedy)]
        assert [text for text in (str(case.status), case.code, *plain) if text not in page.text] == []


@pytest.mark.parametrize("shape", SHAPES)
def test_the_page_shows_every_field_with_its_bounds_and_meaning(page, shape):
    rows = list(fields(document("http://testserver").spec, {"$ref": f"#/components/schemas/{shape}"}))
    told = [text.replace("`", "") for row in rows for text in (row.name, row.type, row.bounds, row.meaning)]

    assert len(rows) > 5
    assert [text for text in told if text not in page.text] == []


def test_a_field_is_told_with_type_and_bounds():
    spec = document("http://testserver").spec
    rows = {row.name: row for row in fields(spec, {"$ref": "#/components/schemas/SyncActivities"})}

    assert {name: (row.type, row.is_required, row.bounds) for name, row in rows.items()} == {
        "action": ("string", True, "`sync_activities`"),
        "activities": ("array of objects", True, "at most 1000 items"),
        "activities[].activity_code": ("string", True, "`^(?:00[1-9]|0[1-9][0-9]|[1-9][0-9]{2})$`"),
        "activities[].external_id": ("string", True, "1 to 255 characters"),
        "activities[].collaborator_email": ("string", True, "at most 254 characters, e-mail address"),
        "activities[].data": ("object or null", False, ""),
        "activities[].occurred_at": ("string or null", False, ""),
    }


def test_the_page_asks_no_other_host_and_holds_no_inline_script_or_style(page):
    held = [pair for _tag, attributes in page.tags for pair in attributes.items()]
    addresses = [value for name, value in held if name in ("src", "href", "action")]

    assert [address for address in addresses if not re.match(r"#|/(?!/)", address)] == []
    assert [tag for tag, _attributes in page.tags if tag == "style"] == []
    assert [attributes for tag, attributes in page.tags if tag == "script" and "src" not in attributes] == []
    assert [name for name, _value in held if name == "style" or name.startswith("on")] == []
    assert set(re.findall(r"https?://[^/\s\"]+", page.text)) == {"http://testserver"}
    for name in ("api/docs.css", "api/docs.js", "api/icon.svg"):
        text = Path(finders.find(name)).read_text().replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert ("//" in re.sub(r"^//.*|^ +//.*", "", text, flags=re.MULTILINE), "@import" in text) == (False, False)


def test_the_page_may_load_what_is_ours_and_nothing_else(client):
    answer = client.get("/api/docs")

    assert answer["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; frame-ancestors 'none'; "
        "base-uri 'none'; form-action 'none'"
    )


def test_every_link_within_the_page_has_one_place_to_go(page):
    ids = [attributes["id"] for _tag, attributes in page.tags if "id" in attributes]
    links = {
        attributes["href"][1:] for tag, attributes in page.tags if tag == "a" and attributes["href"].startswith("#")
    }

    assert sorted(ids) == sorted(set(ids))
    assert links - set(ids) == set()


def test_every_command_is_ready_to_paste_for_the_address_asked(client):
    page = Page(client.get("/api/docs", headers={"Host": "localhost:8000"}).text)
    commands = [shlex.split(block.replace("\\\n", "")) for block in page.blocks if block.startswith("curl")]
    paths = document("http://localhost:8000").spec["paths"]

    shown = set()
    for curl, option, method, url, *rest in commands:
        assert (curl, option, rest[:2]) == ("curl", "-X", ["-H", "Authorization: Bearer sk_live_YOUR_API_KEY"])
        address = url.removeprefix("http://localhost:8000").partition("?")[0]
        [path] = [path for path in paths if re.fullmatch(re.sub(r"{\w+}", "[0-9a-f-]{36}", path), address)]
        operation = paths[path][method.lower()]
        shown.add(operation["operationId"])
        if "requestBody" in operation:
            assert rest[2:5] == ["-H", "Content-Type: application/json", "-d"]
            assert isinstance(json.loads(rest[5]), dict)
        else:
            assert rest[2:] == []
    assert len(commands) == len(shown) + 5 + 1 + 1  # more examples of the sync, the leaderboard and the leads
    assert shown == {
        "syncDefaultIntegration",
        "listCollaborators",
        "getCollaborator",
        "listTeams",
        "getTeam",
        "getLeaderboard",
        "listLeads",
        "getLead",
        "createLead",
        "updateLead",
        "deleteLead",
        "convertLead",
        "listDeals",
        "getDeal",
        "updateDeal",
        "listStages",
    }


def test_every_block_of_json_is_json(page):
    blocks = [json.loads(block) for block in page.blocks if block.startswith("{")]

    assert len(blocks) > 15
    assert {min(block) for block in blocks} == {"data", "error"}


def test_the_page_is_public_in_english_and_not_sent_twice(client):
    answer = client.get("/api/docs", headers={"Accept-Language": "pt-br"})
    again = client.get("/api/docs/", headers={"If-None-Match": answer["ETag"]})

    assert (answer.status_code, answer["Content-Type"], answer["Content-Language"]) == (
        200,
        "text/html; charset=utf-8",
        "en",
    )
    assert (again.status_code, again.content) == (304, b"")


def test_the_documented_client_sends_a_batch(live_server, monkeypatch, acme, globex):
    monkeypatch.setenv("SALESOS_KEY", issue_key(acme, name="CRM", scopes=[Scope.DEFAULT_SYNC]).token)
    names = {}
    exec(CLIENT.replace("$URL", f"{live_server.url}/functions/v1/default-integration"), names)  # noqa: S102 - our own
    activity = {"activity_code": "001", "external_id": "e1", "collaborator_email": "rui@example.com"}
    person = {"external_id": "emp-1", "name": "Rui", "email": "rui@example.com"}

    registered = names["send"]({"action": "sync_collaborators", "collaborators": [person]})
    outcomes = list(names["send_activities"]([activity] * 1001))

    assert registered == {"created": 1, "existing": 0, "errors": [], "total": 1}
    assert outcomes == [
        {"processed": 1, "skipped": 0, "duplicates": 999, "errors": [], "total": 1000},
        {"processed": 0, "skipped": 0, "duplicates": 1, "errors": [], "total": 1},
    ]


# Prose


def test_running_text_is_escaped_and_marked():
    assert inline_html("<b> & `a < **b**` and **c**") == (
        "&lt;b&gt; &amp; <code>a &lt; **b**</code> and <strong>c</strong>"
    )


def test_code_is_escaped_and_coloured():
    assert code_html('# a <b>\n{"a": 1, "b": "</pre>", "c": null}') == (
        '<span class="comment"># a &lt;b&gt;</span>\n{<span class="key">&quot;a&quot;</span>: '
        '<span class="number">1</span>, <span class="key">&quot;b&quot;</span>: '
        '<span class="text">&quot;&lt;/pre&gt;&quot;</span>, <span class="key">&quot;c&quot;</span>: '
        '<span class="word">null</span>}'
    )


def test_a_section_is_markdown_in_the_schema():
    blocks = [
        "Text.",
        Heading("More"),
        Bullets(["a", "b"]),
        Steps(["c", "d"]),
        Table(["A", "B"], [["`1|2`", "3"]]),
        Code("{}", title="Body"),
        Note("Mind."),
    ]

    assert markdown(Section("s", "Title", blocks)) == (
        "## Title\n\nText.\n\n### More\n\n- a\n- b\n\n1. c\n2. d\n\n| A | B |\n| --- | --- |\n| `1\\|2` | 3 |\n\n"
        "Body:\n\n```json\n{}\n```\n\n> Mind."
    )


# Colours: WCAG 2.2 AA asks for 4.5 to 1

PAIRS = [
    ("text", "ground"), ("quiet", "ground"), ("quiet", "raised"), ("text", "raised"), ("accent", "ground"),
    ("ground", "accent"), ("accent", "accent-ground"), ("required", "ground"), ("text", "note-ground"),
    ("text", "code-ground"), ("key", "code-ground"), ("string", "code-ground"), ("number", "code-ground"),
    ("comment", "code-ground"),
]  # fmt: skip


def luminance(colour):
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_colour_stands_out_from_its_ground(scheme):
    light, dark = re.findall(r":root \{(.*?)\}", Path(finders.find("api/docs.css")).read_text(), re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", dark if scheme == "dark" else light))

    for front, ground in PAIRS:
        bright, dim = sorted([luminance(colours[front]), luminance(colours[ground])], reverse=True)
        assert (bright + 0.05) / (dim + 0.05) >= 4.5, (front, ground)
