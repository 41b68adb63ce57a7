"""Addresses of the whole."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from parallagon import health
from parallagon.overview.api import OverviewView
from parallagon.search.api import SearchView

handler404 = "parallagon.core.api.not_found"
handler500 = "parallagon.core.api.server_error"
urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("health/live", health.live, name="live"),
    path("health/ready", health.ready, name="ready"),
    path("metrics", health.metrics, name="metrics"),
    path("api/v1/schema/", SpectacularAPIView.as_view(), name="schema"),
    path(
        "api/v1/docs/",
        SpectacularSwaggerSplitView.as_view(
            url_name="schema", template_name="parallagon/api_docs.html"
        ),
        name="docs",
    ),
    path("api/v1/auth/", include("parallagon.accounts.api.urls")),
    path("", include("parallagon.accounts.urls")),
    path("api/v1/overview/", OverviewView.as_view(), name="overview"),
    path("api/v1/search", SearchView.as_view(), name="search"),
    path("api/v1/", include("missions.api.urls")),
    path("api/v1/", include("notifications.api.urls")),
    path("api/v1/", include("agents.api.urls")),
    path("", include("frontend.urls")),
]
