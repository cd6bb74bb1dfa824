"""The Celery application. Two queues: ``people`` for what a person waits for, ``background`` for everything else."""

import os

from celery import Celery

from portal import logs  # noqa: F401  by which workers log as the settings say

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
