"""Addresses of live events."""

from django.urls import path

from jobs.events import api

urlpatterns = [
    path("events", api.EventList.as_view(), name="events"),
    path("events/key", api.EventKey.as_view(), name="events-key"),
]
