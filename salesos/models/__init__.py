"""The core's data: tenants, the people in them, the keys to the API and the log of its use."""

from salesos.models.api_key import ApiKey
from salesos.models.collaborator import Collaborator, Team
from salesos.models.request_log import RequestLog
from salesos.models.tenant import Tenant
from salesos.models.user import Membership, User

__all__ = ["ApiKey", "Collaborator", "Membership", "RequestLog", "Team", "Tenant", "User"]
