"""Addresses of the API about oneself."""

from django.urls import path

from accounts import tokens_api

urlpatterns = [
    path("tokens", tokens_api.TokenList.as_view(), name="tokens"),
    path("tokens/<uuid:key>", tokens_api.TokenDetail.as_view(), name="tokens-detail"),
]
