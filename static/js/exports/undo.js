// Things that are done a few seconds later, so that they can be taken back.

import { toast } from "./toast.js";

const UNDO_SECONDS = 5;
const later = new Set();

/**
 * Say `text`, and call `run` in some seconds unless somebody undoes it before; at once when the page is left, then with true.
 * `undone` is called when it is taken back.
 */
export function withUndo(text, run, undone = () => {}) {
    let done = false;
    const end = () => {
        done = true;
        later.delete(go);
        clearTimeout(timer);
    };
    const go = (leaving = false) => {
        if (done) return;
        end();
        close();
        run(leaving);
    };
    const close = toast(text, {
        seconds: UNDO_SECONDS + 1,
        undo: () => {
            end();
            undone();
        },
    });
    const timer = setTimeout(go, UNDO_SECONDS * 1000);
    later.add(go);
}

window.addEventListener("pagehide", () => {
    for (const go of later) go(true);
});
