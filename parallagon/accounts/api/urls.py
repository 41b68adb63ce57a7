"""Addresses below /api/v1/auth/."""

from django.urls import path

from parallagon.accounts.api import keys, sessions, views

app_name = "auth"
urlpatterns = [
    path("me", views.MeView.as_view(), name="me"),
    path("token", views.TokenView.as_view(), name="token"),
    path("token/refresh", views.RefreshView.as_view(), name="refresh"),
    path("token/revoke", views.RevokeView.as_view(), name="revoke"),
    path("socket-ticket/", views.SocketTicketView.as_view(), name="socket-ticket"),
    path("password", sessions.PasswordView.as_view(), name="password"),
    path("sessions/", sessions.SessionListView.as_view(), name="sessions"),
    path("sessions/<int:session_id>/", sessions.SessionView.as_view(), name="session"),
    path(
        "sessions/sign-out-everywhere",
        sessions.SignOutEverywhereView.as_view(),
        name="sign-out-everywhere",
    ),
    path("keys/", keys.KeyListView.as_view(), name="keys"),
    path("keys/<int:key_id>/", keys.KeyView.as_view(), name="key"),
]
