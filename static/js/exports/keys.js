// The keyboard: arrows walk the list, one key does one thing (the dialog "?" lists them).

import { act } from "./doings.js";
import { more, onLoaded, onRows, rowOf, rows } from "./list.js";
import { closeDrawer, openDrawer, openJob, stepDrawer } from "./drawer.js";
import { clear, toggle } from "./selection.js";

let here = "";

/** Somebody is writing, or in a dialog or menu: keys are theirs. */
const elsewhere = (target) => target.closest("input:not([type=checkbox]), select, textarea, [contenteditable], dialog, .ec-menu, .ec-popover") !== null;

/** One row of the list can be reached by Tab: the one where somebody is. */
function rove() {
    const all = rows();
    if (!all.some((row) => row.dataset.job === here)) here = all[0]?.dataset.job || "";
    for (const row of all) {
        const is = row.dataset.job === here;
        row.tabIndex = is ? 0 : -1;
        row.classList.toggle("ec-here", is);
    }
}

function go(row) {
    if (!row) return;
    here = row.dataset.job;
    rove();
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
}

function step(by) {
    if (openJob() && stepDrawer(by)) {
        const all = rows();
        here = all[all.findIndex((row) => row.dataset.job === openJob()) + by]?.dataset.job || here;
        rove();
        return;
    }
    const all = rows();
    const at = all.findIndex((row) => row.dataset.job === here);
    const inList = document.activeElement?.closest("#rows");
    const next = inList ? all[at + by] : all[Math.max(at, 0)];
    if (next) go(next);
    else if (by > 0) more();
}

/** The export that a key is about: the one in the drawer, or where somebody is in the list. */
const current = () => openJob() || (document.activeElement?.closest(".ec-row")?.dataset.job ?? "") || (rowOf(here) ? here : "");

const walk = {
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    j: () => step(1),
    k: () => step(-1),
    Home: () => go(rows()[0]),
    End: () => go(rows().at(-1)),
    Enter: () => current() && openDrawer(current()),
    " ": () => current() && act("retry", current()),
    c: () => current() && act("cancel", current()),
    d: () => current() && act("download", current()),
    x: () => current() && toggle(current()),
};

const anywhere = {
    "/": () => {
        const search = document.getElementById("search");
        search.focus();
        search.select();
    },
    n: () => document.querySelector("#center-header [data-new-export]")?.click(),
    "?": () => document.getElementById("keys-dialog").showModal(),
};

/** Begin to listen. */
export function installKeys() {
    rove();
    onRows(rove);
    onLoaded(rove);
    document.addEventListener("focusin", (event) => {
        const row = event.target.closest?.(".ec-row");
        if (!row || row.dataset.job === here) return;
        here = row.dataset.job;
        rove();
    });
    document.addEventListener("click", (event) => {
        if (event.target instanceof Element && event.target.closest("#keys")) document.getElementById("keys-dialog").showModal();
    });
    document.addEventListener("keydown", (event) => {
        if (!(event.target instanceof Element) || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
        if (event.key === "Escape") {
            escape(event);
            return;
        }
        if (elsewhere(event.target)) return;
        if (anywhere[event.key]) {
            event.preventDefault();
            anywhere[event.key]();
            return;
        }
        const handler = walk[event.key];
        if (!handler || event.repeat && ![..."jk", "ArrowDown", "ArrowUp"].includes(event.key)) return;
        // A focused button or link does its own thing on Enter and Space; arrows scroll the drawer's tables.
        const own = event.target.closest("a, button, summary, [role=separator], [tabindex='0']:not(.ec-row)");
        if (own && ["Enter", " ", "ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) return;
        if (event.target.type === "checkbox" && event.key === " ") return;
        if (!event.target.closest("#exports-page, #drawer") && event.target !== document.body) return;
        if (event.target.closest("#drawer") && /^(Arrow|Home|End)/.test(event.key)) return; // they scroll
        event.preventDefault();
        handler();
    });
}

/** The innermost thing that is open closes; the browser does it for dialogs and menus. */
function escape(event) {
    if (event.target.closest("dialog") || document.querySelector(".ec-menu:popover-open, .ec-popover:popover-open")) return;
    if (openJob()) closeDrawer();
    else if (event.target.id === "search" && event.target.value) return; // the browser empties the field
    else if (clear()) document.getElementById("table-box").focus({ preventScroll: true });
    else if (event.target.closest("input, select")) event.target.blur();
    else return;
    event.preventDefault();
}
