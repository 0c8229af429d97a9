// What can be done to exports: one listener for every button with data-do, wherever it stands.

import { boot, say } from "./boot.js";
import { api } from "./api.js";
import { copy, tell, toast } from "./toast.js";
import { record } from "./ui-events.js";
import { withUndo } from "./undo.js";
import { wake } from "./live.js";

/** Ask before something that cannot be undone. Resolves to whether the answer was yes. */
export function confirm(title, effect, yes, { danger = false } = {}) {
    const dialog = document.getElementById("confirm-dialog");
    dialog.querySelector("#confirm-title").textContent = title;
    dialog.querySelector("#confirm-effect").textContent = effect;
    const button = dialog.querySelector("#confirm-yes");
    button.textContent = yes;
    button.classList.toggle("ec-danger", danger);
    button.classList.toggle("ec-primary", !danger);
    dialog.returnValue = "no";
    dialog.showModal();
    return new Promise((resolve) => {
        dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    });
}

const address = (job, what) => `${boot.urls.exports}/${encodeURIComponent(job)}${what ? `/${what}` : ""}`;
const page = (job) => `${boot.urls.page}${encodeURIComponent(job)}/`;

/** Let the page look at `job` at once, which has changed or is new: the stream may be slower, or not get through. */
function changed(job) {
    wake();
    document.dispatchEvent(new CustomEvent("ec:changed", { detail: { job } }));
}

async function retry(job) {
    record("job_retry_click", { job_id: job });
    const told = await api("POST", address(job, "retry"), {});
    changed(told.new_job_id);
    toast(say("created", { job: told.new_job_id }), { kind: "success", link: { href: page(told.new_job_id), text: say("show") } });
}

async function cancel(job, waits) {
    record("job_cancel_click", { job_id: job });
    const run = async (leaving = false) => {
        await api("POST", address(job, "cancel"), {}, { keepalive: leaving });
        changed(job);
        if (!leaving) toast(say("canceling", { job }), { kind: "success" });
    };
    if (waits) {
        withUndo(say("will_cancel", { job }), (leaving) => run(leaving).catch(tell));
        return;
    }
    if (await confirm(say("cancel_question", { job }), say("cancel_effect"), say("cancel_yes"), { danger: true })) await run();
}

async function accelerate(job) {
    await api("POST", address(job, "accelerate"), {});
    changed(job);
    toast(say("accelerated", { job }), { kind: "success" });
}

/** A link that is written down, with a countdown to its end beside the button. */
async function link(job) {
    const told = await api("POST", address(job, "links"), {});
    for (const place of document.querySelectorAll(`[data-job="${CSS.escape(job)}"] [data-countdown]`)) countDown(place, told.expires_at);
    return told;
}

function countDown(place, end) {
    const until = Date.parse(end);
    clearInterval(Number(place.dataset.timer));
    const show = () => {
        const left = Math.round((until - Date.now()) / 1000);
        place.hidden = false;
        place.textContent = left > 0 ? say("link_left", { time: `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}` }) : say("link_over");
        if (left <= 0 || !place.isConnected) clearInterval(Number(place.dataset.timer));
    };
    show();
    place.dataset.timer = String(setInterval(show, 1000));
}

const shell = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function curl(told, name) {
    return `curl -fL -C - -o ${shell(name)} -H "Authorization: Bearer $TOKEN" ${shell(told.download_url)}`;
}

function python(told, name, sha256) {
    return [
        "import hashlib, os, urllib.request",
        "",
        `request = urllib.request.Request(${JSON.stringify(told.download_url)},`,
        '    headers={"Authorization": f"Bearer {os.environ[\'TOKEN\']}"})',
        `with urllib.request.urlopen(request) as answer, open(${JSON.stringify(name)}, "wb") as file:`,
        "    digest = hashlib.sha256()",
        "    while block := answer.read(1 << 20):",
        "        digest.update(block)",
        "        file.write(block)",
        ...(sha256 ? [`assert digest.hexdigest() == ${JSON.stringify(sha256)}`] : []),
        "",
    ].join("\n");
}

async function copyAs(job, what) {
    const [told, facts] = await Promise.all([link(job), what === "copy-link" ? null : api("GET", address(job))]);
    const text = what === "copy-link" ? told.download_url : what === "copy-curl" ? curl(told, facts.file_name) : python(told, facts.file_name, facts.parts.length ? "" : facts.sha256);
    await copy(text, say(what === "copy-link" ? "link_copied" : "copied"));
}

const handlers = {
    retry: (job) => retry(job),
    cancel: (job, button) => cancel(job, waits(job, button)),
    accelerate: (job) => accelerate(job),
    "copy-link": (job) => copyAs(job, "copy-link"),
    "copy-curl": (job) => copyAs(job, "copy-curl"),
    "copy-python": (job) => copyAs(job, "copy-python"),
};

const waits = (job) => document.querySelector(`[data-job="${CSS.escape(job)}"][data-status]`)?.dataset.status === "queued";

/** Do `what` to `job`, as if its button had been clicked; says why when it cannot be done. */
export function act(what, job) {
    const scope = document.querySelector(`tr[data-job="${CSS.escape(job)}"]`) || document.querySelector(`.ec-detail-head[data-job="${CSS.escape(job)}"]`);
    const button = [...(scope?.querySelectorAll(`[data-do="${what}"]`) || [])].at(0);
    if (button) button.click();
    else {
        const title = say(`title_${what}`);
        const refused = [...(scope?.querySelectorAll("[aria-disabled=true][data-reason]") || [])].find((one) => (one.getAttribute("aria-label") || one.textContent).includes(title));
        toast(refused?.dataset.reason || say("not_now"), { kind: "info" });
    }
}

document.addEventListener("click", async (event) => {
    if (!(event.target instanceof Element)) return;
    const refused = event.target.closest("[aria-disabled=true][data-reason]");
    if (refused) {
        event.preventDefault();
        toast(refused.dataset.reason, { kind: "info" });
        return;
    }
    const copier = event.target.closest("[data-copy]");
    if (copier) {
        event.preventDefault();
        event.stopPropagation();
        await copy(copier.dataset.copy);
        return;
    }
    const from = event.target.closest("[data-copy-from]");
    if (from) {
        await copy(from.parentElement.querySelector(from.dataset.copyFrom).textContent);
        return;
    }
    const button = event.target.closest("[data-do]");
    if (!button) return;
    if (button.dataset.do === "download") record("download_click", { job_id: button.dataset.job });
    const handler = handlers[button.dataset.do];
    if (!handler) return;
    event.preventDefault();
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    try {
        await handler(button.dataset.job, button);
    } catch (error) {
        tell(error);
    } finally {
        button.removeAttribute("aria-busy");
    }
});
