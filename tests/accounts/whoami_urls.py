"""The product's addresses and one more that tells a bearer who they are."""

from django.urls import path
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from exportcenter import urls


@api_view(["GET"])
def whoami(request: Request) -> Response:
    return Response({"username": request.user.username})


urlpatterns = [path("api/v1/whoami", whoami), *urls.urlpatterns]
handler403 = urls.handler403
