// Short messages at the edge of the page, read out by screen readers; some can be undone.

import { say } from "./boot.js";
import { ApiError } from "./api.js";
import { icon } from "./icon.js";

const SECONDS = 6;
let box = null;

function place() {
    if (!box) {
        box = document.createElement("div");
        box.className = "ec-toasts";
        box.setAttribute("role", "region");
        box.setAttribute("aria-live", "polite");
        box.setAttribute("aria-label", say("messages"));
    }
    // Over a modal dialog nothing but what is inside of it can be seen and clicked.
    const home = [...document.querySelectorAll("dialog:modal")].at(-1) || document.body;
    if (box.parentElement !== home) home.append(box);
    return box;
}

document.addEventListener("close", (event) => event.target.contains(box) && document.body.append(box), true);

/**
 * Show `text`. kind: "info" | "success" | "failure"; more: a second line; link: {href, text}; undo: called when somebody
 * clicks "undo"; seconds: how long it stays. Returns a function that takes it away.
 */
export function toast(text, { kind = "info", more = "", link = null, undo = null, seconds = SECONDS } = {}) {
    const element = document.createElement("div");
    element.className = `ec-toast ec-${kind === "failure" ? "failure-toast" : kind}`;
    if (kind === "failure") element.setAttribute("role", "alert");
    const words = document.createElement("p");
    words.textContent = text;
    const doings = document.createElement("span");
    doings.className = "ec-toast-doings";
    element.append(icon({ success: "check_circle", failure: "error" }[kind] || "info"), words, doings);
    if (more) {
        const second = document.createElement("p");
        second.textContent = more;
        element.append(second);
    }
    if (link) {
        const anchor = document.createElement("a");
        anchor.className = "ec-link";
        anchor.href = link.href;
        anchor.textContent = link.text;
        doings.append(anchor);
    }
    let timer = 0;
    const close = () => {
        clearTimeout(timer);
        element.remove();
    };
    const button = document.createElement("button");
    button.type = "button";
    button.className = "ec-link";
    if (undo) {
        button.textContent = say("undo");
        button.addEventListener("click", () => {
            close();
            undo();
        });
    } else {
        button.append(icon("close"));
        button.setAttribute("aria-label", say("close"));
        button.addEventListener("click", close);
    }
    doings.append(button);
    const wait = () => {
        timer = setTimeout(close, seconds * 1000);
    };
    element.addEventListener("mouseenter", () => clearTimeout(timer));
    element.addEventListener("mouseleave", wait);
    place().append(element);
    wait();
    return close;
}

/** Tell what went wrong. Anything but an ApiError is a bug, and goes to the console as well. */
export function tell(error) {
    if (!(error instanceof ApiError)) {
        console.error(error);
        toast(say("failed"), { kind: "failure" });
        return;
    }
    const quote = error.status >= 500 && error.requestId ? say("quote", { id: error.requestId }) : "";
    toast(error.message, { kind: "failure", more: [error.words.slice(error.message.length).trim(), quote].filter(Boolean).join(" "), seconds: 10 });
}

/** Copy `text`, and say so. */
export async function copy(text, done) {
    try {
        await navigator.clipboard.writeText(text);
    } catch {
        const field = document.createElement("textarea");
        field.value = text;
        field.className = "ec-unseen";
        document.body.append(field);
        field.select();
        const copied = document.execCommand("copy");
        field.remove();
        if (!copied) {
            toast(say("copy_failed"), { kind: "failure", more: text, seconds: 30 });
            return;
        }
    }
    toast(done || say("copied"), { kind: "success", seconds: 4 });
}
