"""What platform staff see above the tenants: all tenants, all users."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from salesos import audit
from salesos.admin import tenant_figures
from salesos.admin.base import PlatformAdmin
from salesos.admin.site import site
from salesos.errors import Refused
from salesos.models import Membership, Tenant, User
from salesos.models.user import normal_email
from salesos.tenants import create_tenant


@admin.register(Tenant, site=site)
class TenantsAdmin(PlatformAdmin):
    """The tenants themselves; each sandbox belongs to its row's tenant. Made whole, never deleted: deactivated."""

    list_display = ("name", "slug", "shows_active", "shows_created")
    list_filter = ("is_active",)
    list_per_page = 200
    search_fields = ("name", "slug")
    actions = None
    fields = ("name", "slug", "time_zone", "language", "is_active")
    change_form_outer_after_template = "salesos/act_in_tenant.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tenant]:
        return super().get_queryset(request).filter(sandbox_of=None)

    def save_model(self, request: HttpRequest, obj: Tenant, form: Any, change: bool) -> None:
        if change:
            obj.save()
            return
        made = create_tenant(obj.name, slug=obj.slug, time_zone=obj.time_zone, language=obj.language)
        obj.pk, obj._state.adding = made.pk, False

    def get_list_display(self, request: HttpRequest) -> tuple[Any, ...]:
        return (*self.list_display, *(column.display for column in tenant_figures.columns()))

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The page's rows with their figures: as many statements for two hundred tenants as for one."""
        changes = super().get_changelist_instance(request)
        changes.result_list = tenant_figures.filled(changes.result_list)
        return changes

    @display(description=_("active"), boolean=True, ordering="is_active")
    def shows_active(self, tenant: Tenant) -> bool:
        return tenant.is_active

    @display(description=_("created at"), ordering="created_at")
    def shows_created(self, tenant: Tenant) -> str:
        return date_format(timezone.localtime(tenant.created_at), "SHORT_DATE_FORMAT")


class NewUserForm(UserCreationForm):
    class Meta:
        model = User
        fields = ("email", "name")
        field_classes: dict[str, Any] = {}

    def clean_email(self) -> str:
        return normal_email(self.cleaned_data["email"])


class ChangedUserForm(UserChangeForm):
    class Meta:
        model = User
        fields = ("email", "name", "is_active", "is_platform_staff", "password")
        field_classes: dict[str, Any] = {}


class MembershipInline(TabularInline):
    """A user's roles, where platform staff see them all."""

    model = Membership
    extra = 0
    fields = ("tenant", "role")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).select_related("tenant", "user")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> forms.Field | None:
        if db_field.name == "tenant":
            kwargs["queryset"] = Tenant.objects.filter(sandbox_of=None)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    has_change_permission = has_delete_permission = has_view_permission

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)


@admin.register(User, site=site)
class UserAdmin(PlatformAdmin, DjangoUserAdmin):
    form = ChangedUserForm
    add_form = NewUserForm
    change_password_form = AdminPasswordChangeForm
    inlines = (MembershipInline,)
    list_display = ("email", "name", "is_active", "shows_platform_staff", "last_login")
    list_filter = ("is_active", "is_platform_staff")
    search_fields = ("email", "name")
    ordering = ("email",)
    filter_horizontal = ()
    actions = None
    readonly_fields = ("last_login", "created_at")
    fieldsets = (
        (None, {"fields": ("email", "name", "password")}),
        (_("Access"), {"fields": ("is_active", "is_platform_staff")}),
        (_("Dates"), {"fields": ("last_login", "created_at")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name", "usable_password", "password1", "password2")}),)

    @display(description=_("platform staff"), boolean=True, ordering="is_platform_staff")
    def shows_platform_staff(self, user: User) -> bool:
        return user.is_platform_staff

    def get_inlines(self, request: HttpRequest, obj: User | None = None) -> Any:
        return super().get_inlines(request, obj) if obj is not None else ()

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        if isinstance(form, AdminPasswordChangeForm):
            # The form has no field of the model's name, and the trail says no more than that it changed.
            return {"password": (True, True)}
        return super().construct_change_message(request, form, formsets, add)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Each role that is given, changed or taken here lands in its tenant's trail."""
        gone = {each.instance.pk: each.instance for each in formset.deleted_forms if each.instance.pk}
        before = Membership.objects.in_bulk([each.instance.pk for each in formset.initial_forms])
        for membership in gone.values():
            audit.record_for(before[membership.pk], "membership.deleted")
        super().save_formset(request, form, formset, change)
        for membership in formset.new_objects:
            audit.record_for(membership, "membership.created", changes={"role": ("", membership.role)})
        for membership, _fields in formset.changed_objects:
            _note_moved(before[membership.pk], membership)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if obj.pk == request.user.pk and not (obj.is_active and obj.is_platform_staff):
            raise Refused("own_access", _("You can't take your own access away: ask a colleague."))
        super().save_model(request, obj, form, change)


def _note_moved(before: Membership, after: Membership) -> None:
    """A role changed in a tenant; or one tenant's taken and another's given."""
    if before.tenant_id == after.tenant_id:
        audit.record_for(after, "membership.changed", changes=audit.changed(before, after, "role"))
        return
    audit.record_for(before, "membership.deleted")
    audit.record_for(after, "membership.created", changes={"role": ("", after.role)})
