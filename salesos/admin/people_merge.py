"""Merging two records of one person: choose the other by typing, see both and what follows, confirm; undo."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from salesos.admin.acting import DashboardRequest
from salesos.admin.people import with_figures
from salesos.admin.people_picker import people_like
from salesos.admin.screens import Screen
from salesos.admin.site import site
from salesos.errors import Refused
from salesos.merging import filling, merge_people, undo_merge, why_not_mergeable
from salesos.models import Collaborator, CollaboratorMerge, Team
from salesos.moments import shown_moment
from salesos.roles import MANAGERS

LONGEST_ID = 18
"""Digits that any id of ours fits into."""


def id_in(text: str) -> int:
    """The id that a query or a form names; 0, which nothing has, for what can't be one."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST_ID else 0


class MergePeople(Screen):
    name = "salesos_collaborator_merge"
    title = _("Merge two records of a person")
    template_name = "salesos/people_merge.html"
    may_view, may_post = MANAGERS, MANAGERS

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.object_id: int = kwargs["object_id"]

    def get(self, request: DashboardRequest, object_id: int) -> HttpResponse:
        person, chosen = self._person(object_id), request.GET.get("with", "")
        if chosen:
            return self._preview(person, self._person(id_in(chosen)))
        query = request.GET.get("q", "")[:255]
        return self.page(person=person, query=query, found=people_like(query, without=person.pk))

    def post(self, request: DashboardRequest, object_id: int) -> HttpResponse:
        person = self._person(object_id)
        try:
            if request.POST.get("do") == "undo":
                self._undo(person)
            else:
                self._merge(person)
        except Refused as refused:
            messages.error(request, str(refused))
        return self.back("salesos_collaborator_change", object_id)

    def _merge(self, person: Collaborator) -> None:
        other = self._known(id_in(self.request.POST.get("with", "")))
        merge_people(person, other, by=self.request.user, at=timezone.now())
        messages.success(
            self.request,
            _("“%(other)s” (%(email)s) is merged into “%(name)s”. You can undo this for 24 hours.")
            % {"other": other.name, "email": other.email, "name": person.name},
        )

    def _undo(self, person: Collaborator) -> None:
        merges = CollaboratorMerge.objects.filter(survivor=person).select_related("merged")
        merge = merges.filter(pk=id_in(self.request.POST.get("merge", ""))).first()
        if merge is None:
            raise Refused("unknown_merge", _("There is no such merge."))
        undo_merge(merge, by=self.request.user, at=timezone.now())
        messages.success(
            self.request,
            _("“%(name)s” (%(email)s) is a person of their own again.")
            % {"name": merge.merged.name, "email": merge.merged.email},
        )

    def _preview(self, survivor: Collaborator, merged: Collaborator) -> HttpResponse:
        refused = why_not_mergeable(survivor, merged)
        if refused:
            messages.error(self.request, str(refused))
            return self.back(self.name, survivor.pk)
        with_figures([survivor, merged])
        return self.page(
            template_name="salesos/people_merge_preview.html",
            person=survivor,
            other=merged,
            pairs=list(_pairs(survivor, merged)),
            taken=_taken(survivor, merged),
        )

    def _person(self, object_id: int) -> Collaborator:
        try:
            return self._known(object_id)
        except Refused:
            raise Http404 from None

    def _known(self, object_id: int) -> Collaborator:
        found = Collaborator.objects.select_related("team").filter(pk=object_id).first()
        if found is None:
            raise Refused("unknown_collaborator", _("There is no such collaborator."))
        return found


def _pairs(survivor: Any, merged: Any) -> Any:
    """(what, of the one, of the other), for both records side by side."""
    for title, name in (
        (_("Name"), "name"),
        (_("E-mail"), "email"),
        (_("External id"), "external_id"),
        (_("Team"), "team"),
        (_("Role"), "role"),
        (_("Phone"), "phone"),
        (_("Document"), "document"),
    ):
        yield title, getattr(survivor, name) or "–", getattr(merged, name) or "–"
    yield _("Active"), *(_("yes") if each.is_active else _("no") for each in (survivor, merged))
    points = (number_format(each.figures.points, force_grouping=True) for each in (survivor, merged))
    yield _("Points this month"), *points
    yield _("Last activity"), *(shown_moment(each.figures.last_activity_at) or "–" for each in (survivor, merged))


def _taken(survivor: Collaborator, merged: Collaborator) -> list[tuple[Any, Any]]:
    """(what, value) of the fields that the survivor takes over."""
    titles = {"phone": _("Phone"), "document": _("Document"), "role": _("Role")}
    taken: list[tuple[Any, Any]] = []
    for column, value in filling(survivor, merged).items():
        if column == "team_id":
            taken.append((_("Team"), Team.objects.get(pk=value).name))
        elif column == "metadata":
            taken.append((_("Metadata"), ", ".join(value)))
        else:
            taken.append((titles[column], value))
    return taken


site.add_screen("salesos/collaborator/<int:object_id>/merge/", MergePeople)
