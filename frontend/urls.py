"""Addresses of the pages."""

from django.urls import path

from frontend import account, invitations, views

app_name = "frontend"

urlpatterns = [
    path("", views.home, name="home"),
    path("editor", views.editor, name="editor"),
    path("editor/<int:mission>", views.editor, name="mission"),
    path("account", account.account, name="account"),
    path("invitations/<str:secret>", invitations.invitation, name="invitation"),
    path("language", views.change_language, name="language"),
    path("signed-out", views.signed_out, name="signed-out"),
    path("favicon.ico", views.favicon),
]
