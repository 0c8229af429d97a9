// Live events: one stream for all tabs of a person, handed on by BroadcastChannel; asking every five seconds where no
// stream gets through. Whoever listens gets {type, subject, data}, or {type: "reset"}: look at everything anew.

import { boot } from "./boot.js";

const ASK_SECONDS = 5;
const HELLO_SECONDS = 6;
const TRY_AGAIN_SECONDS = 60;
const NAME = `exportcenter-live:${boot.user}`;

const listeners = new Set();
const watchers = new Set();
const wishes = new Set();
const channel = "BroadcastChannel" in window ? new BroadcastChannel(NAME) : null;

let last = boot.last;
let state = "starting";
let asking = 0;

/** Call `run` with every event. */
export const onEvent = (run) => listeners.add(run);

/** Call `run` with "live", "asking" or "lost" whenever that changes. */
export const onState = (run) => {
    watchers.add(run);
    run(state);
};

/** Where no stream gets through, ask only while one of these says that something shown can still change. */
export const askWhile = (wish) => wishes.add(wish);

/** Something may have begun to change: begin to ask again, if that is how we hear. */
export function wake() {
    if (state !== "live" && !asking) ask();
}

function hand(event) {
    if (event.id) last = event.id;
    for (const run of listeners) run(event);
}

function become(next) {
    if (next === state) return;
    state = next;
    for (const run of watchers) run(state);
    if (state === "live") {
        clearTimeout(asking);
        asking = 0;
    } else if (state !== "starting") wake();
}

// --- the stream, in the tab that holds the lock -----------------------------------------------------------
function stream() {
    let source = null;
    let hello = 0;
    let again = 0;

    const give = (message) => {
        hand(message);
        channel?.postMessage({ event: message });
    };
    const be = (next) => {
        become(next);
        channel?.postMessage({ state: next });
    };
    const stop = () => {
        clearTimeout(hello);
        source?.close();
        source = null;
    };
    const fail = () => {
        stop();
        be("asking");
        clearTimeout(again);
        again = setTimeout(open, TRY_AGAIN_SECONDS * 1000);
    };

    function open() {
        stop();
        const address = new URL(boot.urls.events, location.href);
        if (last) address.searchParams.set("last_event_id", last);
        source = new EventSource(address);
        hello = setTimeout(fail, HELLO_SECONDS * 1000);
        source.addEventListener("hello", () => {
            clearTimeout(hello);
            be("live");
        });
        source.addEventListener("reset", (message) => {
            last = JSON.parse(message.data).last || last;
            give({ type: "reset", data: {} });
        });
        for (const type of ["job.status", "job.progress", "notification"]) {
            source.addEventListener(type, (message) => {
                const event = JSON.parse(message.data);
                give(event);
            });
        }
        source.addEventListener("error", () => {
            // The browser connects again by itself unless the server has refused.
            if (source && source.readyState === EventSource.CLOSED) fail();
            else if (state === "live") {
                be("lost");
                clearTimeout(hello);
                hello = setTimeout(fail, HELLO_SECONDS * 1000);
            }
        });
    }

    channel?.addEventListener("message", (message) => {
        if (message.data === "who") channel.postMessage({ state });
    });
    window.addEventListener("pagehide", stop);
    window.addEventListener("pageshow", (event) => {
        if (event.persisted) open();
    });
    open();
}

channel?.addEventListener("message", (message) => {
    if (message.data.event) hand(message.data.event);
    if (message.data.state) become(message.data.state);
});

// --- asking -----------------------------------------------------------------------------------------------
async function ask() {
    clearTimeout(asking);
    asking = 0;
    if (state === "live" || document.hidden || ![...wishes].some((wish) => wish())) return;
    asking = setTimeout(ask, ASK_SECONDS * 1000);
    try {
        const address = new URL(boot.urls.events, location.href);
        if (last) address.searchParams.set("after", last);
        const response = await fetch(address, { headers: { Accept: "application/json" }, credentials: "same-origin" });
        if (!response.ok) return;
        const told = await response.json();
        last = told.last || last;
        if (told.reset) hand({ type: "reset", data: {} });
        for (const event of told.events) hand(event);
        hand({ type: "tick", data: {} });
    } catch {
        // No network: the next look tells.
    }
}

document.addEventListener("visibilitychange", () => {
    if (!document.hidden) wake();
});

if (boot.urls.events && "EventSource" in window) {
    if (navigator.locks && channel) {
        channel.postMessage("who");
        navigator.locks.request(NAME, () => {
            stream();
            return new Promise(() => {}); // held until the tab is gone
        });
    } else stream();
} else become("asking");
