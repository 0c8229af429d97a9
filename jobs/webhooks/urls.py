"""Addresses of the API of webhooks."""

from django.urls import path

from jobs.webhooks import api

urlpatterns = [
    path("webhooks", api.WebhookList.as_view(), name="webhooks"),
    path("webhooks/<str:key>", api.WebhookDetail.as_view(), name="webhooks-detail"),
    path("webhooks/<str:key>/rotate", api.WebhookRotate.as_view(), name="webhooks-rotate"),
    path("webhooks/<str:key>/test", api.WebhookTest.as_view(), name="webhooks-test"),
    path("webhooks/<str:key>/deliveries", api.WebhookDeliveries.as_view(), name="webhooks-deliveries"),
    path("webhooks/<str:key>/deliveries/<str:message_id>/resend", api.WebhookResend.as_view(), name="webhooks-resend"),
]
