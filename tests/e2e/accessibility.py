"""What axe-core finds on a page: its rules of WCAG 2.0 to 2.2, levels A and AA. Findings of a serious or critical kind
fail a test."""

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
GRAVE = frozenset({"serious", "critical"})
RUN = "([context, options]) => axe.run(context, options)"
STILL = """Promise.all(
    document.getAnimations()
        .filter((one) => one.effect.getComputedTiming().endTime !== Infinity)
        .map((one) => one.finished.catch(() => null)),
)"""
"""Colours are measured when nothing fades any more."""


def assert_accessible(page: Page, *, where: str, within: str = "", without: tuple[str, ...] = ()) -> None:
    """Fail with each finding and its nodes, if there is one that is serious or critical.

    ``where`` names page and state in the message. ``within`` limits the look to a selector (a drawer, a dialog);
    ``without`` leaves parts out. Works under the page's own Content-Security-Policy: the script comes through the
    debugger, not through the page.
    """
    found = findings(page, within=within, without=without)
    assert not found, f"{where}: {len(found)} findings\n" + "\n".join(map(_words, found))


def findings(page: Page, *, within: str = "", without: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """The serious and critical findings, as axe describes them."""
    page.evaluate(STILL)
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE_SCRIPT)
    context = {"include": [[within or "html"]], "exclude": [[part] for part in without]}
    options = {"runOnly": {"type": "tag", "values": WCAG}, "resultTypes": ["violations"]}
    results = page.evaluate(RUN, [context, options])
    assert results["passes"], "axe looked at nothing"
    return [one for one in results["violations"] if one["impact"] in GRAVE]


def _words(finding: dict[str, Any]) -> str:
    lines = [f"- {finding['id']} ({finding['impact']}): {finding['help']}"]
    for node in finding["nodes"]:
        reasons = "; ".join(check["message"] for kind in ("any", "all", "none") for check in node[kind])
        lines.append(f"    {' '.join(map(str, node['target']))}\n      {node['html'][:200]}\n      {reasons}")
    return "\n".join(lines)
