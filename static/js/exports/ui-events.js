// What people do on the pages, told to the server some at a time. Losing some of it does no harm.

import { boot } from "./boot.js";
import { api } from "./api.js";

const EVERY_SECONDS = 5;
const MOST = 50;
let waiting = [];
let timer = 0;

function flush(leaving = false) {
    clearTimeout(timer);
    timer = 0;
    const events = waiting.splice(0, MOST);
    if (!events.length || !boot.urls.uiEvents) return;
    api("POST", boot.urls.uiEvents, { events }, { keepalive: leaving }).catch(() => {});
}

/** Note that `name` has happened. */
export function record(name, data = {}) {
    waiting.push({ name, data });
    if (waiting.length >= MOST) flush();
    else timer ||= setTimeout(flush, EVERY_SECONDS * 1000);
}

window.addEventListener("pagehide", () => flush(true));
