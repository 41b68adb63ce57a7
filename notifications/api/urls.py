"""Addresses below /api/v1/ that are about notifications."""

from django.urls import path

from notifications.api import alerts, views, wishes

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
    path("alerts/", alerts.AlertListView.as_view(), name="alerts"),
    path("alerts/measures/", alerts.MeasureListView.as_view(), name="alert-measures"),
    path("alerts/rules/", alerts.RuleListView.as_view(), name="alert-rules"),
    path("alerts/rules/<int:rule_id>/", alerts.RuleView.as_view(), name="alert-rule"),
    path("alerts/rules/<int:rule_id>/test", alerts.RuleTestView.as_view(), name="alert-rule-test"),
    path("alerts/<int:alert_id>/acknowledge", alerts.AcknowledgeView.as_view(), name="alert-seen"),
    path(f"{_CHANNEL}/test", wishes.TargetTestView.as_view(), name="channel-test"),
]
