"""Addresses of the pages that this app adds to the ones of django-allauth."""

from django.urls import path

from accounts import pages

urlpatterns = [
    path("", pages.home, name="home"),
    path("accounts/me/", pages.me, name="account_me"),
    path("i18n/setlang/", pages.choose_language, name="set_language"),
]
