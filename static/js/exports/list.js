// The list of exports: its address says what it shows, and it follows its address without loading the page anew.

import { boot, number, say } from "./boot.js";
import { elements, part } from "./api.js";
import { tell } from "./toast.js";
import { morph } from "./morph.js";

const root = document.getElementById("exports-page");
const HOME = new URL(boot.urls.page, location.href);
const runs = new Set();
let turn = 0;
let loadingMore = false;

/** Call `run` whenever rows have come, gone or changed. */
export const onRows = (run) => runs.add(run);
/** Tell those that have asked by onRows. */
export const rowsChanged = () => {
    tellLoaded();
    for (const run of runs) run();
};
const loads = new Set();
/** Call `run` after the list has been made anew by load(). */
export const onLoaded = (run) => loads.add(run);

/** What the list shows, as a query string that begins with "?". */
export const query = () => document.getElementById("list").dataset.query;
/** The rows that are shown, in their order. */
export const rows = () => [...document.querySelectorAll("#rows > .ec-row")];
/** The row of a job, or null. */
export const rowOf = (job) => document.querySelector(`#rows > .ec-row[data-job="${CSS.escape(job)}"]`);
/** Whether the list is in its usual order, newest first. */
export const newestFirst = () => (new URLSearchParams(query()).get("ordering") ?? "-created_at") === "-created_at";

/**
 * Show what `address` asks for. history: "push" | "replace" | "none"; filters: whether the form of filters is made anew, too
 * (not while somebody is using it); top: whether to begin at the top.
 */
export async function load(address, { history: way = "push", filters = true, top = true } = {}) {
    const mine = ++turn;
    const url = new URL(address, HOME);
    root.classList.add("ec-busy");
    root.setAttribute("aria-busy", "true");
    try {
        const { html } = await part(url, { "X-Part": "list" });
        if (mine !== turn) return; // somebody has asked for something else meanwhile
        const fresh = elements(html);
        const list = fresh.getElementById("list");
        if (filters) morph(document.getElementById("filters"), fresh.getElementById("filters"));
        else document.getElementById("clear-filters").hidden = fresh.getElementById("clear-filters").hidden;
        morph(document.getElementById("list"), list);
        if (way !== "none") history[way === "push" ? "pushState" : "replaceState"]({ list: query() }, "", url);
        if (top) document.getElementById("table-box").scrollTop = 0;
        watchMore();
        for (const run of loads) run();
        rowsChanged();
    } catch (error) {
        if (mine === turn) tell(error);
    } finally {
        if (mine === turn) {
            root.classList.remove("ec-busy");
            root.removeAttribute("aria-busy");
        }
    }
}

/** Look at everything anew, where one is. */
export const reload = () => load(query(), { history: "none", filters: false, top: false });

// --- more rows, as one scrolls ----------------------------------------------------------------------------
const mark = () => document.querySelector("#rows > .ec-cursor");

const observer = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && more(), { rootMargin: "400px" });

function watchMore() {
    observer.disconnect();
    if (mark()) observer.observe(document.getElementById("more"));
}

/** Add the next rows below. */
export async function more() {
    const cursor = mark();
    if (!cursor || loadingMore) return;
    loadingMore = true;
    const link = document.getElementById("more-link");
    link.setAttribute("aria-busy", "true");
    const mine = turn;
    const address = new URL(root.dataset.rows, HOME);
    address.search = query();
    address.searchParams.set("cursor", cursor.dataset.cursor);
    try {
        const { html } = await part(address);
        if (mine !== turn || !cursor.isConnected) return;
        const fresh = elements(html);
        for (const row of fresh.querySelectorAll(".ec-row")) if (rowOf(row.dataset.job)) row.remove();
        cursor.replaceWith(fresh);
        rowsChanged();
    } catch (error) {
        tell(error);
        observer.disconnect(); // the link is there to try again
        return;
    } finally {
        loadingMore = false;
        link.removeAttribute("aria-busy");
    }
    watchMore(); // observing anew tells at once whether the end is still in sight
}

function tellLoaded() {
    const place = document.getElementById("loaded");
    const shown = rows().length;
    const total = Math.max(Number(place.dataset.total), shown);
    const exact = place.dataset.exact === "1" || !mark();
    const figures = { shown: number(shown), total: number(mark() ? total : shown) };
    place.textContent = shown ? say(exact ? "loaded" : "loaded_about", figures) : "";
    document.getElementById("more-link").hidden = !mark();
    document.getElementById("empty")?.toggleAttribute("hidden", shown > 0);
    document.getElementById("jobs").hidden = shown === 0;
}

// --- links and history ------------------------------------------------------------------------------------
/** Whether a click asks for a tab or window of its own. */
export const plain = (event) => event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;

document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    if (event.target.closest("#more-link")) {
        event.preventDefault();
        more();
        return;
    }
    if (event.target.closest("#refresh")) {
        document.dispatchEvent(new CustomEvent("ec:refresh"));
        return;
    }
    const link = event.target.closest("a[data-soft]");
    if (!link || !plain(event) || !root.contains(link)) return;
    event.preventDefault();
    const column = link.closest("th")?.dataset.col;
    load(link.getAttribute("href")).then(() => {
        // A heading that was clicked keeps the focus; what has vanished gives it to the list.
        if (column) document.querySelector(`th[data-col="${CSS.escape(column)}"] .ec-sort`)?.focus();
        else if (!link.isConnected) document.getElementById("table-box").focus({ preventScroll: true });
    });
});

/** Begin: the first rows are there already. */
export function installList() {
    watchMore();
    tellLoaded();
}
