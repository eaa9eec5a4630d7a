"""A user's own affairs: signing in, and whatever concerns their own account.

The pages on the way in are allauth's views (`entrance`, `forgotten`, mounted by `urls`); what is open to whoever is
signed in are screens of the site. Importing the package registers them.
"""

from salesos.admin.account import again, password, profile, second_factor, sessions

__all__ = ["again", "password", "profile", "second_factor", "sessions"]
