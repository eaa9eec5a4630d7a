"""Wall links: made, revoked, and found by what stands in their address."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from missions.models import Mission, WallLink
from missions.periods import Period
from salesos import audit
from salesos.errors import Refused
from salesos.models import Team, User

TOKEN = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
PERIODS = (Period.TODAY, Period.WEEK, Period.MONTH, Period.QUARTER, Period.ALL)
"""What a wall can show: the periods that move on by themselves."""
LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class IssuedLink:
    """A new link with its token, which is kept nowhere: whoever makes the link sees it once."""

    link: WallLink
    token: str


@transaction.atomic
def create_link(
    *,
    name: str,
    period: Period,
    by_team: bool = False,
    team: Team | None = None,
    mission: Mission | None = None,
    by: User | None,
) -> IssuedLink:
    """Let whoever knows the token see this board without signing in. Raises `Refused`.

    `team` is for boards of people: a board of teams shows all of them.
    """
    name = name.strip()
    if not name or len(name) > LONGEST_NAME:
        message = _("A wall needs a name of at most %(most)d characters.") % {"most": LONGEST_NAME}
        raise Refused("bad_name", message, field="name")
    if period not in PERIODS:
        raise Refused("bad_period", _("A wall can't show this period."), field="period")
    token = secrets.token_urlsafe(32)
    link = WallLink.objects.create(
        name=name,
        token_hash=_hash(token),
        period=period,
        by_team=by_team,
        team=None if by_team else team,
        mission=mission,
        created_by=by,
    )
    told = {"period": Period(period).value, "by_team": by_team, "team": link.team, "mission": link.mission}
    audit.record("wall_link.created", link, changes={field: (None, value) for field, value in told.items()}, by=by)
    return IssuedLink(link, token)


@transaction.atomic
def revoke_link(link: WallLink, *, by: User | None, at: datetime) -> None:
    """End the link: whoever has it sees nothing from the next request on. Once is enough; again does nothing."""
    if WallLink.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=at):
        link.revoked_at = at
        audit.record("wall_link.revoked", link, by=by)


def find_link(token: str) -> WallLink | None:
    """The usable link of a token, with its tenant, team and mission; None for a revoked one as for an unknown one, and
    for a tenant's that is not active. One statement."""
    if not TOKEN.fullmatch(token):
        return None
    links = WallLink.objects.every_tenant(reason="a wall is known by its link before its tenant is")
    link = (
        links.filter(token_hash=_hash(token), revoked_at=None, tenant__is_active=True)
        .select_related("tenant__sandbox_of", "team", "mission")
        .first()
    )
    # A sandbox lives no longer than the tenant that it belongs to.
    if link is None or (link.tenant.sandbox_of is not None and not link.tenant.sandbox_of.is_active):
        return None
    return link


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
