"""API keys: made and shown once, changed, rotated and revoked by admins; auditors look."""

from datetime import datetime, timedelta
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from salesos.admin.acting import DashboardRequest
from salesos.admin.api_key_forms import ChangeKeyForm, NewKeyForm, RotateKeyForm
from salesos.admin.base import TenantAdmin
from salesos.admin.site import site
from salesos.errors import Refused
from salesos.keys import IssuedKey, issue_key, prefix_of, revoke_key, rotate_key
from salesos.models import ApiKey
from salesos.roles import ADMINS, AUDITORS


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("usable", _("Usable")), ("ended", _("Revoked or expired"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        now = timezone.now()
        if self.value() == "usable":
            return queryset.filter(revoked_at=None).exclude(expires_at__lte=now)
        if self.value() == "ended":
            return queryset.exclude(revoked_at=None) | queryset.filter(expires_at__lte=now)
        return queryset


@admin.register(ApiKey, site=site)
class ApiKeyAdmin(TenantAdmin):
    may_view, may_add, may_change = AUDITORS, ADMINS, ADMINS
    form = ChangeKeyForm
    list_display = (
        "name",
        "shows_key",
        "shows_state",
        "shows_scopes",
        "hourly_limit",
        "last_used_at",
        "last_used_from",
    )
    list_filter = (StateFilter,)
    list_select_related = ("tenant",)
    search_fields = ("name", "key_id")
    actions = None
    actions_detail = ("rotate", "revoke")
    readonly_fields = ("shows_key", "state_in_words", "created_by", "created_at", "last_used_at", "last_used_from")
    fieldsets = (
        (None, {"fields": ("name", ("shows_key", "state_in_words"))}),
        (_("What it may do"), {"fields": ("scopes", "allowlist", ("hourly_limit", "expires_at"))}),
        (_("Use"), {"fields": (("last_used_at", "last_used_from"), ("created_by", "created_at"))}),
    )

    @display(description=_("key"))
    def shows_key(self, key: ApiKey) -> str:
        return f"{prefix_of(key.tenant)}{key.key_id}…"

    @display(description=_("state"), label={"usable": "success", "expired": "warning", "revoked": "danger"})
    def shows_state(self, key: ApiKey) -> tuple[str, str | StrPromise]:
        if key.revoked_at is not None:
            return "revoked", _("Revoked")
        return ("usable", _("Usable")) if key.is_usable(at=timezone.now()) else ("expired", _("Expired"))

    @display(description=_("state"))
    def state_in_words(self, key: ApiKey) -> str | StrPromise:
        return self.shows_state(key)[1]

    @display(description=_("scopes"))
    def shows_scopes(self, key: ApiKey) -> str:
        return ", ".join(key.scopes) or str(_("none: it may do nothing"))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.revoked_at is None)

    def has_end_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Whether the user may rotate and revoke."""
        return self.allows(request, ADMINS)

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        key = self.get_object(request, str(object_id))
        return super().get_actions_detail(request, object_id) if key and key.is_usable(at=timezone.now()) else []

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        request = cast(DashboardRequest, request)
        form = NewKeyForm(request.POST or None, tenant=request.tenant)
        if form.is_valid():
            try:
                return self._shown_once(request, self._issued(request, form.cleaned_data))
            except Refused as refused:
                form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        return self._page(request, "salesos/api_key_new.html", _("New API key"), form=form)

    @action(description=_("Rotate"), permissions=["end"], icon="autorenew")
    def rotate(self, request: DashboardRequest, object_id: str) -> HttpResponse:
        """Ask for the overlap, then show the successor once."""
        key = self._key(request, object_id)
        form = RotateKeyForm(request.POST or None)
        if form.is_valid():
            overlap = timedelta(hours=form.cleaned_data["overlap"])
            try:
                return self._shown_once(request, rotate_key(key, overlap=overlap, by=request.user, at=timezone.now()))
            except Refused as refused:
                form.add_error(None, str(refused))
        return self._page(request, "salesos/api_key_rotate.html", _("Rotate API key"), form=form, original=key)

    @action(description=_("Revoke"), permissions=["end"], icon="block", variant=ActionVariant.DANGER)
    def revoke(self, request: DashboardRequest, object_id: str) -> HttpResponse:
        """Ask, then end the key at once."""
        key = self._key(request, object_id)
        if request.method != "POST":
            return self._page(request, "salesos/api_key_revoke.html", _("Revoke API key"), original=key)
        revoke_key(key, by=request.user, at=timezone.now())
        messages.success(request, _("The key “%(name)s” is revoked: it is refused from now on.") % {"name": key.name})
        return HttpResponseRedirect(reverse("admin:salesos_apikey_changelist"))

    def _key(self, request: DashboardRequest, object_id: str) -> ApiKey:
        key = self.get_object(request, object_id)
        if key is None:
            raise Http404
        return key

    def _issued(self, request: DashboardRequest, given: dict[str, Any]) -> IssuedKey:
        home = request.tenant.sandbox_of or request.tenant
        tenant = home.sandbox if given["kind"] == "test" else request.tenant
        expires_at: datetime | None = given["expires_at"]
        return issue_key(
            tenant,
            name=given["name"],
            scopes=given["scopes"],
            allowlist=given["allowlist"],
            hourly_limit=given["hourly_limit"],
            expires_at=expires_at,
            by=request.user,
        )

    def _shown_once(self, request: DashboardRequest, issued: IssuedKey) -> HttpResponse:
        """The one answer that carries the token; it is kept nowhere, and the browser is told not to keep it either."""
        answer = self._page(
            request,
            "salesos/api_key_token.html",
            _("Your new API key"),
            token=issued.token,
            key=issued.key,
            endpoint=request.build_absolute_uri(reverse("default-integration")),
            is_elsewhere=issued.key.tenant_id != request.tenant.pk,
        )
        answer["Cache-Control"] = "no-store"
        answer["Referrer-Policy"] = "no-referrer"
        return answer

    def _page(
        self, request: DashboardRequest, template: str, title: str | StrPromise, **context: Any
    ) -> TemplateResponse:
        request.current_app = self.admin_site.name
        return TemplateResponse(
            request,
            template,
            {**self.admin_site.each_context(request), "opts": self.opts, "title": title, **context},
        )
