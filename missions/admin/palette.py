"""What the command palette finds of missions: missions by name, codes by number or label."""

from collections.abc import Iterator

from django.db.models import Q
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from missions.models import Mapping, Mission
from salesos.admin.acting import DashboardRequest
from salesos.admin.palette import LEAST_LETTERS, MOST_OF_A_KIND, Found, form_of, may_see
from salesos.admin.site import site


def missions(request: DashboardRequest, text: str) -> Iterator[Found]:
    if len(text) < LEAST_LETTERS or request.tenant is None:
        return
    if may_see(request, Mission):
        for mission in Mission.objects.filter(name__icontains=text)[:MOST_OF_A_KIND]:
            yield Found(mission.name, _("Mission"), form_of(mission), "flag")
    if site.screens["configure"].is_open_to(request):
        codes = Mapping.objects.select_related("mission").filter(Q(label__icontains=text) | Q(code__startswith=text))
        for mapping in codes[:MOST_OF_A_KIND]:
            title = f"{mapping.code} · {mapping.label}" if mapping.label else mapping.code
            href = f"{reverse('admin:configure')}?{urlencode({'source': mapping.source, 'q': mapping.code})}"
            yield Found(title, _("Code"), href, "tune", mapping.mission.name)
