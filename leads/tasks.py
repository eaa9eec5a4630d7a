"""What the background worker does for leads: importing registers it."""

from leads import bulk_job
from leads.importing import jobs

__all__ = ["bulk_job", "jobs"]
