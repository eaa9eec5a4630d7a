"""Who may sign in to a tenant, and as what: kept by its admins. Nobody chooses another one's password."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminTextInputWidget

from salesos.admin.base import RoleAdmin
from salesos.admin.invitations import invite, shows_link
from salesos.admin.site import site
from salesos.errors import Refused
from salesos.models import Membership, Tenant
from salesos.models.user import normal_email
from salesos.roles import ADMINS, AUDITORS, Role
from salesos.tenancy import current_tenant
from salesos.tenants import create_user


def home_tenant() -> Tenant:
    """The tenant that the present one belongs to: a sandbox has no members of its own."""
    tenant = current_tenant()
    return tenant.sandbox_of or tenant


def refuse_losing_the_last_admin(member: Membership) -> None:
    """Raise `Refused` when nobody but `member` is an admin of the tenant. Call it in the changing transaction."""
    others = Membership.objects.select_for_update().filter(tenant=member.tenant_id, role=Role.ADMIN)
    # Locked all, so that two admins who demote each other at the same moment don't both succeed.
    if {other.pk for other in others} == {member.pk}:
        raise Refused("last_admin", _("A tenant keeps at least one admin: name another one first."), field="role")


class NewMemberForm(forms.ModelForm):
    email = forms.EmailField(
        label=_("E-mail"),
        widget=UnfoldAdminEmailInputWidget,
        help_text=_("We send an invitation there. Who has a user already signs in as before."),
    )
    name = forms.CharField(label=_("Name"), max_length=255, required=False, widget=UnfoldAdminTextInputWidget)

    class Meta:
        model = Membership
        fields = ("role",)

    def clean_email(self) -> str:
        email = normal_email(self.cleaned_data["email"])
        if Membership.objects.filter(tenant=home_tenant(), user__email=email).exists():
            raise ValidationError(_("This person is a member already."))
        return email


@admin.register(Membership, site=site)
class MembershipAdmin(RoleAdmin):
    may_view, may_add, may_change, may_delete = AUDITORS, ADMINS, ADMINS, ADMINS
    list_display = ("shows_person", "shows_email", "shows_role", "created_at")
    list_display_links = ("shows_person",)
    list_filter = ("role",)
    list_select_related = ("user", "tenant")
    search_fields = ("user__email", "user__name")
    ordering = ("user__email",)
    actions = None
    fields = ("shows_person", "shows_email", "role")
    readonly_fields = ("shows_person", "shows_email")
    change_form_outer_after_template = "salesos/member_access_link.html"
    add_fieldsets = ((None, {"fields": ("email", "name", "role")}),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        # Memberships are no tenant data to the fence (a user asks for theirs in all tenants): narrowed here.
        return super().get_queryset(request).filter(tenant=home_tenant())

    def get_form(self, request: HttpRequest, obj: Membership | None = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            kwargs["form"] = NewMemberForm
        return super().get_form(request, obj, change, **kwargs)

    @display(description=_("person"), ordering="user__name")
    def shows_person(self, member: Membership) -> str:
        return str(member.user)

    @display(description=_("e-mail"), ordering="user__email")
    def shows_email(self, member: Membership) -> str:
        return member.user.email

    @display(description=_("role"), ordering="role", label={"admin": "primary", "manager": "info"})
    def shows_role(self, member: Membership) -> tuple[str, str]:
        return member.role, member.get_role_display()

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        if not change:
            self._add(request, obj, form.cleaned_data)
            return
        with transaction.atomic():
            if obj.role != Role.ADMIN:
                refuse_losing_the_last_admin(obj)
            obj.save(update_fields=["role"])

    def _add(self, request: HttpRequest, member: Membership, given: dict[str, Any]) -> None:
        home = home_tenant()
        with transaction.atomic():
            user = create_user(given["email"], tenant=home, role=Role(given["role"]), name=given["name"])
            saved = Membership.objects.get(tenant=home, user=user)
            member.pk, member.user, member.tenant, member._state.adding = saved.pk, user, home, False
            request.invitation = invite(request, member)  # type: ignore[attr-defined] # shown by response_add

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """The invitation has left its line in the audit trail already."""

    def response_add(self, request: HttpRequest, obj: Membership, post_url_continue: str | None = None) -> HttpResponse:
        """The page that shows the invitation's link, once; for somebody who has a password already, the list."""
        link = getattr(request, "invitation", "")
        if not link:
            known = _("%(email)s had a user already and signs in as before.")
            # Belongs to another company, too: who sets the first password is not for one admin to choose.
            told = known if obj.user.has_usable_password() else _("We have sent an invitation to %(email)s.")
            messages.info(request, told % {"email": obj.user.email})
            return self.response_post_save_add(request, obj)
        return shows_link(request, obj, link)

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        with transaction.atomic():
            refuse_losing_the_last_admin(obj)
            obj.delete()
