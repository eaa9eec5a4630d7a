"""Every address of the product. Packages above the core are named by dotted strings, never imported."""

from django.urls import include, path, re_path
from django.views.generic import RedirectView

from salesos import health
from salesos.admin.site import site
from salesos.api import docs, openapi

handler400 = "salesos.api.fallbacks.bad_request"
handler404 = "salesos.api.fallbacks.not_found"
handler500 = "salesos.api.fallbacks.server_error"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("dashboard/account/", include("salesos.admin.account.urls")),
    path("dashboard/", site.urls),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    re_path(r"^api/schema/?$", openapi.schema, name="api-schema"),
    re_path(r"^api/docs/?$", docs.docs, name="api-docs"),
    path("", include("missions.walls.urls")),
    path("", include("integrations.default.urls")),
    path("", include("leads.api.urls")),
    path("", include("salesos.api.people_urls")),
    path("", include("missions.urls")),
]
