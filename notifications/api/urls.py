"""Addresses below /api/v1/ that are about notifications."""

from django.urls import path

from notifications.api import views, wishes

_CHANNEL = "notifications/channels/<str:channel>"

urlpatterns = [
    path("notifications/", views.NotificationListView.as_view(), name="notifications"),
    path("notifications/read-all", views.ReadAllView.as_view(), name="notifications-read-all"),
    path(
        "notifications/<int:notification_id>/read",
        views.ReadView.as_view(),
        name="notification-read",
    ),
    path("notifications/preferences/", wishes.PreferencesView.as_view(), name="preferences"),
    path("notifications/channels/", wishes.TargetListView.as_view(), name="channels"),
    path(f"{_CHANNEL}/", wishes.TargetView.as_view(), name="channel"),
    path(f"{_CHANNEL}/test", wishes.TargetTestView.as_view(), name="channel-test"),
]
