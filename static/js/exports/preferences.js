// What this person has chosen for the page, kept on the server: later choices within a moment go in one request.

import { boot } from "./boot.js";
import { api } from "./api.js";
import { tell } from "./toast.js";

const WAIT = 400;
let waiting = {};
let timer = 0;
let turn = Promise.resolve();
let kept = true;
const failed = new Set();

/** Call `run` when something could not be kept: what is shown is not what is stored. */
export const onFailure = (run) => failed.add(run);

/** Keep `choices` (keys of the preference "exports") in a moment. */
export function prefer(choices) {
    waiting = { ...waiting, ...choices };
    clearTimeout(timer);
    timer = setTimeout(keep, WAIT);
}

/** Keep at once what waits. Resolves to whether it is kept; when it is not, that has been told. */
export function keep() {
    clearTimeout(timer);
    turn = turn.then(send); // one after the other: the last choice is the one that stays
    return turn;
}

async function send() {
    const value = waiting;
    waiting = {};
    if (!Object.keys(value).length) return kept;
    try {
        await api("PATCH", boot.urls.preferences, { value }, { keepalive: true });
        kept = true;
    } catch (error) {
        kept = false;
        tell(error);
        for (const run of failed) run();
    }
    return kept;
}

window.addEventListener("pagehide", () => {
    clearTimeout(timer);
    send();
});
