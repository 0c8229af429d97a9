// What an export says of itself, in the drawer and on its own page: kept true while it moves.

import { boot, debounced, say, throttled } from "./boot.js";
import { elements, part } from "./api.js";
import { tell } from "./toast.js";
import { morph } from "./morph.js";
import { askWhile, onEvent } from "./live.js";
import { prefer } from "./preferences.js";

const LOOK_MS = 500;
const SAY_EVERY = 10;

let shown = null;

const head = () => shown.querySelector(".ec-detail-head");
const moves = () => Boolean(shown?.isConnected && head().hasAttribute("data-moves"));

/** Follow the export that `article` shows; the one before is followed no more. */
export function follow(article) {
    shown = article;
    if (!article) return;
    loadPreview();
    scrollLog();
    said = "";
}

// --- what changes while it moves --------------------------------------------------------------------------
const look = throttled(LOOK_MS, async () => {
    const article = shown;
    if (!article?.isConnected) return;
    try {
        const [live] = await Promise.all([part(article.dataset.live), moreLog(article)]);
        if (article !== shown) return;
        const place = article.querySelector('[data-part="live"]');
        const fresh = place.cloneNode(false);
        fresh.append(elements(live.html));
        const newer = Number(fresh.querySelector(".ec-detail-head").dataset.version) >= Number(head().dataset.version);
        if (newer) {
            const before = head().dataset.status;
            morph(place, fresh);
            if (before !== head().dataset.status) ended();
        }
        announce();
    } catch (error) {
        if (error.status) tell(error);
    }
});

/** A file that has come can be looked into. */
function ended() {
    const section = shown.querySelector('[data-section="preview"]');
    if (head().dataset.status === "ready") {
        delete section.dataset.loaded;
        if (!section.dataset.touched) section.open = true;
        loadPreview();
    }
}

let said = "";

/** Tell a screen reader how far it is: each tenth of the way, and the end. */
function announce() {
    const bar = head().querySelector('[role="progressbar"]');
    const percent = bar?.hasAttribute("aria-valuenow") ? Math.floor(Number(bar.getAttribute("aria-valuenow")) / SAY_EVERY) * SAY_EVERY : null;
    const words = moves() ? (percent === null ? "" : say("progress_is", { job: shown.dataset.detail, percent })) : `${shown.dataset.detail}: ${head().querySelector(".ec-status-words").textContent}`;
    if (!words || words === said) return;
    said = words;
    const place = document.getElementById("announcer");
    if (place) place.textContent = words;
}

// --- preview ----------------------------------------------------------------------------------------------
async function loadPreview() {
    const article = shown;
    const section = article.querySelector('[data-section="preview"]');
    const place = section.querySelector('[data-part="preview"]');
    if (!section.open || section.dataset.loaded || head().dataset.status !== "ready") return;
    section.dataset.loaded = "1";
    try {
        const { html } = await part(article.dataset.preview);
        place.replaceChildren(elements(html));
    } catch (error) {
        delete section.dataset.loaded;
        const button = document.createElement("button");
        button.type = "button";
        button.className = "ec-button";
        button.textContent = say("try_again");
        button.addEventListener("click", loadPreview);
        const words = document.createElement("p");
        words.className = "ec-error";
        words.textContent = error.words || say("failed");
        place.replaceChildren(words, button);
    }
}

// --- log --------------------------------------------------------------------------------------------------
async function moreLog(article) {
    const lines = article.querySelector('[data-part="log"]');
    const url = new URL(article.dataset.log, location.href);
    url.searchParams.set("after", lines.dataset.last);
    const { html, headers } = await part(url);
    const last = headers.get("X-Last");
    if (Number(last) <= Number(lines.dataset.last)) return;
    for (const line of elements(html).querySelectorAll("li")) {
        if (Number(line.dataset.line) > Number(lines.dataset.last)) lines.append(line);
    }
    lines.dataset.last = last;
    scrollLog();
}

function scrollLog() {
    const box = shown.querySelector(".ec-log");
    if (shown.querySelector("[data-follow]").checked) box.scrollTop = box.scrollHeight;
}

// --- sections ---------------------------------------------------------------------------------------------
const rememberFolds = debounced(500, () => {
    const folded = [];
    // A section says itself what it is unless somebody has folded or opened it.
    for (const section of document.querySelectorAll(".ec-section[data-section]")) {
        const name = section.dataset.section;
        if (["attempts", "downloads", "params"].includes(name)) {
            if (section.open) folded.push(`${name}:open`);
            else if (section.dataset.touched) folded.push(name);
        } else if (!section.open && (section.dataset.touched || name !== "preview")) folded.push(name);
    }
    prefer({ folded });
});

document.addEventListener("click", (event) => {
    const summary = event.target instanceof Element ? event.target.closest(".ec-section > summary") : null;
    if (!summary) return;
    summary.parentElement.dataset.touched = "1";
    rememberFolds();
});

document.addEventListener(
    "toggle",
    (event) => {
        if (shown?.contains(event.target) && event.target.dataset.section === "preview" && event.newState === "open") loadPreview();
        if (shown?.contains(event.target) && event.target.dataset.section === "log") scrollLog();
    },
    true,
);

// --- events -----------------------------------------------------------------------------------------------
/** Begin to listen. */
export function installDetail() {
    onEvent((event) => {
        if (!shown?.isConnected) return;
        const about = event.subject === shown.dataset.detail && event.type.startsWith("job.");
        if (about || event.type === "reset" || (event.type === "tick" && moves())) look();
    });
    askWhile(moves);
    document.addEventListener("ec:changed", (event) => shown?.isConnected && event.detail?.job === shown.dataset.detail && look());
    document.addEventListener("ec:refresh", () => shown?.isConnected && look());
}
