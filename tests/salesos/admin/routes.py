"""Every address of the dashboard, with the rows it needs, from the site's own URLs."""

from types import SimpleNamespace

from django.urls import URLPattern, URLResolver, reverse

from salesos.admin.site import site
from salesos.models import Membership, Tenant, User

MODELS = {
    "salesos_apikey": "key",
    "salesos_collaborator": "person",
    "salesos_team": "team",
    "salesos_requestlog": "request",
    "missions_activity": "activity",
    "missions_adjustment": "adjustment",
    "missions_mission": "mission",
    "missions_walllink": "wall",
}

BY_PUBLIC_ID = {
    "background_job": "job",
    "deal": "deal",
    "deal_move": "deal",
    "lead_merge": "lead",
    "lead": "lead",
    "lead_bulk_job": "editing",
    "lead_convert": "lead",
    "lead_delete": "lead",
    "lead_edit": "lead",
    "lead_import": "lead_import",
    "lead_import_report": "lead_import",
}
"""Screens whose address has a row's public id in it."""


def patterns(urls: list | None = None) -> list[URLPattern]:
    """The site's URL patterns, those of the included ones with them."""
    found = []
    for url in site.get_urls() if urls is None else urls:
        found += patterns(url.url_patterns) if isinstance(url, URLResolver) else [url]
    return found


def names() -> list[str]:
    return [pattern.name for pattern in patterns() if pattern.name]


def takes_a_row(name: str) -> bool:
    pattern = next(pattern for pattern in patterns() if pattern.name == name)
    return "<" in str(pattern.pattern) and name != "app_list"


def row_id(name: str, rows: SimpleNamespace, tenant: Tenant) -> object:
    """The id of `tenant`'s row that the address called `name` is about."""
    if name in BY_PUBLIC_ID:
        return getattr(rows, BY_PUBLIC_ID[name]).public_id
    model = name.rpartition("_")[0]
    if model == "auth_user_password":
        model = "salesos_user"
    if model == "salesos_tenant":
        return tenant.pk
    if model == "salesos_membership":
        return Membership.objects.get(tenant=tenant, role="auditor").pk
    if model == "salesos_user":
        return User.objects.get(email=f"auditor@{tenant.slug}.example").pk
    return getattr(rows, MODELS[model]).pk


def address(name: str, object_id: object = None, email: str = "") -> str:
    if name == "app_list":
        return reverse("admin:app_list", kwargs={"app_label": "missions"})
    if name == "autocomplete":
        query = "app_label=missions&model_name=adjustment&field_name=collaborator&term="
        return f"{reverse('admin:autocomplete')}?{query}"
    if name == "unmatched_of":
        return f"{reverse('admin:unmatched_of')}?email={email}"
    return reverse(f"admin:{name}", args=() if object_id is None else (object_id,))
