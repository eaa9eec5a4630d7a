"""Who may open and post what: written down for every address that the site has."""

from django.db import transaction
from django.urls import reverse

from salesos.admin.account import urls
from salesos.admin.base import RoleAdmin
from salesos.admin.screens import Screen
from salesos.admin.site import site
from tests.salesos.admin import routes

OWN_AFFAIRS = {"login", "logout", "password_change", "password_change_done", "jsi18n"}
"""Open to whoever is signed in, whatever their role; tests of their own below."""

OWN_SCREENS = {
    "account", "account_password", "account_sessions", "recovery_codes", "second_factor", "sign_in_again",
}  # fmt: skip
"""Screens of a user's own account: open to whoever is signed in; tests of their own below."""

POSTED_TO_OWN_SCREENS = {"account": 302, "account_sessions": 302, "recovery_codes": 302}
"""What an empty form is answered there, if not with the page and what is wrong with it."""

OF_THE_SITE = OWN_AFFAIRS | {"index", "autocomplete", "app_list"}
"""Django's own views without a model: they ask the model admins for what they show."""

BODIES = {
    "switch": {"tenant": "acme"},
    "unmatched_of": {"do": "discard", "confirmed": "yes"},
    "salesos_apikey_rotate": {"overlap": "1"},
    "salesos_collaborator_changelist": {"action": "deactivate", "_selected_action": ["1"]},
    "lead_duplicates": {"do": "undo"},
    "lead_merge": {"do": "undo"},
    "missions_mission_changelist": {"action": "retire", "_selected_action": ["1"]},
}

# For auditor, manager, admin, platform staff: GET and POST of acme's row, then of globex's where an address names one.
# Whoever is not signed in is sent to the login page (302), who is no member of anything gets a 403, everywhere.
EXPECTED = {
    "switch": ("403 403 403 403", "302 302 302 302"),
    "leave": ("403 403 403 403", "403 403 403 302"),
    "search": ("200 200 200 200", "403 403 403 403"),
    "first_steps": ("200 200 200 200", "403 403 403 403"),
    "audit_trail": ("200 403 200 200", "403 403 403 403"),
    "platform_trail": ("403 403 403 200", "403 403 403 405"),
    "unrecognised_requests": ("403 403 403 200", "403 403 403 405"),
    "tenant_settings": ("200 403 200 200", "403 403 200 200"),
    "configure": ("200 200 200 200", "403 302 302 302"),
    "configure_apply": ("200 200 200 200", "403 302 302 302"),
    "configure_import": ("200 200 200 200", "403 200 200 200"),
    "leaderboard": ("200 200 200 200", "403 403 403 403"),
    "board_on_wall": ("200 200 200 200", "403 403 403 403"),
    "board_on_wall_data": ("200 200 200 200", "403 403 403 403"),
    "salesos_collaborator_why": ("200 200 200 200", "403 403 403 403", "404 404 404 404", "403 403 403 403"),
    "salesos_team_why": ("200 200 200 200", "403 403 403 403", "404 404 404 404", "403 403 403 403"),
    "walls": ("200 200 200 200", "403 200 200 200"),
    "missions_walllink_revoke": ("403 200 200 200", "403 302 302 302", "403 404 404 404", "403 404 404 404"),
    "unmatched": ("200 200 200 200", "403 403 403 403"),
    "unmatched_of": ("200 200 200 200", "403 302 302 302", "404 404 404 404", "403 302 302 302"),
    "background_job": ("403 200 200 200", "403 200 200 200", "403 404 404 404", "403 404 404 404"),
    "leads": ("200 200 200 200", "403 403 403 403"),
    "leads_export": ("200 200 200 200", "403 403 403 403"),
    "lead_owners": ("200 200 200 200", "403 403 403 403"),
    "lead_views": ("200 200 200 200", "403 404 404 404"),
    "lead_bulk": ("403 200 200 200", "403 404 404 404"),
    "lead_bulk_job": ("403 200 200 200", "403 403 403 403", "403 404 404 404", "403 403 403 403"),
    "lead_new": ("403 200 200 200", "403 200 200 200"),
    "lead": ("200 200 200 200", "403 404 404 404", "404 404 404 404", "403 404 404 404"),
    "lead_edit": ("403 200 200 200", "403 200 200 200", "403 404 404 404", "403 404 404 404"),
    "lead_convert": ("403 200 200 200", "403 200 200 200", "403 404 404 404", "403 404 404 404"),
    "lead_delete": ("403 200 200 200", "403 302 302 302", "403 404 404 404", "403 404 404 404"),
    "leads_import": ("403 200 200 200", "403 200 200 200"),
    "lead_import": ("403 200 200 200", "403 302 302 302", "403 404 404 404", "403 404 404 404"),
    "lead_import_report": ("403 200 200 200", "403 403 403 403", "403 404 404 404", "403 403 403 403"),
    "index": ("200 200 200 200", "403 200 200 200"),
    "autocomplete": ("200 200 200 200", "403 405 405 405"),
    "salesos_apikey_rotate": ("403 403 200 200", "403 403 200 200", "403 403 404 404", "403 403 404 404"),
    "salesos_apikey_revoke": ("403 403 200 200", "403 403 302 302", "403 403 404 404", "403 403 404 404"),
    "salesos_apikey_changelist": ("200 403 200 200", "403 403 403 403"),
    "salesos_apikey_add": ("403 403 200 200", "403 403 200 200"),
    "salesos_apikey_history": ("200 403 200 200", "403 403 200 200", "404 404 404 404", "403 404 404 404"),
    "salesos_apikey_delete": ("403 403 403 403", "403 403 403 403", "403 403 403 403", "403 403 403 403"),
    "salesos_apikey_change": ("200 403 200 200", "403 403 200 200", "404 403 404 404", "403 403 404 404"),
    "salesos_membership_changelist": ("200 403 200 200", "403 403 403 403"),
    "salesos_membership_add": ("403 403 200 200", "403 403 200 200"),
    "salesos_membership_history": ("200 403 200 200", "403 403 200 200", "404 404 404 404", "403 404 404 404"),
    "salesos_membership_delete": ("403 403 200 200", "403 403 302 302", "403 403 404 404", "403 403 404 404"),
    "salesos_membership_change": ("200 403 200 200", "403 403 200 200", "404 403 404 404", "403 403 404 404"),
    "salesos_membership_access": ("403 403 200 200", "403 403 302 302", "403 403 404 404", "403 403 404 404"),
    "salesos_collaborator_changelist": ("200 200 200 200", "403 302 302 302"),
    "people_import": ("403 200 200 200", "403 200 200 200"),
    "salesos_collaborator_export": ("200 200 200 200", "403 200 200 200"),
    "salesos_collaborator_merge": ("403 200 200 200", "403 302 302 302", "403 404 404 404", "403 404 404 404"),
    "salesos_collaborator_add": ("403 200 200 200", "403 200 200 200"),
    "salesos_collaborator_history": ("200 200 200 200", "403 200 200 200", "404 404 404 404", "403 404 404 404"),
    "salesos_collaborator_delete": ("403 403 403 403", "403 403 403 403", "403 403 403 403", "403 403 403 403"),
    "salesos_collaborator_change": ("200 200 200 200", "403 200 200 200", "404 404 404 404", "403 404 404 404"),
    "salesos_team_changelist": ("200 200 200 200", "403 403 403 403"),
    "salesos_team_add": ("403 200 200 200", "403 200 200 200"),
    "salesos_team_history": ("200 200 200 200", "403 200 200 200", "404 404 404 404", "403 404 404 404"),
    "salesos_team_delete": ("403 403 403 403", "403 403 403 403", "403 404 404 404", "403 404 404 404"),
    "salesos_team_change": ("200 200 200 200", "403 200 200 200", "404 404 404 404", "403 404 404 404"),
    "salesos_tenant_changelist": ("403 403 403 200", "403 403 403 403"),
    "salesos_tenant_add": ("403 403 403 200", "403 403 403 200"),
    "salesos_tenant_history": ("403 403 403 200", "403 403 403 200", "403 403 403 200", "403 403 403 200"),
    "salesos_tenant_delete": ("403 403 403 403", "403 403 403 403", "403 403 403 403", "403 403 403 403"),
    "salesos_tenant_change": ("403 403 403 200", "403 403 403 200", "403 403 403 200", "403 403 403 200"),
    "auth_user_password_change": ("403 403 403 200", "403 403 403 200", "403 403 403 200", "403 403 403 200"),
    "salesos_user_changelist": ("403 403 403 200", "403 403 403 403"),
    "salesos_user_add": ("403 403 403 200", "403 403 403 200"),
    "salesos_user_history": ("403 403 403 200", "403 403 403 200", "403 403 403 200", "403 403 403 200"),
    "salesos_user_delete": ("403 403 403 403", "403 403 403 403", "403 403 403 403", "403 403 403 403"),
    "salesos_user_change": ("403 403 403 200", "403 403 403 200", "403 403 403 200", "403 403 403 200"),
    "salesos_requestlog_changelist": ("200 403 200 200", "403 403 403 403"),
    "salesos_requestlog_export": ("200 403 200 200", "403 403 403 403"),
    "salesos_requestlog_add": ("403 403 403 403", "403 403 403 403"),
    "salesos_requestlog_history": ("200 403 200 200", "403 403 200 200", "404 404 404 404", "403 404 404 404"),
    "salesos_requestlog_delete": ("403 403 403 403", "403 403 403 403", "403 403 403 403", "403 403 403 403"),
    "salesos_requestlog_change": ("200 403 200 200", "403 403 403 403", "404 403 404 404", "403 403 403 403"),
    "missions_activity_changelist": ("200 200 200 200", "403 403 403 403"),
    "missions_activity_export": ("200 200 200 200", "403 200 200 200"),
    "missions_activity_add": ("403 403 403 403", "403 403 403 403"),
    "missions_activity_history": ("200 200 200 200", "403 200 200 200", "404 404 404 404", "403 404 404 404"),
    "missions_activity_delete": ("403 403 403 403", "403 403 403 403", "403 403 403 403", "403 403 403 403"),
    "missions_activity_change": ("200 200 200 200", "403 403 403 403", "404 404 404 404", "403 403 403 403"),
    "missions_adjustment_changelist": ("200 200 200 200", "403 403 403 403"),
    "missions_adjustment_add": ("403 200 200 200", "403 200 200 200"),
    "missions_adjustment_history": ("200 200 200 200", "403 200 200 200", "404 404 404 404", "403 404 404 404"),
    "missions_adjustment_delete": ("403 403 403 403", "403 403 403 403", "403 403 403 403", "403 403 403 403"),
    "missions_adjustment_change": ("200 200 200 200", "403 403 403 403", "404 404 404 404", "403 403 403 403"),
    "missions_mission_changelist": ("200 200 200 200", "403 302 302 302"),
    "missions_mission_add": ("403 200 200 200", "403 200 200 200"),
    "missions_mission_history": ("200 200 200 200", "403 200 200 200", "404 404 404 404", "403 404 404 404"),
    "missions_mission_delete": ("403 403 403 403", "403 403 403 403", "403 404 404 404", "403 404 404 404"),
    "missions_mission_change": ("200 200 200 200", "403 200 200 200", "404 404 404 404", "403 404 404 404"),
    "lead_duplicates": ("200 200 200 200", "403 302 302 302"),
    "lead_merge": ("403 200 200 200", "403 302 302 302", "403 404 404 404", "403 404 404 404"),
    "pipeline": ("200 200 200 200", "403 403 403 403"),
    "deals": ("200 200 200 200", "403 403 403 403"),
    "deals_export": ("200 200 200 200", "403 403 403 403"),
    "deal": ("200 200 200 200", "403 200 200 200", "404 404 404 404", "403 404 404 404"),
    "deal_move": ("403 200 200 200", "403 200 200 200", "403 404 404 404", "403 404 404 404"),
    "deal_new": ("403 200 200 200", "403 200 200 200"),
    "stages": ("403 403 200 200", "403 403 404 404"),
    "app_list": ("200 200 200 200", "403 200 200 200"),
}


def test_every_model_on_the_site_is_opened_by_role():
    assert [admin for admin in site._registry.values() if not isinstance(admin, RoleAdmin)] == []


def test_every_address_is_a_screen_or_belongs_to_a_model_of_ours():
    strangers = [pattern.name for pattern in routes.patterns() if pattern.name and not _is_guarded(pattern)]
    assert set(strangers) == OF_THE_SITE


def _is_guarded(pattern) -> bool:
    view = pattern.callback
    while view is not None:
        owner = getattr(view, "model_admin", None) or getattr(view, "__self__", None)
        if isinstance(owner, RoleAdmin) or issubclass(getattr(view, "view_class", object), Screen):
            return True
        view = getattr(view, "__wrapped__", None)
    return False


def test_the_table_names_every_address():
    assert set(EXPECTED) == set(routes.names()) - OWN_AFFAIRS - OWN_SCREENS


def test_every_address_answers_each_role_as_written_down(people, acme_rows, globex_rows, acme, globex):
    assert {name: _asked(name, people, acme_rows, acme, globex_rows, globex) for name in EXPECTED} == EXPECTED


def test_whoever_is_not_signed_in_or_no_member_gets_nowhere(people, acme_rows, acme):
    for name in EXPECTED:
        address = _address(name, acme_rows, acme)
        for method in ("get", "post"):
            assert getattr(people["anonymous"], method)(address).status_code == 302, name
            assert getattr(people["nobody"], method)(address).status_code == 403, name


def test_the_way_out_is_open_to_everybody(people):
    for who in ("nobody", "auditor", "manager", "admin", "staff"):
        for path in ("/dashboard/password_change/", "/dashboard/password_change/done/"):
            assert people[who].get(path).headers["Location"] == "/dashboard/account/password/"
        assert people[who].post("/dashboard/logout/").status_code == 200


ON_THE_WAY_IN = {
    "account_login": ((), "200 200 302 302"),
    "mfa_authenticate": ((), "302 302 302 302"),
    "account_reset_password": ((), "200 200 200 200"),
    "account_reset_password_done": ((), "200 405 200 405"),
    "account_reset_password_from_key": (("1", "made-up"), "200 200 200 200"),
}
"""Pages of allauth's, outside the site: for whoever is not signed in, GET and POST, then for whoever is."""


def test_the_pages_on_the_way_in_are_these_and_open_to_everybody(people):
    assert {url.name for url in urls.urlpatterns} == set(ON_THE_WAY_IN)
    for name, (args, expected) in ON_THE_WAY_IN.items():
        address = reverse(name, args=args)
        for who in ("nobody", "auditor", "manager", "admin", "staff"):
            browsers = (people["anonymous"], people[who])
            statuses = [
                getattr(browser, method)(address).status_code for browser in browsers for method in ("get", "post")
            ]
            assert (name, who, " ".join(map(str, statuses))) == (name, who, expected)


def test_ones_own_account_is_open_to_whoever_is_signed_in(people):
    for name in OWN_SCREENS:
        address = routes.address(name)
        for who in ("nobody", "auditor", "manager", "admin", "staff"):
            assert (name, who, people[who].get(address).status_code) == (name, who, 200)
            sent = people[who].post(address).status_code
            assert (name, who, sent) == (name, who, POSTED_TO_OWN_SCREENS.get(name, 200))
        for method in ("get", "post"):
            assert getattr(people["anonymous"], method)(address).status_code == 302


def test_another_tenants_row_is_not_found_in_the_words_for_an_unknown_one(people, acme_rows, globex_rows, acme, globex):
    for name in filter(routes.takes_a_row, routes.names()):
        if name.startswith(("salesos_tenant", "salesos_user", "auth_user")):
            continue
        is_by_uuid = "requestlog" in name or name in routes.BY_PUBLIC_ID
        unknown = "018f3b1c-0000-7000-8000-000000000000" if is_by_uuid else 999_999_999
        foreign = people["admin"].get(_address(name, globex_rows, globex))
        nothing = people["admin"].get(routes.address(name, unknown))
        assert (name, foreign.status_code) == (name, nothing.status_code)
        assert foreign.content == nothing.content


def _address(name, rows, tenant) -> str:
    object_id = routes.row_id(name, rows, tenant) if routes.takes_a_row(name) else None
    return routes.address(name, object_id, email=f"lost0@{tenant.slug}.example")


def _asked(name, people, own_rows, own, foreign_rows, foreign) -> tuple[str, ...]:
    addresses = list(dict.fromkeys([_address(name, own_rows, own), _address(name, foreign_rows, foreign)]))
    return tuple(_statuses(people, name, address, method) for address in addresses for method in ("get", "post"))


def _statuses(people, name, address, method) -> str:
    body = {"post": "yes"} if name.endswith("_delete") else BODIES.get(name, {})
    statuses = []
    for who in ("auditor", "manager", "admin", "staff"):
        with transaction.atomic():
            answer = getattr(people[who], method)(address, *([body] if method == "post" else []))
            # What one role deletes the next must find.
            transaction.set_rollback(True)
        statuses.append(answer.status_code)
    return " ".join(map(str, statuses))
