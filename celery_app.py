"""Celery: cycles, dispatcher ticks and clean-ups in the background."""

import os

from celery import Celery

from parallagon.core import background as background  # its signals: what every task does
from parallagon.core import broker, heartbeats

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "parallagon.settings.local")

broker.register()
heartbeats.register()
app = Celery("parallagon")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
