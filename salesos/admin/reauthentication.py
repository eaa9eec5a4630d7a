"""Asking again who somebody is, before what can't be taken back: a browser that was left open must not be enough.

    def post(self, request):
        if (elsewhere := must_sign_in_again(request)) is not None:
            return elsewhere
        …

A screen asks when it is opened, too, so that nothing that was typed is lost on the way.
"""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from salesos.sessions import seconds_since_proof

LONGEST = 30 * 60
"""How many seconds a sign-in is good for what is asked again."""


def must_sign_in_again(request: HttpRequest) -> HttpResponse | None:
    """None while the sign-in of `request` is fresh enough; else the way to the screen that asks for the password or
    code, and comes back to the address of this request with a GET."""
    if seconds_since_proof(request) <= LONGEST:
        return None
    query = urlencode({"next": request.get_full_path()})
    return HttpResponseRedirect(f"{reverse('admin:sign_in_again')}?{query}")
