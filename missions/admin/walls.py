"""The screens of wall links: make one, see when each was last shown, revoke it."""

from typing import cast

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from missions.models import Mission, WallLink
from missions.periods import Period
from missions.walls.links import LONGEST_NAME, PERIODS, IssuedLink, create_link, revoke_link
from missions.walls.views import private
from salesos.admin.acting import DashboardRequest
from salesos.admin.screens import Screen
from salesos.admin.site import site
from salesos.errors import Refused
from salesos.models import Team
from salesos.roles import EVERYONE, MANAGERS

MOST_SHOWN = 200


class WallForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=LONGEST_NAME,
        help_text=_("Stands on the wall in large letters, like “Sales floor”."),
        widget=UnfoldAdminTextInputWidget({"autocomplete": "off"}),
    )
    period = forms.ChoiceField(
        label=_("Period"),
        choices=[(period.value, period.label) for period in PERIODS],
        initial=Period.WEEK,
        widget=UnfoldAdminSelectWidget,
    )
    by_team = forms.BooleanField(label=_("Teams instead of people"), required=False, widget=UnfoldBooleanSwitchWidget)
    team: "forms.ModelChoiceField[Team]" = forms.ModelChoiceField(
        label=_("Team"), queryset=None, required=False, empty_label=_("All teams"), widget=UnfoldAdminSelectWidget
    )
    mission: "forms.ModelChoiceField[Mission]" = forms.ModelChoiceField(
        label=_("Mission"), queryset=None, required=False, empty_label=_("All missions"), widget=UnfoldAdminSelectWidget
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        cast("forms.ModelChoiceField[Team]", self.fields["team"]).queryset = Team.objects.all()
        cast("forms.ModelChoiceField[Mission]", self.fields["mission"]).queryset = Mission.objects.all()


class Walls(Screen):
    """The links there are, and a form for another one. The full link is in the one answer that follows its making."""

    name = "walls"
    title = _("Walls")
    template_name = "missions/walls.html"
    may_view, may_post = EVERYONE, MANAGERS

    def get(self, request: DashboardRequest) -> HttpResponse:
        # From a board as it is shown, where the address says so.
        given = {name: value for name, value in request.GET.dict().items() if name in ("period", "mission", "team")}
        return self._shown(WallForm(initial={**given, "by_team": request.GET.get("by") == "teams"}))

    def post(self, request: DashboardRequest) -> HttpResponse:
        form = WallForm(request.POST)
        if form.is_valid():
            try:
                return self._shown_once(create_link(**form.cleaned_data, by=request.user))
            except Refused as refused:
                form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        return self._shown(form)

    def _shown(self, form: WallForm) -> HttpResponse:
        links = WallLink.objects.select_related("team", "mission", "created_by").order_by("-created_at", "-pk")
        usable = list(links.filter(revoked_at=None)[:MOST_SHOWN])
        ended = list(links.exclude(revoked_at=None)[:20])
        for link in usable + ended:
            link.shown_period = Period(link.period).label  # type: ignore[attr-defined]  # for the template
        return self.page(form=form, links=usable + ended, most=MOST_SHOWN)

    def _shown_once(self, issued: IssuedLink) -> HttpResponse:
        url = self.request.build_absolute_uri(reverse("wall", args=[issued.token]))
        answer: HttpResponse = private(self.page(template_name="missions/wall_link.html", link=issued.link, url=url))
        return answer


class RevokeWall(Screen):
    """Asks, then ends the link at once."""

    name = "missions_walllink_revoke"
    title = _("Revoke wall link")
    template_name = "missions/wall_revoke.html"
    may_view = may_post = MANAGERS

    def get(self, request: DashboardRequest, object_id: int) -> HttpResponse:
        return self.page(link=self._link(object_id))

    def post(self, request: DashboardRequest, object_id: int) -> HttpResponse:
        link = self._link(object_id)
        revoke_link(link, by=request.user, at=timezone.now())
        messages.success(request, _("The wall “%(name)s” shows nothing any more.") % {"name": link.name})
        return self.back("walls")

    def _link(self, object_id: int) -> WallLink:
        link = WallLink.objects.filter(pk=object_id).first()
        if link is None:
            raise Http404
        return link


site.add_screen("missions/walls/", Walls)
site.add_screen("missions/walls/<int:object_id>/revoke/", RevokeWall)
