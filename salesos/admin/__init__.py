"""The dashboard: Django's admin on django-unfold, inside the tenant that the user acts in.

`site` holds the screens, `acting` opens the fence, `base` has the classes every model's admin inherits. Importing the
package registers the core's models; packages above the core do the same in an `admin` of their own.
"""

from salesos.admin import (
    account,
    api_keys,
    audit_trail,
    background,
    first_steps,
    member_access,
    members,
    palette,
    people,
    people_import,
    people_merge,
    platform,
    request_log,
    tenant_settings,
    unrecognised,
)

__all__ = [
    "account",
    "api_keys",
    "audit_trail",
    "background",
    "first_steps",
    "member_access",
    "members",
    "palette",
    "people",
    "people_import",
    "people_merge",
    "platform",
    "request_log",
    "tenant_settings",
    "unrecognised",
]
