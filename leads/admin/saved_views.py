"""Saved views of the list of leads: saved from the list, looked after here."""

from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from leads.admin.filters import ALL, SORT_TITLES, Chip, LeadFilter, Names
from leads.admin.leads import address_of, view_of
from leads.models import SavedView
from leads.saved_views import change_view, choose_default, default_view, delete_view, save_view
from salesos.admin.acting import DashboardRequest
from salesos.admin.screens import Screen
from salesos.admin.site import site
from salesos.errors import Refused
from salesos.roles import EVERYONE, MANAGERS


class ViewForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=60, widget=UnfoldAdminTextInputWidget(attrs={"required": True}))
    is_shared = forms.BooleanField(label=_("Shared with everybody here"), required=False, widget=UnfoldBooleanWidget)


class NewViewForm(ViewForm):
    is_default = forms.BooleanField(label=_("My list begins with it"), required=False, widget=UnfoldBooleanWidget)


@dataclass(frozen=True, slots=True)
class ShownView:
    view: SavedView
    href: str
    chips: list[Chip]
    sort: str
    is_broken: bool
    """A filter of it names what is not there any more, or can't be read."""
    is_default: bool
    form: ViewForm


class SavedViews(Screen):
    """The views that the user may see. Own ones belong to their user, shared ones to whoever may post here."""

    name = "lead_views"
    title = _("Saved views of leads")
    template_name = "leads/saved_views.html"
    may_view, may_post = EVERYONE, MANAGERS

    def get(self, request: DashboardRequest) -> HttpResponse:
        return self._page()

    def post(self, request: DashboardRequest) -> HttpResponse:
        doing = {
            "save": self._save,
            "change": self._change,
            "update": self._update,
            "delete": self._delete,
            "default": self._choose,
        }
        if request.POST.get("do") not in doing:
            raise Http404
        try:
            return doing[request.POST["do"]]()
        except Refused as refused:
            messages.error(request, str(refused))
            return self.back()

    def _save(self) -> HttpResponse:
        form, filters = NewViewForm(self.request.POST), self._filters()
        if not form.is_valid():
            return self._page(new=form, filters=filters)
        try:
            view = save_view(
                form.cleaned_data["name"],
                filters.kept,
                is_shared=form.cleaned_data["is_shared"],
                by=self.request.user,
            )
        except Refused as refused:
            form.add_error("name", str(refused))
            return self._page(new=form, filters=filters)
        if form.cleaned_data["is_default"]:
            choose_default(view, user=self.request.user)
        messages.success(self.request, _("“%(name)s” is saved.") % {"name": view.name})
        return self._to_list(view)

    def _change(self) -> HttpResponse:
        view = self._view()
        form = ViewForm(self.request.POST, prefix=str(view.pk))
        if not form.is_valid():
            return self._page(changed=(view, form))
        try:
            change_view(view, by=self.request.user, **form.cleaned_data)
        except Refused as refused:
            form.add_error("name", str(refused))
            return self._page(changed=(view, form))
        messages.success(self.request, _("“%(name)s” is saved.") % {"name": view.name})
        return self.back()

    def _update(self) -> HttpResponse:
        view = change_view(self._view(), by=self.request.user, filters=self._filters().kept)
        messages.success(self.request, _("“%(name)s” shows this list from now on.") % {"name": view.name})
        return self._to_list(view)

    def _delete(self) -> HttpResponse:
        view = self._view()
        delete_view(view)
        messages.success(self.request, _("“%(name)s” is deleted. No lead was changed.") % {"name": view.name})
        return self.back()

    def _choose(self) -> HttpResponse:
        view = self._view() if self.request.POST.get("view") != ALL else None
        choose_default(view, user=self.request.user)
        name = view.name if view else _("All leads")
        messages.success(self.request, _("Your list of leads begins with “%(name)s”.") % {"name": name})
        return self.back()

    def _filters(self) -> LeadFilter:
        """The filters that were sent along. Raises `Refused` for what no list can be filtered by."""
        form = LeadFilter(self.request.POST.dict())
        if not form.is_valid():
            raise Refused("bad_filters", _("Some filters can't be read: nothing was saved."))
        return form

    def _view(self) -> SavedView:
        views = list(SavedView.objects.visible_to(self.request.user))
        view = view_of(views, self.request.POST.get("view", ""))
        if view is None:
            raise Http404
        return view

    def _to_list(self, view: SavedView) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:leads") + address_of(view))

    def _page(
        self,
        *,
        new: NewViewForm | None = None,
        filters: LeadFilter | None = None,
        changed: tuple[SavedView, ViewForm] | None = None,
    ) -> HttpResponse:
        chosen = default_view(self.request.user)
        views = list(SavedView.objects.visible_to(self.request.user))
        names = Names(*(view.filters for view in views))
        shown = [
            _shown(view, names, is_default=view == chosen, form=changed[1] if changed and changed[0] == view else None)
            for view in views
        ]
        return self.page(
            new=new,
            filters=filters,
            chips=filters.chips() if filters else [],
            views=shown,
            has_default=chosen is not None,
            all_views=ALL,
        )


def _shown(view: SavedView, names: Names, *, is_default: bool, form: ViewForm | None) -> ShownView:
    filters = LeadFilter(view.filters, names)
    is_valid = filters.is_valid()
    chips = filters.chips()
    if form is None:
        form = ViewForm(prefix=str(view.pk), initial={"name": view.name, "is_shared": view.is_shared})
    return ShownView(
        view,
        href=reverse("admin:leads") + address_of(view),
        chips=chips,
        sort=str(SORT_TITLES[filters.sort.removeprefix("-")][filters.sort.startswith("-")]),
        is_broken=not is_valid or any(chip.is_gone for chip in chips),
        is_default=is_default,
        form=form,
    )


site.add_screen("leads/views/", SavedViews)
