"""Whom we are measured against. A new peer is one entry here and one small module.

Each runs in a process of its own and reads the same rows from the same database as the same role. Python peers load
nothing but their own module, so that each one's memory is its own.
"""

from bench.peers.base import Peer, PsqlPeer, PythonPeer, Run
from bench.peers.psql import CSV, JSON_LINES, raw, raw_objects, statement, statement_objects

PEERS: dict[str, Peer] = {
    "psql_statement": PsqlPeer(r"`psql \copy` of the same statement (P)", statement, CSV),
    "psql_raw": PsqlPeer(r"`psql \copy` of the raw columns (R)", raw, CSV),
    "psql_row_to_json": PsqlPeer(
        r"`psql \copy` of `row_to_json` over the same statement", statement_objects, JSON_LINES, zone="Asia/Shanghai"
    ),
    "psql_row_to_json_raw": PsqlPeer(r"`psql \copy` of `row_to_json` over the raw columns", raw_objects, JSON_LINES),
    "orm_csv": PythonPeer("ORM iterator + `csv` module", "bench.peers.orm_csv"),
    "import_export_csv": PythonPeer("django-import-export, CSV", "bench.peers.import_export_csv", slow=True),
    "import_export_xlsx": PythonPeer("django-import-export, XLSX", "bench.peers.import_export_xlsx", slow=True),
    "openpyxl": PythonPeer("openpyxl, write-only", "bench.peers.openpyxl_write_only", slow=True),
    "xlsxwriter": PythonPeer("XlsxWriter, constant memory", "bench.peers.xlsxwriter_constant_memory", slow=True),
    "orm_parquet": PythonPeer("ORM iterator + pyarrow", "bench.peers.orm_parquet"),
    "cursor_parquet": PythonPeer("psycopg server cursor + pyarrow", "bench.peers.cursor_parquet"),
}

__all__ = ["PEERS", "Peer", "PsqlPeer", "PythonPeer", "Run"]
