"""What an admin can do for a member who can't get in: a new invitation, or taking a lost second factor away."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from salesos import audit, mailing, second_factor
from salesos.admin.acting import DashboardRequest
from salesos.admin.invitations import invite, is_anothers_too, shows_link
from salesos.admin.members import home_tenant
from salesos.admin.reauthentication import must_sign_in_again
from salesos.admin.screens import Screen
from salesos.admin.site import site
from salesos.models import Membership, User
from salesos.roles import ADMINS


def why_not_reset(member: Membership, *, by: User) -> str | StrPromise | None:
    """Why `by` may not take the member's second factor away; None when they may.

    An account that several companies rely on is not one company's to weaken: there platform staff decide, who can ask
    all of them.
    """
    if not by.is_platform_staff and is_anothers_too(member.user, member):
        return _("This person belongs to other companies, too, or to the platform: ask the platform's staff.")
    if not second_factor.is_on(member.user):
        return _("This person has no second factor.")
    return None


def why_not_invite(member: Membership, *, by: User) -> str | StrPromise | None:
    """Why `by` may not make a new link; None when they may."""
    if member.user.has_usable_password():
        return _(
            "This person has a password. A forgotten one is set anew by “Forgotten your password?” on the sign-in page."
        )
    if not by.is_platform_staff and is_anothers_too(member.user, member):
        return _("This person belongs to other companies, too, or to the platform: ask the platform's staff.")
    return None


@transaction.atomic
def reset_second_factor(user: User) -> None:
    """Take it away; the password alone opens the account then. The user is told by e-mail."""
    if second_factor.switch_off(user):
        audit.record("member.second_factor_reset", user)
        mailing.send("second_factor_off", mailing.write("second_factor_off", user))


class MemberAccess(Screen):
    name = "salesos_membership_access"
    title = _("A member's access")
    template_name = "salesos/member_access.html"
    may_view = may_post = ADMINS

    def get(self, request: DashboardRequest, member_id: int) -> HttpResponse:
        member = self._member(member_id)
        return must_sign_in_again(request) or self._page(member)

    def post(self, request: DashboardRequest, member_id: int) -> HttpResponse:
        member = self._member(member_id)
        if (elsewhere := must_sign_in_again(request)) is not None:
            return elsewhere
        doing = request.POST.get("do")
        if doing == "invite" and not why_not_invite(member, by=request.user):
            with transaction.atomic():
                link = invite(request, member)
            if link:
                return shows_link(request, member, link)
        elif doing == "reset" and not why_not_reset(member, by=request.user):
            reset_second_factor(member.user)
            messages.success(request, _("The second factor of %(person)s is off.") % {"person": member.user})
        return self.back(self.name, member.pk)

    def _member(self, member_id: int) -> Membership:
        members = Membership.objects.select_related("user", "tenant").filter(tenant=home_tenant())
        if (member := members.filter(pk=member_id).first()) is None:
            raise Http404
        return member

    def _page(self, member: Membership) -> HttpResponse:
        context: dict[str, Any] = {
            "member": member,
            "why_not_reset": why_not_reset(member, by=self.request.user),
            "why_not_invite": why_not_invite(member, by=self.request.user),
        }
        return self.page(**context)


site.add_screen("salesos/membership/<int:member_id>/access/", MemberAccess)
