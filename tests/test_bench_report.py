"""The bench's report: directions of its ratios, its keys, its verdicts. Nothing is measured here."""

import json

import pytest

from bench import report, targets
from bench.families import FAMILIES
from bench.imports import WAYS
from bench.ours import OURS
from bench.peers import PEERS
from bench.workers import WORK

ALL_KEYS = {
    "csv_vs_psql_copy",
    "csv_gzip_vs_psql_copy",
    "xlsx_vs_openpyxl",
    "xlsx_vs_psql_copy",
    "json_vs_psql_row_to_json",
    "parquet_vs_orm",
    "import_csv_vs_import_export",
    "import_xlsx_vs_import_export",
    "peak_rss_mb",
}
IMPORTS = {
    "rows": 100_000,
    "rounds": 3,
    "scaled_from_rows": {},
    "seconds": {"import_csv": 10.0, "import_xlsx": 20.0, "peer_csv": 90.0, "peer_xlsx": 80.0, "peer_bulk_csv": 30.0},
    "peak_mb": {"import_csv": 150.0, "import_xlsx": 210.0},
    "first_problems_seconds": {"import_csv": 1.5, "import_xlsx": 3.5},
    "flat_rows": 1_000_000,
    "flat_seconds": 99.0,
    "flat_peak_mb": 160.0,
}


def family(name, *, leave_out=(), scaled=(), **seconds):
    """Results of one family: 10 s for whatever is not named, 100 MB for all."""
    entries = [entry for entry in (*FAMILIES[name].ours, *FAMILIES[name].peers) if entry not in leave_out]
    ours = [entry for entry in FAMILIES[name].ours if entry not in leave_out]
    return {
        "rows": 1_000_000,
        "rounds": 3,
        "load_before": 0.1,
        "left_out": [entry for entry in FAMILIES[name].ours if entry in leave_out],
        "scaled_from_rows": dict.fromkeys(scaled, 100_000),
        "seconds": {entry: seconds.get(entry, 10.0) for entry in entries},
        "peak_mb": dict.fromkeys(entries, 100.0),
        "bytes": dict.fromkeys(entries, 5_000_000),
        "remarks": {},
        "small_rows": 100_000,
        "small_peak_mb": dict.fromkeys(ours, 95.0),
    }


def nothing_of_ours(name):
    """What a version measures that writes none of the family's formats."""
    return {"rows": 1000, "rounds": 1, "load_before": 0.1, "left_out": list(FAMILIES[name].ours)}


def results(**parts):
    """All results, put together part by part as the bench does."""
    found = {}
    for name, part in parts.items():
        found = report.merged(found, name, {**part, "machine": "2 cores"})
    return found


def everything(**changes):
    return results(**{name: changes.get(name) or family(name) for name in FAMILIES}, **{"import": IMPORTS})


def row(document, *words):
    """The table row that holds all ``words``, as cells."""
    (line,) = [line for line in document.splitlines() if line.startswith("| ") and all(word in line for word in words)]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_top_level_has_the_promised_keys_and_no_others():
    assert set(everything()) == ALL_KEYS | {"parts"}
    assert set(everything()["peak_rss_mb"]) == set(OURS)


@pytest.mark.parametrize(
    ("key", "part", "ours", "peer"),
    [
        ("csv_vs_psql_copy", "csv", "csv", "psql_statement"),
        ("csv_gzip_vs_psql_copy", "csv", "csv_gzip", "psql_raw"),
        ("xlsx_vs_psql_copy", "xlsx", "xlsx", "psql_raw"),
        ("json_vs_psql_row_to_json", "json", "ndjson", "psql_row_to_json"),
    ],
)
def test_ours_by_theirs(key, part, ours, peer):
    assert everything(**{part: family(part, **{ours: 3.0, peer: 2.0})})[key] == 1.5


@pytest.mark.parametrize(
    ("key", "part", "ours", "peer"),
    [("xlsx_vs_openpyxl", "xlsx", "xlsx", "openpyxl"), ("parquet_vs_orm", "parquet", "parquet", "orm_parquet")],
)
def test_theirs_by_ours(key, part, ours, peer):
    assert everything(**{part: family(part, **{ours: 4.0, peer: 90.0})})[key] == 22.5


def test_every_ratio_names_entries_that_its_family_measures():
    for ratio in targets.RATIOS:
        family = FAMILIES.get(ratio.part)
        assert ratio.ours in (family.ours if family else WAYS)
        assert ratio.peer in (family.peers if family else WAYS)
    assert len({ratio.key for ratio in targets.RATIOS}) == len(targets.RATIOS)
    assert {ratio.key for ratio in targets.RATIOS} > targets.TOP_LEVEL
    assert ALL_KEYS - {"peak_rss_mb"} == targets.TOP_LEVEL


def test_every_entry_is_known_and_measured_somewhere():
    assert {entry for each in FAMILIES.values() for entry in each.ours} == set(OURS)
    assert {entry for each in FAMILIES.values() for entry in each.peers} == set(PEERS)


@pytest.mark.parametrize(
    ("key", "bound"),
    [
        ("csv_vs_psql_copy", "≤ 1.25"),
        ("csv_vs_raw_psql_copy", "≤ 2.2"),
        ("csv_gzip_vs_psql_statement", "≤ 1.5"),
        ("xlsx_vs_psql_copy", "≤ 2.5"),
        ("xlsx_vs_openpyxl", "≥ 18"),
        ("xlsx_vs_xlsxwriter", "≥ 12"),
        ("xlsx_rows_vs_openpyxl", "≥ 5"),
        ("json_vs_psql_row_to_json", "≤ 1.3"),
        ("parquet_vs_psql_copy", "≤ 2.2"),
        ("parquet_vs_orm", "≥ 4"),
    ],
)
def test_the_bounds(key, bound):
    (ratio,) = [ratio for ratio in targets.RATIOS if ratio.key == key]
    assert ratio.target == bound
    assert ratio.met(ratio.bound) is True
    worse = ratio.bound * (0.99 if ratio.theirs_by_ours else 1.01)
    assert ratio.met(worse) is False


def test_a_ratio_without_a_bound_is_neither_met_nor_missed():
    (ratio,) = [ratio for ratio in targets.RATIOS if ratio.key == "csv_gzip_vs_psql_copy"]
    assert ratio.met(99.0) is None
    assert ratio.target == ""


def test_memory_has_bounds_by_format():
    assert {name: ours.most_mb for name, ours in OURS.items() if ours.most_mb != 150} == {"parquet": 320}


def test_a_part_keeps_its_figures_when_another_is_measured_again():
    before = everything(csv=family("csv", csv=2.0, psql_statement=1.0))
    after = report.merged(before, "xlsx", family("xlsx", xlsx=2.0, openpyxl=50.0))
    assert after["csv_vs_psql_copy"] == 2.0
    assert after["xlsx_vs_openpyxl"] == 25.0
    assert before["xlsx_vs_openpyxl"] == 1.0


def test_each_part_lists_its_own_ratios():
    found = everything()["parts"]
    assert set(found["json"]["ratios"]) == {"json_vs_psql_row_to_json", "json_vs_raw_row_to_json"}
    assert "csv_vs_raw_psql_copy" in found["csv"]["ratios"]


def test_a_format_that_is_not_written_is_left_out_and_said_so():
    found = everything(parquet=nothing_of_ours("parquet"), xlsx=family("xlsx", leave_out=("xlsx_rows",)))
    assert set(found) == (ALL_KEYS | {"parts"}) - {"parquet_vs_orm"}
    assert "parquet" not in found["peak_rss_mb"]
    page = report.document(found)
    assert "Left out, because this version does not write it: Parquet." in page
    assert "Left out, because this version does not write it: XLSX, one column by Python." in page
    assert row(page, "ORM iterator + pyarrow ÷ Parquet")[1:] == ["not measured", "≥ 4", ""]
    assert row(page, "openpyxl", "÷ XLSX, one column")[1:] == ["not measured", "≥ 5", ""]


def test_the_page_says_figure_target_and_verdict():
    page = report.document(
        everything(
            csv=family("csv", csv=2.4, psql_statement=2.0, psql_raw=1.0),
            xlsx=family("xlsx", scaled=["openpyxl"], xlsx=4.0, openpyxl=90.0),
        )
    )
    assert row(page, "| CSV ÷", "(P)")[1:] == ["1.20 (2.40 s ÷ 2.00 s)", "≤ 1.25", "yes"]
    assert row(page, "| CSV ÷", "(R)")[1:] == ["2.40 (2.40 s ÷ 1.00 s)", "≤ 2.2", "**no**"]
    assert row(page, "openpyxl, write-only ÷ XLSX |")[1:] == ["22.50 (90.00 s ÷ 4.00 s, theirs scaled)", "≥ 18", "yes"]
    assert row(page, "| openpyxl, write-only |")[1] == "90.00 scaled from 100,000 rows"


def test_memory_is_judged_by_size_and_by_growth():
    csv = family("csv")
    csv["peak_mb"].update(csv=151.0, csv_gzip=150.0)
    csv["small_peak_mb"].update(csv=100.0, csv_gzip=120.0)
    page = report.document(results(csv=csv))
    assert row(page, "peak memory", "worker, CSV, 1,000,000")[1:] == ["151 MB", "≤ 150 MB", "**no**"]
    assert row(page, "peak memory", "worker, CSV, gzip")[3] == "yes"
    assert row(page, "growth from 100,000 to 1,000,000 rows, CSV |")[1:] == [
        "× 1.51 (100 → 151 MB)",
        "≤ × 1.25",
        "**no**",
    ]
    assert row(page, "growth", "CSV, gzip |")[3] == "yes"


def test_the_run_on_very_many_rows_decides_about_growth_and_leaves_the_headline_alone():
    flat = {
        "rows": 5_000_000,
        "seconds": {"csv": 20.0},
        "peak_mb": {"csv": 140.0},
        "small_rows": 100_000,
        "small_peak_mb": {"csv": 80.0},
    }
    found = results(csv=family("csv"), flat=flat)
    assert found["peak_rss_mb"]["csv"] == 100
    page = report.document(found)
    assert row(page, "growth", "5,000,000 rows, CSV |")[3] == "**no**"
    assert row(page, "growth", "1,000,000 rows, CSV, gzip |")[3] == "yes"
    assert "growth from 100,000 to 1,000,000 rows, CSV |" not in page


def shared(gain, busy):
    """Results of two workers on one export that they share."""
    work = {
        "title": "one split export",
        "seconds_one": gain,
        "seconds_two": 1.0,
        "gain": gain,
        "busy_cores_one": busy,
        "busy_cores_two": 2.0,
    }
    return {"rows": 1_000_000, "rounds": 3, "cores": 2, "work": {"split": work}}


@pytest.mark.parametrize(
    ("gain", "busy", "verdict"),
    [(1.6, 1.0, "yes"), (1.2, 1.0, "**no**"), (1.2, 1.6, "**no**: the cores bound it"), (1.5, 1.6, "yes")],
)
def test_two_workers_on_one_export(monkeypatch, gain, busy, verdict):
    one_request = type(WORK["two_exports"])("one split export", (OURS["csv"].request,))
    monkeypatch.setitem(WORK, "split", one_request)
    cells = row(report.document(results(workers=shared(gain, busy))), "one split export")
    assert cells[3] == verdict
    assert f"so the cores allow {2 / busy:.2f} at most" in cells[1]


def test_without_split_exports_the_page_says_that_they_were_not_measured(monkeypatch):
    for name in [name for name, work in WORK.items() if len(work.requests) == 1]:
        monkeypatch.delitem(WORK, name)
    assert row(report.document({}), "one split export")[1] == "not measured"


def test_results_and_page_in_the_repository_belong_together():
    held = json.loads(report.RESULTS.read_text())
    assert {key: value for key, value in held.items() if key != "parts"} == targets.headline(held["parts"])
    assert report.DOCUMENT.read_text() == report.document(held), "python -m bench --page writes it anew"


def test_the_page_names_each_machine_once():
    found = report.merged(everything(), "csv", {**family("csv"), "machine": "64 cores"})
    assert "Machine: 2 cores; 64 cores." in report.document(found)


@pytest.mark.parametrize(("p95", "verdict"), [(500.0, "yes"), (500.1, "**no**")])
def test_live_events_are_held_to_the_delay_of_most_readers(p95, verdict):
    live = {"streams": 200, "changes": 200, "backends_streams": 1, "backends_requests": 4, "kib_per_stream": 118.6,
            "p50_ms": 116.6, "p95_ms": p95, "p99_ms": 900.0}  # fmt: skip
    document = report.document(results(live=live))
    assert row(document, "change of status", "200 open streams")[-2:] == ["p95 ≤ 500 ms", verdict]
    assert row(document, "database connections of these 200 streams")[1:] == ["1; 119 KiB", "1", "yes"]


@pytest.mark.parametrize(
    ("changes", "verdicts"),
    [
        ({}, ["yes"] * 4),
        ({"list_p95_ms": 60.1, "detail_p95_ms": 40.1, "poll_queries": 4}, ["**no**", "**no**", "yes", "**no**"]),
        (
            {"deep": {"first": {"worked_p50_ms": 10.0}, "deep": {"worked_p50_ms": 13.1}, "ratio": 1.31}},
            ["yes", "yes", "**no**", "yes"],
        ),
    ],
)
def test_the_api_over_millions_of_jobs(changes, verdicts):
    deep = {"first": {"worked_p50_ms": 10.0}, "deep": {"worked_p50_ms": 13.0}, "ratio": 1.3}
    found = {"rows": 5_000_000, "lists": dict.fromkeys("ab"), "list_p95_ms": 60, "detail_p95_ms": 40, "deep": deep}
    found |= {"list_worked_p95_ms": 30, "detail_worked_p95_ms": 20}
    document = report.document(results(list5m=found | {"poll_p95_ms": 5, "poll_queries": 3} | changes))
    lines = [row(document, *words) for words in (["GET /exports`", "2 lists"], ["job_id}`"], ["by cursor"], ["(304)"])]
    assert [line[-1] for line in lines] == verdicts


def test_imports_are_held_to_their_bounds():
    document = report.document(everything())
    assert row(document, "django-import-export, CSV", "import of CSV")[1:] == [
        "9.00 (90.00 s ÷ 10.00 s)", "≥ 8", "yes"
    ]  # fmt: skip
    assert row(document, "django-import-export, XLSX", "import of XLSX")[-1] == "**no**"
    assert row(document, "memory of the import of CSV")[-1] == "yes"
    assert row(document, "memory of the import of XLSX")[-1] == "**no**"
    assert row(document, "the same, CSV, 1,000,000 rows (99 s)")[-1] == "yes"
    assert row(document, "upload → results", "CSV")[-1] == "yes"
    assert row(document, "upload → results", "XLSX")[-1] == "**no**"
