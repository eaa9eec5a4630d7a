"""Inviting somebody: an e-mail with a link to set a password.

Whoever holds such a link has the account. Where mail is sent, nobody but the invited person ever sees it: an admin who
did could make the account of a stranger's address, and be in the next company that adds this address. Without a mail
server the inviting admin is shown the link once to hand over; then, too, only of a user who has no password yet and
belongs to no other tenant.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from salesos import audit, mailing
from salesos.admin.site import site
from salesos.models import Membership, User
from salesos.password_links import INVITATION_LASTS, link_path


def is_anothers_too(user: User, member: Membership) -> bool:
    """Whether the account is not this tenant's alone."""
    return user.is_platform_staff or user.memberships.exclude(pk=member.pk).exists()


def invite(request: HttpRequest, member: Membership) -> str:
    """Send `member` a link to set a password, or tell somebody who has one that they are a member now. Answers the
    link where the inviting admin may see it, else nothing. Call it in the transaction that makes the member."""
    user = member.user
    audit.record("member.invited", user, changes={"role": ("", member.role)})
    lasts, link = INVITATION_LASTS, ""
    if user.has_usable_password():
        home = request.build_absolute_uri("/")
        mailing.send("added", mailing.write("added", user, tenant=member.tenant, link=home, by=request.user))
    else:
        link = request.build_absolute_uri(link_path(user))
        letter = mailing.write("invited", user, tenant=member.tenant, link=link, lasts=lasts, by=request.user)
        mailing.send("invited", letter)
    return "" if settings.EMAIL_URL or is_anothers_too(user, member) else link


def shows_link(request: HttpRequest, member: Membership, link: str) -> HttpResponse:
    request.current_app = site.name
    context = {
        **site.each_context(request),
        "title": _("Invitation"),
        "member": member,
        "link": link,
        "days": INVITATION_LASTS.days,
    }
    return TemplateResponse(request, "salesos/member_invited.html", context)
