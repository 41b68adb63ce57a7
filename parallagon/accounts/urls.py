"""Addresses of signing in and out."""

from django.urls import path

from parallagon.accounts import provider_views, views

app_name = "accounts"
urlpatterns = [
    path("sign-in", views.sign_in, name="sign-in"),
    path("sign-in/provider", provider_views.leave, name="provider"),
    path("sign-in/provider/back", provider_views.come_back, name="provider-back"),
    path("account/password", views.password, name="password"),
    path("login/", views.login, name="login"),
    path("logout/", views.logout, name="logout"),
]
