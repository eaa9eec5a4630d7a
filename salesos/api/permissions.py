"""DRF's default permission here: a view that is not one of ours (`salesos.api.views`) answers nobody."""

from typing import Any

from rest_framework.permissions import BasePermission


class Closed(BasePermission):
    def has_permission(self, request: Any, view: Any) -> bool:
        return False
