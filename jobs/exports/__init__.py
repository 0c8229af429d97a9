"""Exports: from a request to a verified file in the right hands."""
