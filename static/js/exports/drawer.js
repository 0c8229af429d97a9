// The drawer: one export beside the list, at an address of its own, so that it can be sent to somebody and Back closes it.

import { boot } from "./boot.js";
import { elements, part } from "./api.js";
import { tell } from "./toast.js";
import { follow } from "./detail.js";
import { load, onRows, plain, query, rowOf, rows } from "./list.js";
import { prefer } from "./preferences.js";

const drawer = document.getElementById("drawer");
const content = document.getElementById("drawer-content");
const grip = drawer.querySelector(".ec-drawer-grip");
const NARROWEST = 360;
const STEP = 24;

let shown = "";
let opener = null;
let turn = 0;

/** The export that the drawer shows, or an empty text. */
export const openJob = () => shown;

const addressOf = (job) => new URL(`${boot.urls.page}${encodeURIComponent(job)}/`, location.href);

function markRow() {
    for (const row of rows()) row.classList.toggle("ec-open", row.dataset.job === shown);
}

/** Show `job` beside the list. history: "push" | "replace" | "none"; focus: whether to go into it. */
export async function openDrawer(job, { history: way = shown ? "replace" : "push", focus = true } = {}) {
    const mine = ++turn;
    if (!shown) opener = document.activeElement;
    try {
        const { html } = await part(addressOf(job), { "X-Part": "drawer" });
        if (mine !== turn) return;
        shown = job;
        content.replaceChildren(elements(html));
        content.scrollTop = 0;
        drawer.hidden = false;
        if (way !== "none") history[way === "push" ? "pushState" : "replaceState"]({ job }, "", addressOf(job));
        markRow();
        neighbours();
        follow(content.querySelector(".ec-detail"));
        if (focus) content.querySelector("#drawer-title").focus({ preventScroll: true });
    } catch (error) {
        if (mine === turn) tell(error);
    }
}

function hide() {
    turn += 1;
    const job = shown;
    shown = "";
    drawer.hidden = true;
    content.replaceChildren();
    follow(null);
    markRow();
    const back = rowOf(job) || (opener?.isConnected ? opener : null) || document.getElementById("table-box");
    back.focus({ preventScroll: true });
    opener = null;
}

/** Close it, as Back does. */
export function closeDrawer() {
    if (shown) history.back(); // the list always lies behind it
}

window.addEventListener("popstate", (event) => {
    const job = event.state?.job;
    if (job) {
        openDrawer(job, { history: "none" });
        return;
    }
    if (shown) hide();
    if (event.state?.list !== query()) load(event.state?.list ?? location.search, { history: "none" });
});

/** Show the export before or behind the one that is shown; returns whether there is one. */
export function stepDrawer(by) {
    const all = rows();
    const here = all.findIndex((row) => row.dataset.job === shown);
    const next = here < 0 ? null : all[here + by];
    if (!next) return false;
    openDrawer(next.dataset.job, { focus: false });
    next.scrollIntoView({ block: "nearest" });
    return true;
}

function neighbours() {
    if (!shown) return;
    const all = rows();
    const here = all.findIndex((row) => row.dataset.job === shown);
    const set = (by, there) => content.querySelector(`[data-step="${by}"]`)?.toggleAttribute("disabled", !there);
    set(-1, here > 0);
    set(1, here >= 0 && here < all.length - 1);
}

// --- width ------------------------------------------------------------------------------------------------
const widest = () => Math.max(NARROWEST, innerWidth - 80);

function setWidth(width, { keep = true } = {}) {
    const wanted = Math.round(Math.min(Math.max(width, NARROWEST), widest()));
    drawer.style.setProperty("--ec-drawer-width", `${wanted}px`);
    grip.setAttribute("aria-valuenow", String(wanted));
    grip.setAttribute("aria-valuemin", String(NARROWEST));
    grip.setAttribute("aria-valuemax", String(widest()));
    if (keep) prefer({ drawer_width: wanted });
}

function installWidth() {
    setWidth(Number(drawer.dataset.width) || 540, { keep: false });
    grip.addEventListener("pointerdown", (event) => {
        event.preventDefault();
        grip.setPointerCapture(event.pointerId);
        const drag = (moved) => setWidth(innerWidth - moved.clientX);
        grip.addEventListener("pointermove", drag);
        grip.addEventListener("lostpointercapture", () => grip.removeEventListener("pointermove", drag), { once: true });
    });
    grip.addEventListener("keydown", (event) => {
        const by = { ArrowLeft: STEP, ArrowRight: -STEP }[event.key];
        if (!by) return;
        event.preventDefault();
        event.stopPropagation();
        setWidth(drawer.offsetWidth + by);
    });
}

/** Begin to listen. */
export function installDrawer() {
    installWidth();
    history.replaceState({ list: query() }, "");
    onRows(() => {
        markRow();
        neighbours();
    });
    document.addEventListener("click", (event) => {
        if (!(event.target instanceof Element)) return;
        if (event.target.closest("[data-close-drawer]")) {
            closeDrawer();
            return;
        }
        const step = event.target.closest("[data-step]");
        if (step) {
            stepDrawer(Number(step.dataset.step));
            return;
        }
        const link = event.target.closest('a.ec-number, a[data-do="open"]');
        if (link && plain(event)) {
            event.preventDefault();
            openDrawer(link.dataset.job || link.closest("[data-job]").dataset.job);
            return;
        }
        // A click anywhere on a row opens it, unless it is on something of its own, or marks text.
        const row = event.target.closest(".ec-row");
        if (!row || !plain(event) || event.target.closest("a, button, input, label, .ec-menu, .ec-cell-select") || String(getSelection())) return;
        openDrawer(row.dataset.job);
    });
}
