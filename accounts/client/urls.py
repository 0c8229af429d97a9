"""Addresses of the client API, below /api/v1/client/."""

from django.urls import path

from accounts.client import views

urlpatterns = [
    path("auth/permissions", views.Permissions.as_view(), name="client-permissions"),
    path("workspace", views.Workspace.as_view(), name="client-workspace"),
]
