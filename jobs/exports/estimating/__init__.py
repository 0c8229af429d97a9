"""Ask before you run: how many rows, bytes and seconds an export will be, and how good such answers were."""

from jobs.exports.estimating.forecast import Estimate, Figures, Wish, estimate, foresee, note_on
from jobs.exports.estimating.preview import Preview, preview

__all__ = ["Estimate", "Figures", "Preview", "Wish", "estimate", "foresee", "note_on", "preview"]
