"""Batch imports (SPEC B): files of people, checked and brought into datasets."""
