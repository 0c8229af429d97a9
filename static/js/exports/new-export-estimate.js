// What an export would be, in words: rows, size, time, and the limits that it meets.

import { bytes, duration, number, say } from "./boot.js";
import { icon } from "./icon.js";

/** Limits after which the export would not do what was wished. */
const SEVERE = new Set(["time_limit"]);

const about = (text) => say("ne_about", { what: text });

/** Say that an answer is awaited; what is shown stays. */
export function showWaiting(form, exact) {
    form.querySelector(".ne-estimate").setAttribute("aria-busy", "true");
    if (exact) form.querySelector("[data-count]").setAttribute("aria-busy", "true");
}

/** Show the answer `told`; null when there is none. */
export function showEstimate(form, told) {
    const box = form.querySelector(".ne-estimate");
    box.removeAttribute("aria-busy");
    const count = form.querySelector("[data-count]");
    count.removeAttribute("aria-busy");
    count.hidden = !told || told.exact;
    const put = (name, text) => {
        box.querySelector(`[data-figure="${name}"]`).textContent = text;
    };
    const known = told && told.rows !== null;
    const rows = known ? (told.exact ? number(told.rows) : about(number(told.rows))) : "—";
    put("rows", rows);
    put("bytes", known ? about(bytes(told.bytes)) : "—");
    put("seconds", known ? about(duration(Math.max(1, told.seconds))) : "—");
    const range = known && !told.exact && told.rows_range[0] !== told.rows_range[1] ? say("ne_between", { low: number(told.rows_range[0]), high: number(told.rows_range[1]) }) : "";
    const wait = told && told.wait_seconds >= 1 ? say("ne_wait", { time: duration(told.wait_seconds) }) : "";
    put("note", told ? [wait, range, told.note].filter(Boolean).join(" ") : "");
    form.querySelector("[data-short]").textContent = known ? say("ne_short", { rows, size: about(bytes(told.bytes)), time: about(duration(Math.max(1, told.seconds))) }) : "";
    const limits = told ? told.limits.map(limit) : [];
    if (known && told.rows === 0 && told.exact) limits.unshift(line(say("ne_empty"), true));
    box.querySelector("[data-limits]").replaceChildren(...limits);
}

const limit = ({ code, message }) => line(code === "time_limit" ? `${message} ${say("ne_too_long")}` : message, SEVERE.has(code));

function line(text, severe) {
    const item = document.createElement("li");
    const sign = icon(severe ? "warning" : "info");
    const words = document.createElement("span");
    words.textContent = text;
    item.append(sign, words);
    item.classList.toggle("ne-severe", severe);
    return item;
}
