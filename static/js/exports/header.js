// The header of every admin page: exports that run now, the bell, the button of a new export.

import { boot, number, say, throttled } from "./boot.js";
import { api } from "./api.js";
import { tell, toast } from "./toast.js";
import { askWhile, onEvent } from "./live.js";
import "./menu.js";
import { icon } from "./icon.js";

const PAGE_SIZE = 20;
const LOOK_EVERY_MS = 1000;
const TITLE = document.title;

// --- what runs --------------------------------------------------------------------------------------------
const pill = document.getElementById("center-pill");
let own = new Set();

/** Show the figures of own open exports, in the header and in the title of the browser's tab. */
function show({ running, queued, percent, jobs }) {
    own = new Set(jobs);
    const count = running + queued;
    pill.hidden = count === 0;
    let words = "";
    if (running && percent !== null) words = say("pill_percent", { percent, count: number(running) });
    else if (running) words = say("pill_running", { count: number(running) });
    else if (queued) words = say("pill_queued", { count: number(queued) });
    pill.querySelector(".ec-pill-words").textContent = words;
    pill.setAttribute("aria-label", words);
    pill.style.setProperty("--ec-percent", String(percent ?? 0));
    document.title = running && percent !== null ? `(${percent}%) ${TITLE}` : count ? `(${number(count)}) ${TITLE}` : TITLE;
}

const look = throttled(LOOK_EVERY_MS, async () => {
    try {
        show(await api("GET", boot.urls.active));
    } catch (error) {
        if (error.status !== 0 && error.status !== 401) console.warn(error);
    }
});

/** Something of one's own has changed outside of the stream: look at once. */
document.addEventListener("ec:changed", () => pill && look());

// --- the bell ---------------------------------------------------------------------------------------------
const bell = document.getElementById("center-bell");
const panel = document.getElementById("center-news");
const list = document.getElementById("center-news-list");
const empty = document.getElementById("center-news-empty");
const older = document.getElementById("center-older");
const readAll = document.getElementById("center-read-all");
const SIGNS = { success: "check_circle", error: "error", warning: "warning", info: "info" };

function countUnread(unread) {
    const badge = bell.querySelector(".ec-bell-count");
    badge.hidden = !unread;
    badge.textContent = unread > 99 ? "99+" : String(unread);
    bell.setAttribute("aria-label", unread ? say("bell", { count: number(unread) }) : say("bell_none"));
    readAll.hidden = !unread;
}

function newsItem(item) {
    const entry = document.createElement("li");
    entry.className = `ec-news-${item.level}${item.read_at ? "" : " ec-unread"}`;
    entry.dataset.id = String(item.id);
    const row = document.createElement(item.link ? "a" : "div");
    if (item.link) row.href = item.link;
    row.className = "ec-news-row";
    const sign = icon(SIGNS[item.level] || "info");
    const title = document.createElement("strong");
    title.textContent = item.title;
    const text = document.createElement("span");
    text.className = "ec-news-text";
    text.textContent = item.text;
    const when = document.createElement("time");
    when.className = "ec-small";
    when.dateTime = item.created_at;
    when.textContent = new Intl.DateTimeFormat(boot.language === "en" ? "en" : "zh-Hans", { dateStyle: "medium", timeStyle: "short", timeZone: boot.zone }).format(new Date(item.created_at));
    row.append(sign, title, text, when);
    entry.append(row);
    return entry;
}

async function loadNews({ more = false } = {}) {
    const address = new URL(boot.urls.notifications, location.href);
    address.searchParams.set("limit", String(PAGE_SIZE));
    if (more && list.lastElementChild) address.searchParams.set("before", list.lastElementChild.dataset.id);
    const { unread, items } = await api("GET", address);
    if (!more) list.replaceChildren();
    list.append(...items.map(newsItem));
    empty.hidden = list.childElementCount > 0;
    empty.textContent = say("no_news");
    older.hidden = items.length < PAGE_SIZE;
    countUnread(unread);
    return items;
}

async function mark(body) {
    const { unread } = await api("POST", boot.urls.read, body);
    countUnread(unread);
    const ids = new Set((body.ids || []).map(String));
    for (const entry of list.children) if (body.all || ids.has(entry.dataset.id)) entry.classList.remove("ec-unread");
}

panel.addEventListener("toggle", (event) => {
    if (event.newState === "open") loadNews().catch(tell);
});
older.addEventListener("click", () => loadNews({ more: true }).catch(tell));
readAll.addEventListener("click", () => mark({ all: true }).catch(tell));
list.addEventListener("click", (event) => {
    const entry = event.target.closest("li.ec-unread");
    if (entry) mark({ ids: [Number(entry.dataset.id)] }).catch(() => undefined); // the page it leads to matters more
});

/** Say the notification of this id in words, which the server has in the reader's language. */
async function announce(id) {
    const items = await loadNews();
    const item = items.find((one) => one.id === id);
    if (!item || document.hidden) return;
    const kind = { success: "success", error: "failure" }[item.level] || "info";
    toast(item.title, { kind, more: item.text, link: item.link ? { href: item.link, text: say("show") } : null });
}

// --- live -------------------------------------------------------------------------------------------------
onEvent((event) => {
    if (event.type === "notification") {
        countUnread(event.data.unread);
        announce(event.data.notification_id).catch(() => undefined);
    } else if (event.type === "reset") {
        loadNews().catch(() => undefined);
        if (pill) look();
    } else if (pill && event.type.startsWith("job.") && (event.type === "job.status" || own.has(event.subject))) look();
});
askWhile(() => own.size > 0);

loadNews().catch(() => undefined); // the number at the bell; a page without network has said so already
if (pill) look();

// --- a new export -----------------------------------------------------------------------------------------
document.addEventListener("click", async (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-new-export]") : null;
    if (!button) return;
    event.preventDefault();
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    try {
        const { openNewExport } = await import("./new-export.js");
        await openNewExport({ dataset: button.dataset.newExport, source: button.dataset.source || "", query: button.dataset.query || "", opener: button });
    } catch (error) {
        tell(error);
    } finally {
        button.removeAttribute("aria-busy");
    }
});
