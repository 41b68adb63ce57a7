"""Celery: cycles, dispatcher ticks and clean-ups in the background."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "parallagon.settings.local")

app = Celery("parallagon")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
