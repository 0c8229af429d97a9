"""Addresses of the API of what people set up for themselves, and of their page of notifications."""

from django.urls import include, path

from jobs.pages import notifications_api, preferences_api, saved_views_api
from jobs.pages.notifications_page import notification_settings

api_urlpatterns = [
    path("notifications", notifications_api.NotificationList.as_view(), name="notifications"),
    path("notifications/read", notifications_api.NotificationRead.as_view(), name="notifications-read"),
    path("me/preferences/<str:page>", preferences_api.PreferenceDetail.as_view(), name="preferences"),
    path("saved-views", saved_views_api.SavedViewList.as_view(), name="saved-views"),
    path("saved-views/<str:key>", saved_views_api.SavedViewDetail.as_view(), name="saved-views-detail"),
    path("saved-views/<str:key>/default", saved_views_api.SavedViewDefault.as_view(), name="saved-views-default"),
]
urlpatterns = [
    path("accounts/notifications/", notification_settings, name="account_notifications"),
    path("api/v1/", include(api_urlpatterns)),
]
