"""A user's own affairs: signing in and whatever concerns their own account. Importing the package registers the
screens."""

from salesos.admin.account import again

__all__ = ["again"]
