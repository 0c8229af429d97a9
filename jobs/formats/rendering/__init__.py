"""Cells made in Python: the twins of what the formats say in SQL, for jobs whose columns need Python.

One module per format. ``renderer`` makes the function of one column, ``line`` puts its cells into the bytes of a row;
both give exactly what the format's SQL and COPY give for the same value.
"""
