"""What the screens of a user's own account share."""

from django.http import HttpRequest, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme

from salesos.admin.acting import DashboardRequest
from salesos.admin.screens import Screen


class OwnScreen(Screen):
    """Open to whoever is signed in, whatever their role: it concerns only themselves."""

    @classmethod
    def is_open_to(cls, request: DashboardRequest, *, posting: bool = False) -> bool:
        return request.user.is_authenticated

    def onwards(self, fallback: str) -> HttpResponseRedirect:
        """To where `next` says, if that is here; else to the screen called `fallback`."""
        return HttpResponseRedirect(address) if (address := next_address(self.request)) else self.back(fallback)


def next_address(request: HttpRequest) -> str:
    """What `next` says, empty when it leads to another host or nowhere."""
    address = request.POST.get("next") or request.GET.get("next") or ""
    is_here = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if is_here else ""
