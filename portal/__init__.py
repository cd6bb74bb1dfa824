"""The firm portal itself: who signs in, to which firm they belong, what they may do, and how it all runs."""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
