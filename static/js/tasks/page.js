// 任务中心: filters in the address, rows kept true by events (else by asking every five seconds), more rows on demand.

import "../imports/ask.js";
import { number, throttled } from "../exports/boot.js";
import { elements, part } from "../exports/api.js";
import { tell } from "../exports/toast.js";
import { morph } from "../exports/morph.js";
import { askWhile, onEvent, wake } from "../exports/live.js";

const ROWS_MS = 400;
const MOST_ARRIVALS = 200;
const root = document.getElementById("tasks-page");
const body = document.getElementById("body");
const PAGE = new URL(root.dataset.page, location.href);
const changed = new Set();
const arrived = new Set();
let turn = 0;
let grown = false;

document.documentElement.classList.add("ec-js");

const query = () => document.getElementById("list").dataset.query;
const rows = () => [...document.querySelectorAll("#rows > .tk-row")];
const rowOf = (job) => document.querySelector(`#rows > .tk-row[data-job="${CSS.escape(job)}"]`);
const moves = () => rows().some((row) => row.hasAttribute("data-moves"));

/** Show what `address` asks for. history: "push" | "none". */
async function load(address, { history: way = "push" } = {}) {
    const mine = ++turn;
    const url = new URL(address, PAGE);
    body.setAttribute("aria-busy", "true");
    try {
        const { html } = await part(url, { "X-Part": "list" });
        if (mine !== turn) return;
        const fresh = body.cloneNode(false);
        fresh.removeAttribute("aria-busy");
        fresh.append(elements(html));
        morph(body, fresh);
        if (way === "push") history.pushState(null, "", url);
        arrived.clear();
        grown = false;
        if (moves()) wake();
    } catch (error) {
        if (mine === turn) tell(error);
    } finally {
        if (mine === turn) body.removeAttribute("aria-busy");
    }
}

const reload = () => load(query(), { history: "none" });

const freshen = throttled(ROWS_MS, async () => {
    const asked = [...changed].filter(rowOf);
    changed.clear();
    if (!asked.length) return;
    const url = new URL(root.dataset.rows, PAGE);
    url.searchParams.set("only", asked.join(","));
    try {
        const { html } = await part(url);
        const fresh = new Map([...elements(html).querySelectorAll(".tk-row")].map((row) => [row.dataset.job, row]));
        for (const job of asked) {
            const shown = rowOf(job);
            if (!shown) continue;
            if (!fresh.has(job)) shown.remove();
            else if (Number(fresh.get(job).dataset.version) >= Number(shown.dataset.version)) morph(shown, fresh.get(job));
        }
    } catch (error) {
        if (error.status) tell(error);
    }
});

async function more() {
    const cursor = document.querySelector("#rows > .ec-cursor");
    const button = document.getElementById("more-button");
    if (!cursor || button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    const mine = turn;
    const url = new URL(root.dataset.rows, PAGE);
    url.search = query();
    url.searchParams.set("cursor", cursor.dataset.cursor);
    try {
        const { html } = await part(url);
        if (mine !== turn) return;
        const fresh = elements(html);
        for (const row of fresh.querySelectorAll(".tk-row")) if (rowOf(row.dataset.job)) row.remove();
        const first = fresh.querySelector(".tk-row .ec-number");
        cursor.replaceWith(fresh);
        grown = true;
        first?.focus({ preventScroll: true });
        document.getElementById("more").hidden = !document.querySelector("#rows > .ec-cursor");
    } catch (error) {
        tell(error);
    } finally {
        button.removeAttribute("aria-busy");
    }
}

/** New tasks come at once where nobody has gone further down; else behind a button, so that nothing jumps. */
const meet = throttled(ROWS_MS, () => {
    const busy = document.querySelector("dialog[open]") || body.contains(document.activeElement);
    if (!grown && scrollY < 40 && !busy) {
        reload();
        return;
    }
    const place = document.getElementById("arrivals");
    const button = place.querySelector("button");
    button.textContent = arrived.size > 1 ? button.dataset.many.replace("{count}", number(arrived.size)) : button.dataset.one;
    place.hidden = false;
});

onEvent((event) => {
    if (event.type === "reset") reload();
    else if (event.type === "tick") {
        for (const row of rows()) if (row.hasAttribute("data-moves")) changed.add(row.dataset.job);
        freshen();
    } else if (event.type === "job.status" || event.type === "job.progress") {
        if (rowOf(event.subject)) {
            changed.add(event.subject);
            freshen();
        } else if (event.type === "job.status" && event.data.from === null && arrived.size < MOST_ARRIVALS) {
            arrived.add(event.subject);
            meet();
        }
    }
});
askWhile(moves);

document.addEventListener("change", (event) => {
    const form = event.target instanceof Element ? event.target.closest("#task-filters") : null;
    if (form) load(`?${new URLSearchParams(new FormData(form))}`);
});
document.addEventListener("submit", (event) => {
    if (event.target instanceof Element && event.target.id === "task-filters") {
        event.preventDefault();
        load(`?${new URLSearchParams(new FormData(event.target))}`);
    }
});
document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    if (event.target.closest("#more-button")) more();
    else if (event.target.closest("#refresh, #arrivals button")) reload();
    else {
        const link = event.target.closest("#body a[data-soft]");
        if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        load(link.getAttribute("href"));
    }
});
window.addEventListener("popstate", () => load(location.search || "?", { history: "none" }));
if (moves()) wake();
