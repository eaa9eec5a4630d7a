from django.urls import path

from integrations.default.view import DefaultIntegrationView

# Both spellings answer: a redirect would turn the POST of many clients into a GET.
urlpatterns = [
    path("functions/v1/default-integration", DefaultIntegrationView.as_view(), name="default-integration"),
    path("functions/v1/default-integration/", DefaultIntegrationView.as_view()),
]
