"""Where one is signed in, and ending it."""

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from salesos import sessions
from salesos.admin.account.screens import OwnScreen
from salesos.admin.acting import DashboardRequest
from salesos.admin.site import site
from salesos.request_log import entry_of
from salesos.user_trail import record_of_user


class Sessions(OwnScreen):
    name = "account_sessions"
    title = _("Where you are signed in")
    template_name = "usersessions/usersession_list.html"

    def get(self, request: DashboardRequest) -> HttpResponse:
        found = sessions.sessions_of(request.user, request)
        return self.page(sessions=found, has_others=any(not session.is_this_one for session in found))

    def post(self, request: DashboardRequest) -> HttpResponse:
        chosen = request.POST.get("end", "")
        if chosen == "others":
            self._end_others(request)
        elif chosen.isascii() and chosen.isdecimal() and len(chosen) < 20:
            self._end_one(request, int(chosen))
        return self.back()

    def _end_others(self, request: DashboardRequest) -> None:
        count = sessions.end_others(request.user, but=request.session.session_key)
        if count:
            self._record(count)
        told = ngettext("%(count)d other session has ended.", "%(count)d other sessions have ended.", count)
        messages.success(request, told % {"count": count})

    def _end_one(self, request: DashboardRequest, row_id: int) -> None:
        ended = sessions.end_one(request.user, row_id)
        if ended is None:
            messages.info(request, _("That session was over already."))
            return
        self._record(1)
        messages.success(request, _("The session on %(device)s has ended.") % {"device": ended.device})

    def _record(self, count: int) -> None:
        address = entry_of(self.request).address
        record_of_user(self.request.user, "user.sessions_ended", address=address, changes={"sessions": (count, 0)})


site.add_screen("account/sessions/", Sessions)
