"""The core's data: tenants, their people, the keys to the API, what the API remembers, background work, the trail."""

from salesos.models.api_key import ApiKey
from salesos.models.audit import AuditEntry
from salesos.models.background import BackgroundFile, BackgroundJob, BackgroundPart
from salesos.models.collaborator import Collaborator, CollaboratorMerge, Team
from salesos.models.request_count import RequestCount, RequestsCounted
from salesos.models.request_log import RequestLog
from salesos.models.stored_answer import StoredAnswer
from salesos.models.tenant import Tenant
from salesos.models.user import Membership, User

__all__ = [
    "ApiKey",
    "AuditEntry",
    "BackgroundFile",
    "BackgroundJob",
    "BackgroundPart",
    "Collaborator",
    "CollaboratorMerge",
    "Membership",
    "RequestCount",
    "RequestLog",
    "RequestsCounted",
    "StoredAnswer",
    "Team",
    "Tenant",
    "User",
]
