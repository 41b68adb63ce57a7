"""Addresses of signing in and out."""

from django.urls import path

from parallagon.accounts import views

app_name = "accounts"
urlpatterns = [
    path("sign-in", views.sign_in, name="sign-in"),
    path("account/password", views.password, name="password"),
    path("login/", views.login, name="login"),
    path("logout/", views.logout, name="logout"),
]
