"""Addresses below /api/v1/auth/."""

from django.urls import path

from parallagon.accounts.api import views

app_name = "auth"
urlpatterns = [
    path("me", views.MeView.as_view(), name="me"),
    path("token", views.TokenView.as_view(), name="token"),
    path("token/refresh", views.RefreshView.as_view(), name="refresh"),
]
