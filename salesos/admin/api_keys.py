"""API keys: made and shown once, changed, rotated and revoked by admins; auditors look."""

from datetime import datetime, timedelta
from typing import Any, ClassVar, cast

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.forms import Script
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from salesos import audit
from salesos.admin.acting import DashboardRequest
from salesos.admin.api_key_forms import ChangeKeyForm, NewKeyForm, RotateKeyForm
from salesos.admin.api_key_use import expires_soon, recent_use_of, uses_of
from salesos.admin.base import TenantAdmin
from salesos.admin.reauthentication import must_sign_in_again
from salesos.admin.request_chart import brush_chart
from salesos.admin.site import site
from salesos.errors import Refused
from salesos.keys import IssuedKey, issue_key, prefix_of, revoke_key, rotate_key
from salesos.models import ApiKey
from salesos.request_counts import Filter
from salesos.request_search import Search
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
        "shows_last_use",
        "shows_hour",
        "shows_days",
    )
    list_filter = (StateFilter,)
    list_select_related = ("tenant",)
    search_fields = ("name", "key_id")
    actions = None
    actions_detail = ("rotate", "revoke")
    readonly_fields = ("shows_key", "state_in_words", "shows_creator", "created_at", "last_used_at", "last_used_from")
    change_form_outer_after_template = "salesos/api_key_use.html"
    fieldsets = (
        (None, {"fields": ("name", ("shows_key", "state_in_words"))}),
        (_("What it may do"), {"fields": ("scopes", "allowlist", ("hourly_limit", "expires_at"))}),
        (_("Use"), {"fields": (("last_used_at", "last_used_from"), ("shows_creator", "created_at"))}),
    )

    class Media:
        css: ClassVar[dict[str, list[str]]] = {
            "all": ["salesos/charts.css", "salesos/request_log.css", "salesos/api_keys.css"]
        }
        js = (Script("salesos/brush.js", defer=True),)

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        listed = super().get_changelist_instance(request)
        keys = list(listed.result_list)
        uses = uses_of(cast(DashboardRequest, request).tenant, keys, now=timezone.now())
        for key in keys:
            key.use = uses[key.pk]
        listed.result_list = keys
        return listed

    @display(description=_("key"))
    def shows_key(self, key: ApiKey) -> str:
        return f"{prefix_of(key.tenant)}{key.key_id}…"

    @display(
        description=_("state"),
        label={"usable": "success", "ending": "warning", "expired": "warning", "revoked": "danger"},
    )
    def shows_state(self, key: ApiKey) -> tuple[str, str | StrPromise]:
        now = timezone.now()
        if key.revoked_at is not None:
            return "revoked", _("Revoked")
        if not key.is_usable(at=now):
            return "expired", _("Expired")
        if expires_soon(key, now=now) and key.expires_at is not None:
            day = date_format(timezone.localtime(key.expires_at), "SHORT_DATE_FORMAT")
            return "ending", gettext("Expires %(day)s") % {"day": day}
        return "usable", _("Usable")

    @display(description=_("state"))
    def state_in_words(self, key: ApiKey) -> str | StrPromise:
        return self.shows_state(key)[1]

    @display(description=_("created by"), empty_value="–")
    def shows_creator(self, key: ApiKey) -> str | None:
        # Their name alone: the page about a user is for platform staff.
        return str(key.created_by) if key.created_by else None

    @display(description=_("scopes"))
    def shows_scopes(self, key: ApiKey) -> str:
        return ", ".join(key.scopes) or str(_("none: it may do nothing"))

    @display(description=_("last used"), ordering="last_used_at")
    def shows_last_use(self, key: ApiKey) -> str | SafeString:
        if key.last_used_at is None:
            return gettext("never")
        at = date_format(timezone.localtime(key.last_used_at), "SHORT_DATETIME_FORMAT")
        return format_html('<span class="nowrap">{}</span><br><span class="muted">{}</span>', at, key.last_used_from)

    @display(description=_("this hour"))
    def shows_hour(self, key: ApiKey) -> SafeString:
        return render_to_string("salesos/api_key_hour.html", {"hour": key.use.hour})  # type: ignore[attr-defined]

    @display(description=_("30 days"))
    def shows_days(self, key: ApiKey) -> SafeString:
        return render_to_string("salesos/sparkline.html", {"chart": key.use.days})  # type: ignore[attr-defined]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.revoked_at is None)

    def has_end_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Whether the user may rotate and revoke."""
        return self.allows(request, ADMINS)

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        key = self.get_object(request, str(object_id))
        return super().get_actions_detail(request, object_id) if key and key.is_usable(at=timezone.now()) else []

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return audit.record("api_key.changed", obj, changes=message) if message else None

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        key = self.get_object(request, object_id) if request.method in ("GET", "HEAD") else None
        if key is not None and self.has_view_permission(request, key):
            extra_context = {**self._use(cast(DashboardRequest, request), key), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, extra_context)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        if (elsewhere := must_sign_in_again(request)) is not None:
            return elsewhere
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
        if (elsewhere := must_sign_in_again(request)) is not None:
            return elsewhere
        form = RotateKeyForm(request.POST or None)
        if form.is_valid():
            overlap = timedelta(hours=form.cleaned_data["overlap"])
            try:
                issued = rotate_key(key, overlap=overlap, by=request.user, at=timezone.now())
            except Refused as refused:
                form.add_error(None, str(refused))
            else:
                key.refresh_from_db()
                return self._shown_once(request, issued, original=key)
        return self._page(request, "salesos/api_key_rotate.html", _("Rotate API key"), form=form, original=key)

    @action(description=_("Revoke"), permissions=["end"], icon="block", variant=ActionVariant.DANGER)
    def revoke(self, request: DashboardRequest, object_id: str) -> HttpResponse:
        """Say what will break, then end the key at once."""
        key = self._key(request, object_id)
        if (elsewhere := must_sign_in_again(request)) is not None:
            return elsewhere
        if request.method != "POST":
            use = recent_use_of(request.tenant, key, now=timezone.now())
            return self._page(request, "salesos/api_key_revoke.html", _("Revoke API key"), original=key, use=use)
        revoke_key(key, by=request.user, at=timezone.now())
        messages.success(request, _("The key “%(name)s” is revoked: it is refused from now on.") % {"name": key.name})
        return HttpResponseRedirect(reverse("admin:salesos_apikey_changelist"))

    def _use(self, request: DashboardRequest, key: ApiKey) -> dict[str, Any]:
        now = timezone.now()
        use, only = recent_use_of(request.tenant, key, now=now), Search(only=Filter(key=key.pk))
        chart = brush_chart(request.tenant, only, {"key": str(key.pk)}, now=now)
        return {"use": use, "chart": chart, "ends_soon": expires_soon(key, now=now)}

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

    def _shown_once(self, request: DashboardRequest, issued: IssuedKey, original: ApiKey | None = None) -> HttpResponse:
        """The one answer that carries the token; it is kept nowhere, and the browser is told not to keep it either."""
        answer = self._page(
            request,
            "salesos/api_key_token.html",
            _("Your new API key"),
            token=issued.token,
            key=issued.key,
            endpoint=request.build_absolute_uri(reverse("default-integration")),
            replaced=original,
            is_over=original is not None and not original.is_usable(at=timezone.now()),
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
