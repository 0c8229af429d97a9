// Rows, cards and the sign of the connection, kept true by live events (SPEC U8).

import { number, say, throttled } from "./boot.js";
import { elements, part } from "./api.js";
import { tell } from "./toast.js";
import { morph } from "./morph.js";
import { askWhile, onEvent, onState, wake } from "./live.js";
import { load, newestFirst, onLoaded, onRows, query, reload, rowOf, rows, rowsChanged } from "./list.js";

const ROWS_MS = 400;
const CARDS_MS = 3000;
const FRESH_MS = 1600;
/** Told as a banner up to here; beyond, the list is simply out of date. */
const MOST_ARRIVALS = 200;

const root = document.getElementById("exports-page");
const changed = new Set();
const arrived = new Set();
const waiting = new Set();

const address = (parameters) => {
    const url = new URL(root.dataset.rows, location.href);
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return url;
};

// --- rows that are shown ----------------------------------------------------------------------------------
/** Show fresh `row` in the place of the old one, unless what is shown is newer. */
function patch(fresh) {
    const shown = rowOf(fresh.dataset.job);
    if (!shown || Number(fresh.dataset.version) < Number(shown.dataset.version)) return;
    morph(shown, fresh);
}

const freshen = throttled(ROWS_MS, async () => {
    const asked = [...changed].filter(rowOf);
    changed.clear();
    if (!asked.length) return;
    try {
        const { html } = await part(address({ only: asked.join(",") }));
        const fresh = new Map([...elements(html).querySelectorAll(".ec-row")].map((row) => [row.dataset.job, row]));
        for (const job of asked) {
            if (fresh.has(job)) patch(fresh.get(job));
            else rowOf(job)?.remove(); // deleted, or no longer to be seen
        }
        rowsChanged();
    } catch (error) {
        if (error.status) tell(error); // without network the sign of the connection says it
    }
});

/** Look at the row of `job` anew. */
export function touch(job) {
    changed.add(job);
    freshen();
}

// --- exports that are new ---------------------------------------------------------------------------------
const look = throttled(ROWS_MS, async () => {
    const asked = [...arrived].filter((job) => !rowOf(job));
    arrived.clear();
    if (!asked.length) return;
    const url = address({});
    url.search = query();
    url.searchParams.set("arrived", asked.join(","));
    try {
        const { html } = await part(url);
        const fresh = [...elements(html).querySelectorAll(".ec-row")].filter((row) => !rowOf(row.dataset.job));
        const own = fresh.filter((row) => row.hasAttribute("data-mine") && newestFirst());
        for (const row of own.reverse()) show(row);
        for (const row of fresh) if (!own.includes(row)) waiting.add(row.dataset.job);
        if (own.length) count(own.length);
        banner();
        if (own.length) rowsChanged();
    } catch (error) {
        if (error.status) tell(error);
    }
});

/** Look whether `job`, which is not shown, belongs into the list. */
function meet(job) {
    arrived.add(job);
    look();
}

/** One's own new export comes at once: somebody has just asked for it. */
function show(row) {
    const box = document.getElementById("table-box");
    const scrolled = box.scrollTop;
    document.getElementById("jobs").hidden = false;
    document.getElementById("rows").prepend(row);
    if (scrolled > 0) box.scrollTop = scrolled + row.offsetHeight; // what somebody reads stays where it is
    row.classList.add("ec-fresh");
    setTimeout(() => row.classList.remove("ec-fresh"), FRESH_MS);
}

function count(more) {
    const place = document.getElementById("loaded");
    place.dataset.total = String(Number(place.dataset.total) + more);
}

/** Other people's wait behind a button, so that nothing jumps under the hand of who is reading. */
function banner() {
    for (const job of waiting) if (rowOf(job)) waiting.delete(job);
    const place = document.getElementById("arrivals");
    place.hidden = waiting.size === 0;
    if (waiting.size) place.querySelector("button").textContent = say(waiting.size > 1 ? "arrivals" : "arrival", { count: number(waiting.size) });
}

document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element) || !event.target.closest("#arrivals button")) return;
    load(query(), { history: "none", filters: false }).then(() => document.getElementById("table-box").focus({ preventScroll: true }));
});

onLoaded(() => {
    waiting.clear();
    banner();
});

// --- cards ------------------------------------------------------------------------------------------------
export const freshenCards = throttled(CARDS_MS, async () => {
    try {
        const { html } = await part(new URL(root.dataset.cards, location.href));
        const cards = document.getElementById("cards");
        const fresh = cards.cloneNode(false);
        fresh.append(elements(html));
        morph(cards, fresh);
    } catch (error) {
        if (error.status) tell(error);
    }
});

// --- events -----------------------------------------------------------------------------------------------
const moves = () => rows().some((row) => row.hasAttribute("data-moves"));

function hear(event) {
    if (event.type === "reset") {
        reload();
        freshenCards();
    } else if (event.type === "tick") {
        for (const row of rows()) if (row.hasAttribute("data-moves")) changed.add(row.dataset.job);
        freshen();
    } else if (event.type === "job.status" || event.type === "job.progress") {
        if (rowOf(event.subject)) touch(event.subject);
        else if (event.type === "job.status" && event.data.from === null && waiting.size < MOST_ARRIVALS) meet(event.subject);
        if (event.type === "job.status") freshenCards();
    }
}

// --- the sign of the connection ---------------------------------------------------------------------------
let state = "starting";

function sign() {
    const place = document.getElementById("live");
    const shown = state === "asking" && !moves() ? "resting" : state;
    if (place.dataset.state === shown) return;
    place.dataset.state = shown;
    place.querySelector(".ec-live-words").textContent = say(`live_${shown}`);
    place.title = say(`live_${shown}_more`);
}

/** Begin to listen. */
export function installLive() {
    onEvent(hear);
    onState((next) => {
        state = next;
        sign();
    });
    onRows(() => {
        sign();
        if (moves()) wake();
    });
    askWhile(moves);
    document.addEventListener("ec:changed", (event) => {
        const job = event.detail?.job;
        if (!job) return;
        if (rowOf(job)) touch(job);
        else meet(job);
        freshenCards();
    });
    document.addEventListener("ec:refresh", () => {
        reload();
        freshenCards();
    });
}
