// Several exports at once: ticks in the list, and a bar that says what can be done to them.

import { boot, number, say } from "./boot.js";
import { api } from "./api.js";
import { tell, toast } from "./toast.js";
import { confirm } from "./doings.js";
import { record } from "./ui-events.js";
import { wake } from "./live.js";
import { onRows, rowOf, rows } from "./list.js";
import { touch } from "./live-rows.js";

const MOST = 100;
const DOWNLOAD_GAP_MS = 700;
const chosen = new Set();
let anchor = "";

const box = (row) => row.querySelector('.ec-cell-select input[type="checkbox"]');
const bar = () => document.getElementById("selection");

function show() {
    for (const job of chosen) if (!rowOf(job)) chosen.delete(job); // what is not to be seen is not to be done to
    const all = rows();
    for (const row of all) {
        const on = chosen.has(row.dataset.job);
        row.classList.toggle("ec-chosen", on);
        row.setAttribute("aria-selected", String(on));
        box(row).checked = on;
    }
    const every = document.getElementById("select-all");
    every.checked = all.length > 0 && chosen.size === all.length;
    every.indeterminate = chosen.size > 0 && !every.checked;
    bar().hidden = chosen.size === 0;
    if (chosen.size) document.getElementById("selection-count").textContent = say("chosen", { count: number(chosen.size) });
}

/** Tick `job`, or take the tick away. */
export function toggle(job, on = !chosen.has(job)) {
    if (on) chosen.add(job);
    else chosen.delete(job);
    anchor = job;
    show();
}

/** Take all ticks away; returns whether there were any. */
export function clear() {
    const had = chosen.size > 0;
    chosen.clear();
    show();
    return had;
}

/** From the last tick to this one. */
function range(job, on) {
    const all = rows().map((row) => row.dataset.job);
    const [from, to] = [all.indexOf(anchor), all.indexOf(job)].sort((one, other) => one - other);
    if (from < 0) toggle(job, on);
    else {
        for (const one of all.slice(from, to + 1)) chosen[on ? "add" : "delete"](one);
        show();
    }
}

// --- doing it ---------------------------------------------------------------------------------------------
async function run(action) {
    const jobs = [...chosen];
    if (jobs.length > MOST) {
        toast(say("too_many_chosen", { most: number(MOST) }), { kind: "failure" });
        return;
    }
    if (action === "download") {
        await download(jobs);
        return;
    }
    const yes = await confirm(say(`bulk_${action}_question`, { count: number(jobs.length) }), say(`bulk_${action}_effect`), say(`title_${action}`), { danger: action === "cancel" });
    if (!yes) return;
    for (const job of jobs) {
        if (action === "retry") record("job_retry_click", { job_id: job });
        if (action === "cancel") record("job_cancel_click", { job_id: job });
    }
    const { done, results } = await api("POST", boot.urls.bulk, { action, job_ids: jobs });
    wake();
    for (const job of jobs) touch(job);
    const refused = results.filter((one) => !one.ok);
    const reasons = [...new Set(refused.map((one) => one.message))].slice(0, 3).join(" ");
    if (!refused.length) {
        clear();
        toast(say(`bulk_${action}_done`, { count: number(done) }), { kind: "success" });
        return;
    }
    // What was refused stays ticked, so that one sees which.
    for (const one of results) if (one.ok) chosen.delete(one.job_id);
    show();
    toast(say("bulk_partly", { done: number(done), refused: number(refused.length) }), { kind: done ? "info" : "failure", more: reasons, seconds: 12 });
}

/** One file after the other: browsers drop downloads that begin at the same moment. */
async function download(jobs) {
    const links = jobs.map((job) => rowOf(job)?.querySelector('a[data-do="download"]')).filter(Boolean);
    if (!links.length) {
        toast(say("nothing_to_download"), { kind: "info" });
        return;
    }
    for (const [index, link] of links.entries()) {
        if (index) await new Promise((resolve) => setTimeout(resolve, DOWNLOAD_GAP_MS));
        record("download_click", { job_id: link.dataset.job });
        const frame = document.createElement("iframe");
        frame.hidden = true;
        frame.src = link.href;
        document.body.append(frame);
        setTimeout(() => frame.remove(), 60_000);
    }
    const without = jobs.length - links.length;
    toast(say("downloads_begun", { count: number(links.length) }), { kind: "success", more: without ? say("without_file", { count: number(without) }) : "" });
}

// --- expired exports --------------------------------------------------------------------------------------
async function deleteExpired() {
    const address = new URL(boot.urls.exports, location.href);
    address.searchParams.set("status", "expired");
    address.searchParams.set("page_size", "1");
    const { total } = await api("GET", address);
    if (!total) {
        toast(say("nothing_expired"), { kind: "info" });
        return;
    }
    if (!(await confirm(say("delete_expired_question", { count: number(total) }), say("delete_expired_effect"), say("delete_expired_yes"), { danger: true }))) return;
    const { deleted } = await api("POST", boot.urls.deleteExpired, {});
    toast(say("expired_deleted", { count: number(deleted) }), { kind: "success" });
    document.dispatchEvent(new CustomEvent("ec:refresh"));
}

async function busy(button, doing) {
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    try {
        await doing();
    } catch (error) {
        tell(error);
    } finally {
        button.removeAttribute("aria-busy");
    }
}

/** Begin to listen. */
export function installSelection() {
    onRows(show);
    document.addEventListener("click", (event) => {
        if (!(event.target instanceof Element)) return;
        if (event.target.id === "select-all") {
            for (const row of rows()) chosen[event.target.checked ? "add" : "delete"](row.dataset.job);
            show();
        } else if (event.target.closest("#selection-clear")) {
            clear();
            document.getElementById("table-box").focus({ preventScroll: true });
        } else if (event.target.closest("[data-bulk]")) {
            const button = event.target.closest("[data-bulk]");
            busy(button, () => run(button.dataset.bulk));
        } else if (event.target.closest("#delete-expired")) busy(event.target.closest("#delete-expired"), deleteExpired);
        else {
            const cell = event.target.closest(".ec-row .ec-cell-select");
            if (!cell) return;
            // The whole cell is the target; a finger does not hit a small box.
            const input = cell.querySelector("input");
            const job = cell.closest(".ec-row").dataset.job;
            const on = event.target === input ? input.checked : !input.checked;
            if (event.shiftKey && anchor) range(job, on);
            else toggle(job, on);
        }
    });
}
