"""The dashboard's screens for leads and deals; importing the package registers them."""

from leads.admin import duplicates, merge

__all__ = ["duplicates", "merge"]
