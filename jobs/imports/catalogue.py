"""What somebody can import: datasets, modes and columns (SPEC B1). It holds no rule: declarations and the policy do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from accounts import policy
from accounts.models import User
from jobs.datasets import Column, Dataset, Mode, all_datasets
from jobs.imports import running
from jobs.imports.describing import Note, notes_of
from jobs.imports.fields import hidden_columns, importing_of


@dataclass(frozen=True)
class Offer:
    """A dataset that somebody sees.

    Attributes:
        reason: why it is not to be imported; empty when it is
        modes: those that this person may use
        notes: every column that this person may write in one of these modes, in words
        open_in: key of a column → the modes in which this person may write it
        hidden: columns that are not open in one of the modes, because they hold contact data
    """

    dataset: Dataset
    reason: str
    modes: Sequence[Mode] = ()
    notes: Sequence[Note] = ()
    open_in: Mapping[str, Sequence[Mode]] = field(default_factory=dict)
    hidden: Sequence[Column] = ()


def offers(viewer: User) -> list[Offer]:
    """Every dataset that ``viewer`` sees, by key. What is not for client companies does not exist for their people."""
    return [_offer(one, viewer) for one in all_datasets() if viewer.is_staff or not one.platform_only]


def refusal(viewer: User, dataset: Dataset, mode: Mode) -> policy.Decision:
    """Whether ``viewer`` may import into the dataset in this mode: the first right that is missing, or YES."""
    decisions = [policy.may(viewer, action, dataset) for action in running.actions_of(mode)]
    return next((decision for decision in decisions if not decision), policy.YES)


def _offer(dataset: Dataset, viewer: User) -> Offer:
    if dataset.importing is None:
        return Offer(dataset, str(dataset.not_imported))
    decisions = {mode: refusal(viewer, dataset, mode) for mode in importing_of(dataset).modes}
    modes = [mode for mode, decision in decisions.items() if decision]
    if not modes:
        return Offer(dataset, next(iter(decisions.values())).reason)
    by_mode = {mode: {note.field.key: note for note in notes_of(dataset, viewer=viewer, mode=mode)} for mode in modes}
    found = {key: note for notes in by_mode.values() for key, note in notes.items()}
    hidden = {column.key: column for mode in modes for column in hidden_columns(dataset, viewer=viewer, mode=mode)}
    return Offer(
        dataset,
        "",
        modes,
        [found[key] for key in importing_of(dataset).columns if key in found],
        {key: [mode for mode in modes if key in by_mode[mode]] for key in found},
        list(hidden.values()),
    )
