"""Batch tasks (SPEC A4, S2): jobs of every kind in one list. A kind declares a BatchFacade and is part of it."""

from jobs.batch.facade import BatchFacade, TaskDoing, TaskRow, register

__all__ = ["BatchFacade", "TaskDoing", "TaskRow", "register"]
