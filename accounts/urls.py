"""Addresses of the pages that this app adds to the ones of django-allauth."""

from django.urls import path

from accounts import pages, tokens_page

urlpatterns = [
    path("", pages.home, name="home"),
    path("accounts/me/", pages.me, name="account_me"),
    path("accounts/tokens/", tokens_page.api_tokens, name="account_tokens"),
    path("accounts/tokens/<uuid:key>/revoke/", tokens_page.revoke_token, name="account_token_revoke"),
    path("i18n/setlang/", pages.choose_language, name="set_language"),
]
