"""Addresses of batch tasks."""

from django.urls import path

from jobs.batch import api

urlpatterns = [
    path("batch-tasks", api.TaskList.as_view(), name="batch-tasks"),
    path("batch-tasks/<str:number>", api.TaskDetail.as_view(), name="batch-tasks-detail"),
]
