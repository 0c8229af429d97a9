// The page of one import, kept true while it moves: by live events, else by asking every two seconds until it has ended.

import "./ask.js";
import { say, throttled } from "../exports/boot.js";
import { elements, part } from "../exports/api.js";
import { tell } from "../exports/toast.js";
import { morph } from "../exports/morph.js";
import { onEvent, onState } from "../exports/live.js";

const LOOK_MS = 400;
const ASK_MS = 2000;
const SAY_EVERY = 10;

const article = document.querySelector(".im-job");
const place = article.querySelector('[data-part="live"]');
const head = () => place.querySelector(".ec-detail-head");
const moves = () => head().hasAttribute("data-moves");
let state = "starting";
let asking = 0;
let said = "";

document.documentElement.classList.add("ec-js");

const look = throttled(LOOK_MS, async () => {
    try {
        const [live] = await Promise.all([part(article.dataset.live), moreLog()]);
        const fresh = place.cloneNode(false);
        fresh.append(elements(live.html));
        if (Number(fresh.querySelector(".ec-detail-head").dataset.version) < Number(head().dataset.version)) return;
        keepLoaded(fresh);
        morph(place, fresh);
        announce();
    } catch (error) {
        if (error.status) tell(error); // without network the next look tells
    } finally {
        again();
    }
});

/** Asking goes on only while something can change and no event would say so. */
function again() {
    clearTimeout(asking);
    asking = moves() && state !== "live" ? setTimeout(look, ASK_MS) : 0;
}

/** Rows that somebody has loaded behind the first ones stay, as long as the import has not come further. */
function keepLoaded(fresh) {
    if (fresh.querySelector(".ec-detail-head").dataset.version !== head().dataset.version) return;
    for (const body of place.querySelectorAll("[data-more-rows][data-grown]")) {
        const other = fresh.querySelector(`[data-more-rows="${CSS.escape(body.dataset.moreRows)}"]`);
        if (!other) continue;
        other.replaceWith(body.cloneNode(true));
        const button = [...fresh.querySelectorAll("[data-load-more]")].at(0);
        if (button && !place.querySelector("[data-load-more]")) button.parentElement.remove();
    }
}

/** Tell a screen reader how far it is: each tenth of the way, and the end. */
function announce() {
    const bar = head().querySelector('[role="progressbar"]');
    const words = head().querySelector(".ec-status-words").textContent;
    let text = `${article.dataset.detail}: ${words}`;
    if (moves() && bar?.hasAttribute("aria-valuenow")) {
        text = say("progress_is", { job: article.dataset.detail, percent: Math.floor(Number(bar.getAttribute("aria-valuenow")) / SAY_EVERY) * SAY_EVERY });
    }
    if (text === said) return;
    said = text;
    document.getElementById("announcer").textContent = text;
}

async function moreLog() {
    const lines = article.querySelector('[data-part="log"]');
    const url = new URL(article.dataset.log, location.href);
    url.searchParams.set("after", lines.dataset.last);
    const { html, headers } = await part(url);
    const last = headers.get("X-Last");
    if (Number(last) <= Number(lines.dataset.last)) return;
    for (const line of elements(html).querySelectorAll("li")) lines.append(line);
    lines.dataset.last = last;
    const box = lines.parentElement;
    box.scrollTop = box.scrollHeight;
}

// --- more rows --------------------------------------------------------------------------------------------
document.addEventListener("click", async (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-load-more]") : null;
    if (!button || button.getAttribute("aria-busy") === "true") return;
    const body = button.closest("details, section").querySelector("[data-more-rows]");
    const url = new URL(body.dataset.moreRows, location.href);
    url.searchParams.set("after", [...body.querySelectorAll("tr[data-row]")].at(-1)?.dataset.row || "0");
    button.setAttribute("aria-busy", "true");
    try {
        const { html, headers } = await part(url);
        const fresh = elements(html);
        const first = fresh.querySelector("tr");
        body.append(fresh);
        body.dataset.grown = "1";
        if (headers.get("X-More") !== "1") {
            button.parentElement.remove();
            const box = body.closest(".ec-scroll");
            box.focus({ preventScroll: true }); // what had the focus is gone
        }
        first?.scrollIntoView({ block: "nearest" });
    } catch (error) {
        tell(error);
    } finally {
        button.removeAttribute("aria-busy");
    }
});

// --- events -----------------------------------------------------------------------------------------------
onEvent((event) => {
    const about = event.subject === article.dataset.detail && event.type.startsWith("job.");
    if (about || event.type === "reset") look();
});
onState((next) => {
    const before = state;
    state = next;
    if (before === "starting" ? next !== "live" : next === "live") look(); // what came meanwhile, nobody has told
    again();
});
document.addEventListener("visibilitychange", () => !document.hidden && moves() && look());
again();
