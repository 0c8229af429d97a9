// A new import: whatever is chosen becomes an address, and the page is made anew from it without losing what was typed.

import "./ask.js";
import { number } from "../exports/boot.js";
import { elements, part } from "../exports/api.js";
import { tell } from "../exports/toast.js";
import { morph } from "../exports/morph.js";

const root = document.getElementById("import-new");
const steps = document.getElementById("steps");
const PAGE = new URL(root.dataset.page, location.href);
const chosen = new Map();
let turn = 0;
let sending = null;

document.documentElement.classList.add("ec-js");

const words = () => document.getElementById("im-words").dataset;
const announce = (text) => (document.getElementById("announcer").textContent = text);

/** Show what `address` says. history: "push" | "replace" | "none". */
async function load(address, { history: way = "replace" } = {}) {
    const mine = ++turn;
    steps.setAttribute("aria-busy", "true");
    try {
        const { html } = await part(address, { "X-Part": "steps" });
        if (mine !== turn) return false;
        const fresh = steps.cloneNode(false);
        fresh.removeAttribute("aria-busy");
        fresh.append(elements(html));
        morph(steps, fresh);
        if (way !== "none") history[way === "push" ? "pushState" : "replaceState"](null, "", address);
        keepChoices();
        check();
        return true;
    } catch (error) {
        if (mine === turn) tell(error);
        return false;
    } finally {
        if (mine === turn) steps.removeAttribute("aria-busy");
    }
}

const addressOf = (form) => {
    const url = new URL(PAGE);
    for (const [name, value] of new FormData(form)) if (value !== "") url.searchParams.set(name, value);
    return url;
};

// --- which column is which --------------------------------------------------------------------------------
const lines = () => [...steps.querySelectorAll(".im-line")];
const selectOf = (line) => line.querySelector("select");

/** What somebody has chosen for a heading stays when the file is read in another way. */
function keepChoices() {
    for (const line of lines()) {
        const wish = chosen.get(line.dataset.label);
        const select = selectOf(line);
        if (wish !== undefined && [...select.options].some((one) => one.value === wish)) select.value = wish;
    }
}

/** Say what is missing and what stands twice, before anybody sends it. */
function check() {
    const facts = document.getElementById("im-required");
    if (!facts) return;
    const given = new Map();
    for (const line of lines()) {
        const select = selectOf(line);
        line.classList.toggle("im-left-out", !select.value);
        if (select.value) given.set(select.value, [...(given.get(select.value) || []), select]);
    }
    const missing = JSON.parse(facts.textContent).filter(([key]) => !given.has(key)).map(([, title]) => title);
    const twice = [];
    for (const selects of given.values()) {
        for (const select of selects) select.toggleAttribute("aria-invalid", selects.length > 1);
        if (selects.length > 1) {
            for (const select of selects) select.setAttribute("aria-invalid", "true");
            twice.push(selects[0].selectedOptions[0].text.replace(/ \*$/, ""));
        }
    }
    const said = [];
    if (missing.length) said.push(`${words().missing} ${missing.join(words().comma)}`);
    if (twice.length) said.push(`${words().twice} ${twice.join(words().comma)}`);
    const place = document.getElementById("im-missing");
    place.hidden = said.length === 0;
    const text = said.join("  ");
    if (place.querySelector("[data-words]").textContent !== text) place.querySelector("[data-words]").textContent = text;
}

// --- the file ---------------------------------------------------------------------------------------------
function refuse(message, advice) {
    const place = document.getElementById("im-refused");
    place.querySelector("[data-message]").textContent = message;
    place.querySelector("[data-advice]").textContent = advice || "";
    place.hidden = false;
    document.querySelector("#im-upload input[type=file]").value = "";
}

function send(file) {
    const form = document.getElementById("im-upload");
    const box = document.getElementById("im-sending");
    document.getElementById("im-refused").hidden = true;
    if (file.size > Number(words().most) * 1024 * 1024) {
        refuse(words().large, words().split);
        return;
    }
    sending?.abort();
    const body = new FormData(form);
    body.set("file", file);
    const request = new XMLHttpRequest();
    sending = request;
    const bar = box.querySelector("progress");
    const said = box.querySelector("[data-words]");
    bar.value = 0;
    said.textContent = words().sending;
    box.hidden = false;
    form.setAttribute("aria-busy", "true");
    const end = () => {
        if (sending !== request) return;
        sending = null;
        box.hidden = true;
        form.removeAttribute("aria-busy");
    };
    request.upload.addEventListener("progress", (event) => {
        if (!event.lengthComputable) return;
        const percent = Math.floor((event.loaded / event.total) * 100);
        bar.value = percent;
        said.textContent = percent < 100 ? `${number(percent)}%` : words().looking;
    });
    request.addEventListener("load", async () => {
        let told = {};
        try {
            told = JSON.parse(request.responseText);
        } catch {
            told = { message: words().lost };
        }
        if (request.status === 200) {
            chosen.clear();
            if (await load(new URL(told.address, location.href), { history: "push" })) {
                announce(words().sent);
                document.getElementById("step-look").scrollIntoView({ block: "nearest", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
            }
        } else refuse(told.message || words().lost, told.advice);
        end();
    });
    request.addEventListener("error", () => {
        refuse(words().lost, "");
        end();
    });
    request.addEventListener("abort", end);
    request.open("POST", root.dataset.upload);
    request.setRequestHeader("X-Part", "upload");
    request.setRequestHeader("Accept", "application/json");
    request.send(body);
}

// --- hands ------------------------------------------------------------------------------------------------
// Before the theme's own listener, which looks for a text field beside every choice of a file and trips over its absence.
document.addEventListener("change", (event) => {
    const field = event.target;
    if (!(field instanceof HTMLElement) || !field.matches("#im-upload input[type=file]")) return;
    event.stopPropagation();
    if (field.files.length) send(field.files[0]);
}, true);

document.addEventListener("change", (event) => {
    const field = event.target;
    if (!(field instanceof HTMLElement)) return;
    const line = field.closest(".im-line");
    if (line) {
        chosen.set(line.dataset.label, field.value);
        check();
        return;
    }
    const form = field.closest("form[data-soft]");
    if (form) load(addressOf(form));
});

document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement)) return;
    if (form.matches("form[data-soft]")) {
        event.preventDefault();
        load(addressOf(form));
    } else if (form.id === "im-upload") {
        event.preventDefault();
        const input = form.querySelector("input[type=file]");
        if (input.files.length) send(input.files[0]);
    }
}, true);

document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-stop]")) sending?.abort();
});

let over = 0;
const holdsFile = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
const mark = (on) => document.getElementById("im-drop").classList.toggle("im-over", on);
document.addEventListener("dragenter", (event) => {
    if (!holdsFile(event)) return;
    over += 1;
    mark(true);
});
document.addEventListener("dragleave", (event) => {
    if (!holdsFile(event)) return;
    over = Math.max(0, over - 1);
    if (!over) mark(false);
});
document.addEventListener("dragover", (event) => holdsFile(event) && event.preventDefault());
document.addEventListener("drop", (event) => {
    if (!holdsFile(event)) return;
    event.preventDefault(); // else the browser would leave the page and open the file
    over = 0;
    mark(false);
    if (event.dataTransfer.files.length) send(event.dataTransfer.files[0]);
});

window.addEventListener("popstate", () => load(new URL(location.href), { history: "none" }));
document.getElementById("problems")?.focus();
check();
const early = document.querySelector("#im-upload input[type=file]").files;
if (early.length) send(early[0]); // chosen before this script was there
