"""What every model's admin inherits: roles in place of Django's permissions, and a no that is not a crash."""

import re
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DataError, IntegrityError, models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold import paginator
from unfold.admin import ModelAdmin

from salesos import audit
from salesos.admin import history
from salesos.admin.acting import DashboardRequest
from salesos.admin.screens import CLASH
from salesos.errors import Refused
from salesos.roles import NOBODY, Role
from salesos.tenancy import Tenanted

MOST_PAGES = 200
"""Behind this page of a big list a filter finds what turning pages does not: the database would read all of them."""


class InfinitePaginator(paginator.InfinitePaginator):
    """For big tables: never counts. Unfold's templates know it by the name of its class."""

    @cached_property
    def count(self) -> int:
        return MOST_PAGES * self.per_page


class TenantForm(forms.ModelForm):
    """Validates uniqueness and foreign keys within the tenant, which no form has as a field."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self.instance, Tenanted):
            self.instance.take_tenant()

    def _get_validation_exclusions(self) -> set[str]:
        return super()._get_validation_exclusions() - {"tenant"}  # type: ignore[misc]  # not in the stubs


def form_changes(form: forms.ModelForm) -> dict[str, tuple[Any, Any]]:
    """What a valid form changes: field → (before, after), rows by their names."""
    return {
        name: (_shown(form.fields[name], form.get_initial_for_field(form.fields[name], name)), form.cleaned_data[name])
        for name in form.changed_data
        if name in form.cleaned_data
    }


def _shown(field: forms.Field, initial: Any) -> Any:
    if isinstance(field, forms.ModelChoiceField) and initial:
        return next(iter(field.queryset.filter(pk=initial)), None) if field.queryset is not None else None
    return initial


class RoleAdmin(ModelAdmin):
    """A model's screens, opened by role. Safe by default: nobody may do anything until a subclass says so."""

    may_view: ClassVar[frozenset[Role]] = NOBODY
    may_add: ClassVar[frozenset[Role]] = NOBODY
    may_change: ClassVar[frozenset[Role]] = NOBODY
    may_delete: ClassVar[frozenset[Role]] = NOBODY

    list_per_page = 50
    list_filter_submit = True
    compressed_fields = True
    warn_unsaved_form = True
    has_history: ClassVar[bool] = True
    """Whether the form leads to what the audit trail says of the row."""

    def allows(self, request: HttpRequest, roles: frozenset[Role]) -> bool:
        return getattr(request, "role", None) in roles

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self.allows(request, self.may_view)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.allows(request, self.may_add)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self.allows(request, self.may_change)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self.allows(request, self.may_delete)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """By the list's own filters alone: Django lets every column be asked, a secret's hash letter by letter."""
        filters = [each[0] if isinstance(each, tuple) else each for each in self.get_list_filter(request)]
        offered = {each if isinstance(each, str) else getattr(each, "parameter_name", "") for each in filters}
        columns = {name for field in self.opts.concrete_fields for name in (field.name, field.attname)}
        asked = lookup.partition("__")[0]
        return (asked in offered or asked not in columns) and super().lookup_allowed(lookup, value, request)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Without Django's mass deletion: what may be deleted is deleted one at a time, by its own rules."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    # What Django would write into its own log of the admin, the tenant's audit trail gets.

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        return form_changes(form)

    def log_addition(self, request: HttpRequest, obj: models.Model, message: Any) -> Any:
        self._note(obj, "created", message)

    def log_change(self, request: HttpRequest, obj: models.Model, message: Any) -> Any:
        self._note(obj, "changed", message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        for row in queryset:
            self._note(row, "deleted", {})

    def _note(self, row: models.Model, what: str, changes: Any) -> None:
        if what == "changed" and changes == {}:
            return
        audit.record_for(row, f"{self.noun}.{what}", changes=changes if isinstance(changes, dict) else {})

    @property
    def noun(self) -> str:
        """What the audit trail calls a row, like `api_key`."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", self.opts.object_name or "").lower()

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """What the audit trail says of one row, for whoever may see the row."""
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        return history.page(cast(DashboardRequest, request), self, row)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.method == "POST" and not self.get_actions(request):
            raise PermissionDenied
        if not all(map(self._could_be_id, request.POST.getlist(ACTION_CHECKBOX_NAME))):
            messages.error(request, _("Some of what you selected does not exist. Nothing was changed."))
            return HttpResponseRedirect(request.get_full_path())
        more = {"title": capfirst(self.opts.verbose_name_plural), **(extra_context or {})}
        return self._answer_refusals(request, super().changelist_view, request, more)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        is_new = object_id is None
        # Whoever corrects one row is not about to make another; two buttons say enough.
        more = {
            "show_history": self.has_history and not is_new,
            "show_save_and_add_another": is_new,
            **(extra_context or {}),
        }
        return self._answer_refusals(request, super().changeform_view, request, object_id, form_url, more)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return self._answer_refusals(request, super().delete_view, request, object_id, extra_context)

    def _could_be_id(self, text: str) -> bool:
        """Whether a row could have this id; the query would raise for any other text."""
        try:
            self.opts.pk.to_python(text)
        except ValidationError:
            return False
        return True

    def _answer_refusals(self, request: HttpRequest, view: Any, *args: Any) -> HttpResponse:
        """The view's answer; a rule's no, and a race that only the database could decide, become a message."""
        try:
            return view(*args)
        except Refused as refused:
            messages.error(request, str(refused))
        except (IntegrityError, DataError):
            if request.method != "POST":
                raise
            messages.error(request, CLASH)
        return HttpResponseRedirect(request.get_full_path())

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        raise Http404


class TenantAdmin(RoleAdmin):
    """Base for tenant data: the model's own fenced manager answers, its form validates inside the tenant."""

    form = TenantForm


class ReadOnlyAdmin(TenantAdmin):
    """For logs and evidence: a big table to look at, newest first, that nobody changes from here."""

    paginator = InfinitePaginator
    show_full_result_count = False
    # Unfold's filters would count the table once for each of their choices.
    show_facets = admin.ShowFacets.NEVER
    ordering = ("-id",)
    # Any other order would sort the whole table.
    sortable_by = ()
    actions = None
    warn_unsaved_form = False
    has_history = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class PlatformAdmin(RoleAdmin):
    """For what belongs to no tenant: platform staff only."""

    def allows(self, request: HttpRequest, roles: frozenset[Role]) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False
