"""Sign-in for programs."""

from django.urls import path

from accounts.signin import api

urlpatterns = [
    path("token", api.TokenObtain.as_view(), name="token_obtain"),
    path("token/refresh", api.TokenRefresh.as_view(), name="token_refresh"),
    path("logout", api.SignOut.as_view(), name="token_logout"),
]
