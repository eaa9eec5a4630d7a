"""What the worker does of leads behind requests."""

from leads import bulk_job

__all__ = ["bulk_job"]
