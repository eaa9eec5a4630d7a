"""Save, change, delete and choose views of the list of leads. A shared one leaves a line in the audit trail."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from leads.models import DefaultView, SavedView
from salesos import audit
from salesos.errors import Refused
from salesos.models import User
from salesos.retrying import UNIQUE_VIOLATION, sqlstate

MOST_VIEWS = 50
"""Of one user's own, and of those that are shared."""


def save_view(name: str, filters: Mapping[str, str], *, is_shared: bool, by: User) -> SavedView:
    """A new view. `filters` are valid and as text. Raises `Refused` for a name that is taken, or too many."""
    siblings = SavedView.objects.filter(is_shared=True) if is_shared else SavedView.objects.filter(user=by)
    if siblings.count() >= MOST_VIEWS:
        message = _("There are %(most)d views already: delete one first.") % {"most": MOST_VIEWS}
        raise Refused("too_many_views", message)
    view = SavedView(name=name, filters=dict(filters), is_shared=is_shared, user=by)
    with transaction.atomic():
        _keep(view)
        if is_shared:
            audit.record("saved_view.created", view)
    return view


def change_view(view: SavedView, *, by: User, **changes: Any) -> SavedView:
    """The view with another `name`, other `filters`, shared or no longer (`is_shared`). Whoever takes a shared one back
    owns it from then on. Raises `Refused`."""
    was = {name: getattr(view, name) for name in changes}
    differing = {name: value for name, value in changes.items() if value != was[name]}
    if not differing:
        return view
    concerns_others = view.is_shared or differing.get("is_shared", False)
    if differing.get("is_shared") is False:
        view.user = by
    for name, value in differing.items():
        setattr(view, name, value)
    with transaction.atomic():
        _keep(view)
        if concerns_others:
            told = {name: (_told(was[name]), _told(value)) for name, value in differing.items()}
            audit.record("saved_view.changed", view, changes=told)
    return view


@transaction.atomic
def delete_view(view: SavedView) -> None:
    if view.is_shared:
        audit.record("saved_view.deleted", view)
    view.delete()


def default_view(user: User) -> SavedView | None:
    """The view that the list begins with for `user`; None when they chose none, or it is no longer shared."""
    chosen = DefaultView.objects.filter(user=user).values("view_id")
    view: SavedView | None = SavedView.objects.visible_to(user).filter(pk__in=chosen).first()
    return view


def choose_default(view: SavedView | None, *, user: User) -> None:
    """Let `user`'s list begin with `view`, or with all leads."""
    if view is None:
        DefaultView.objects.filter(user=user).delete()
    else:
        DefaultView.objects.update_or_create(user=user, defaults={"view": view})


def _keep(view: SavedView) -> None:
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError as error:
        if sqlstate(error) != UNIQUE_VIOLATION:
            raise
        shared = _("There is a shared view of this name already.")
        own = _("You have a view of this name already.")
        raise Refused("view_exists", shared if view.is_shared else own, field="name") from None


def _told(value: Any) -> Any:
    return "; ".join(f"{name}={text}" for name, text in value.items()) if isinstance(value, dict) else value
