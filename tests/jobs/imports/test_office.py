"""LibreOffice opens what we give people to fill in, and we read what it saves. Only where it is: ``make office``."""

import io

import openpyxl
import pytest

from jobs.datasets import Mode
from tests import office_program
from tests.jobs.imports import runs
from tests.jobs.imports.test_round_trip import IMPORTABLE, _chinese, exported, fill, imported, picture  # noqa: F401
from tests.jobs.imports.test_templates import OFFERED, book_of, ids, made

pytestmark = office_program.NEEDED


def saved_again(office, tmp_path, content: bytes) -> bytes:
    """The workbook as LibreOffice saves it."""
    path = tmp_path / "book.xlsx"
    path.write_bytes(content)
    (found,) = office(path, office_program.TO_XLSX)
    return found.read_bytes()


@pytest.mark.parametrize("dataset", IMPORTABLE, ids=lambda dataset: dataset.key)
def test_an_export_that_it_saved_again_changes_nothing(live, office, tmp_path, dataset):
    with live.scope("admin"):
        fill(live, dataset)
    before = picture(live, dataset)
    content = saved_again(office, tmp_path, exported(live, dataset, "xlsx", {}))
    mode = Mode.UPSERT if Mode.UPSERT in dataset.importing.modes else Mode.UPDATE
    job = imported(live, dataset, content, mode)
    assert set(job.mapping.values()) == set(dataset.importing.columns)
    assert runs.counts(job).to_keep == runs.counts(job).rows == len(before)
    done = runs.confirm(live, job)
    assert (done.status, done.counts["unchanged"]) == ("ready", len(before))
    assert picture(live, dataset) == before


@pytest.mark.parametrize("dataset", [dataset for dataset, mode in OFFERED if mode is Mode.CREATE], ids=ids)
def test_it_keeps_what_a_template_offers(world, office, tmp_path, dataset):
    template = made(world, dataset)
    ours = book_of(template)
    theirs = openpyxl.load_workbook(io.BytesIO(saved_again(office, tmp_path, template.content)))
    assert theirs.sheetnames == ours.sheetnames
    for mine, found in zip(ours.worksheets, theirs.worksheets, strict=True):
        assert found.sheet_state == mine.sheet_state
        texts = [[[cell.value for cell in row] for row in sheet.iter_rows()] for sheet in (mine, found)]
        assert texts[0] == texts[1]
    assert offered(theirs.worksheets[0]) == offered(ours.worksheets[0])
    assert offered(ours.worksheets[0])


def offered(sheet) -> dict[str, tuple[str, str]]:
    """First cell of a list → the values it offers and the note beside it."""
    return {
        str(rule.sqref).partition(":")[0]: (rule.formula1.replace("$", ""), rule.prompt)
        for rule in sheet.data_validations.dataValidation
        if rule.type == "list"
    }
