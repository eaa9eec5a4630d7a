"""Who may sign in to a tenant, and as what: kept by its admins."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from salesos.admin.base import RoleAdmin
from salesos.admin.site import site
from salesos.errors import Refused
from salesos.models import Membership, Tenant, User
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
    email = forms.EmailField(label=_("E-mail"), widget=UnfoldAdminEmailInputWidget)
    name = forms.CharField(label=_("Name"), max_length=255, required=False, widget=UnfoldAdminTextInputWidget)
    password = forms.CharField(
        label=_("First password"),
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("For somebody new here; hand it over in person. Who has a user already keeps their password."),
    )

    class Meta:
        model = Membership
        fields = ("role",)

    def clean_email(self) -> str:
        email = normal_email(self.cleaned_data["email"])
        if Membership.objects.filter(tenant=home_tenant(), user__email=email).exists():
            raise ValidationError(_("This person is a member already."))
        return email

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        email, password = given.get("email"), given.get("password")
        if not email:
            return given
        if User.objects.filter(email=email).exists():
            if password:
                self.add_error("password", _("This person has a user already and keeps their own password."))
        elif not password:
            self.add_error("password", _("Somebody new needs a first password."))
        else:
            try:
                validate_password(password, User(email=email, name=given.get("name", "")))
            except ValidationError as error:
                self.add_error("password", error)
        return given


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
    add_fieldsets = ((None, {"fields": ("email", "name", "role", "password")}),)

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
        is_known = User.objects.filter(email=given["email"]).exists()
        user = create_user(
            given["email"],
            tenant=home,
            role=Role(given["role"]),
            password=given["password"] or None,
            name=given["name"],
        )
        saved = Membership.objects.get(tenant=home, user=user)
        member.pk, member.user, member.tenant, member._state.adding = saved.pk, user, home, False
        if is_known:
            messages.info(request, _("%(email)s had a user already and signs in as before.") % {"email": user.email})

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        with transaction.atomic():
            refuse_losing_the_last_admin(obj)
            obj.delete()
