"""Files of people as rows (SPEC B1, B7): no Django, no database, flat memory. docs/architecture.md, “Reading files”.

    table = open_table(path, "orders.csv")     # raises Fault: which file it is, and what to do instead
    table.header                               # [Column(0, "Order no"), …]
    for row in table.rows(): …                 # Row(number, line, cells, problems); raises Fault where reading ends

Files that somebody sent are opened by ``guarded.open_guarded``: the same contract, in a limited process of its own.
"""

from jobs.imports.reading.cells import Cell, Column, ErrorCell, Moment, Number, Problem, Row, shown
from jobs.imports.reading.faults import Fault
from jobs.imports.reading.limits import Limits
from jobs.imports.reading.opening import open_table
from jobs.imports.reading.table import Choices, Sheet, Table

__all__ = [
    "Cell",
    "Choices",
    "Column",
    "ErrorCell",
    "Fault",
    "Limits",
    "Moment",
    "Number",
    "Problem",
    "Row",
    "Sheet",
    "Table",
    "open_table",
    "shown",
]
