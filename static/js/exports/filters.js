// The form of filters and the search: every change shows at once, in the list and in the address.

import { debounced } from "./boot.js";
import { load, onLoaded } from "./list.js";
import { record } from "./ui-events.js";

const WAIT = 250;
const TICKED = ["status", "type", "file_type"];
/** Fields of the form by the names that the API has for them. */
const AS_RECORDED = { period: "created_from", from: "created_from", to: "created_to", mb_min: "size_min", mb_max: "size_max" };
const form = () => document.getElementById("filter-form");
const search = () => document.getElementById("search");

/** What the form and the search ask for, as a query string. */
function address() {
    const asked = new URLSearchParams();
    for (const [name, value] of new FormData(form())) if (value !== "" && name !== "q") asked.append(name, value);
    const text = search().value.trim();
    if (text) asked.set("q", text);
    if (![...asked.keys()].some((name) => name !== "ordering" && name !== "view")) asked.set("view", "all");
    return `?${asked}`;
}

let before = {};

function values() {
    const found = {};
    for (const [name, value] of new FormData(form())) if (value !== "") found[name] = found[name] ? `${found[name]},${value}` : value;
    return found;
}

function apply() {
    const now = values();
    for (const field of new Set([...Object.keys(before), ...Object.keys(now)])) {
        if (before[field] === now[field]) continue;
        if (field === "view") continue; // views tell of themselves
        // What somebody has typed is nobody's business; what was ticked tells which filters are of use.
        const ticked = TICKED.includes(field) ? { from: before[field] || "", to: now[field] || "" } : {};
        record("filter_change:exports", { field: AS_RECORDED[field] || field, ...ticked });
    }
    remember();
    load(address(), { filters: false });
}

const soon = debounced(WAIT, apply);

/** A period and days of one's own exclude each other. */
function exclude(changed) {
    if (changed.name === "period") {
        for (const name of ["from", "to"]) form().elements[name].value = "";
    } else if (changed.name === "from" || changed.name === "to") {
        for (const radio of form().elements.period) radio.checked = false;
    }
}

/** Remember what is chosen: which period is, and what a change will be a change from. */
function remember() {
    before = values();
    for (const radio of form().querySelectorAll('.ec-chip input[type="radio"]')) radio.toggleAttribute("data-was", radio.checked);
}

/** Begin to listen. */
export function installFilters() {
    document.documentElement.classList.add("ec-js");
    document.addEventListener("input", (event) => {
        if (event.target === search()) {
            form().elements.q.value = search().value.trim();
            soon();
        } else if (event.target.form === form() && event.target.matches('[type="number"], [list]')) soon();
    });
    document.addEventListener("change", (event) => {
        if (event.target.form !== form()) return;
        exclude(event.target);
        soon();
    });
    document.addEventListener("submit", (event) => {
        if (event.target !== form() && event.target.id !== "search-form") return;
        event.preventDefault();
        apply();
        if (event.target === form()) show(false);
    });
    // A chosen period can be taken back by choosing it again, as any chip.
    document.addEventListener("click", (event) => {
        const radio = event.target instanceof Element ? event.target.closest('.ec-chip input[type="radio"]') : null;
        if (!radio) return;
        if (radio.hasAttribute("data-was")) {
            radio.checked = false;
            soon();
        }
        for (const one of form().elements[radio.name]) one.toggleAttribute("data-was", one.checked);
    });
    onLoaded(remember);
    remember();

    // Where the page is narrow, the filters come in from the side.
    document.addEventListener("click", (event) => {
        if (!(event.target instanceof Element)) return;
        if (event.target.closest(".ec-filters-open")) show(true);
        else if (event.target.closest(".ec-filters-close")) show(false);
        else if (shown() && !event.target.closest("#filters")) show(false, { focus: false });
    });
    document.addEventListener("keydown", (event) => {
        if (event.key === "Escape" && shown()) {
            event.stopImmediatePropagation();
            show(false);
        }
    });
}

const panel = () => document.getElementById("filters");
const shown = () => panel().classList.contains("ec-shown");

function show(open, { focus = true } = {}) {
    if (open === shown()) return;
    panel().classList.toggle("ec-shown", open);
    const button = document.querySelector(".ec-filters-open");
    button.setAttribute("aria-expanded", String(open));
    if (!focus) return;
    if (open) panel().querySelector(".ec-filters-close").focus();
    else button.focus();
}
