// The form of a new export: what is chosen becomes a request, and what the API refuses is said where it was chosen.

import { boot, debounced, say } from "./boot.js";
import { ApiError, api } from "./api.js";
import { toast } from "./toast.js";
import { record } from "./ui-events.js";
import { wake } from "./live.js";
import { sortable } from "./sortable.js";
import { showEstimate, showWaiting } from "./new-export-estimate.js";

const QUIET_MS = 400;

/**
 * Bring a form to life. `changed` is called when somebody changes something, `done` when the export is created.
 * Returns {stop, mayDiscard}.
 */
export function openForm(form, { changed, done }) {
    const facts = JSON.parse(form.querySelector("#new-export-facts").textContent);
    const columns = form.querySelector("#ne-columns");
    const create = form.querySelector("[data-create]");
    let asking = null;
    let markTouched = false;
    let changes = 0;
    let refusedAt = -1; // a refusal stays until something is changed: an estimate that comes in later must not wipe it away

    // --- what is chosen -----------------------------------------------------------------------------------
    const filters = () => {
        const found = {};
        for (const input of form.querySelectorAll('[data-filter] [name]')) {
            if (input.type === "checkbox") {
                if (input.checked) (found[input.name] ||= []).push(input.value);
            } else if (input.value.trim()) found[input.name] = input.value.trim();
        }
        return found;
    };
    const keys = () => [...columns.querySelectorAll("input:checked")].map((box) => box.value);
    const fileType = () => form.querySelector("[name=file_type]:checked").value;

    function options() {
        const type = fileType();
        const found = {};
        for (const box of form.querySelectorAll("[data-option]")) {
            const offered = box.closest("[data-formats]").dataset.formats.split(" ").includes(type);
            if (!offered) continue;
            // Only a CSV file for people begins with the mark unless told otherwise.
            if (box.name === "bom" ? box.checked === form.elements.raw.checked : box.checked) found[box.name] = box.checked;
        }
        const compression = form.querySelector("[name=compression]:checked").value;
        if (compression !== "none") found.compression = compression;
        return found;
    }

    function request() {
        const body = { type: facts.type, file_type: fileType(), params: facts.wish || filters(), options: options(), source: facts.source };
        if (!facts.wish && !same(keys(), facts.defaults)) body.columns = keys();
        return body;
    }

    // --- what is wrong ------------------------------------------------------------------------------------
    const problem = form.querySelector("[data-problem]");

    function clear() {
        problem.hidden = true;
        problem.textContent = "";
        for (const place of form.querySelectorAll("[data-error]")) {
            place.hidden = true;
            place.textContent = "";
        }
        for (const input of form.querySelectorAll("[aria-invalid]")) {
            input.removeAttribute("aria-invalid");
            if (input.dataset.described === undefined) input.removeAttribute("aria-describedby");
            else input.setAttribute("aria-describedby", input.dataset.described);
        }
    }

    /** The sentences of an error, each at its field; the rest above the buttons. Returns the first wrong field. */
    function place(details, rest) {
        const others = [];
        let first = null;
        for (const [name, sentences] of Object.entries(details)) {
            const words = [sentences].flat().filter((one) => typeof one === "string").join(" ");
            const spot = form.querySelector(`[data-error="${CSS.escape(name)}"]`);
            if (!spot) {
                others.push(words);
                continue;
            }
            spot.textContent = words;
            spot.hidden = false;
            for (const input of form.querySelectorAll(`[data-place="${CSS.escape(name)}"]`)) {
                if (input.dataset.described === undefined && input.hasAttribute("aria-describedby")) input.dataset.described = input.getAttribute("aria-describedby");
                input.setAttribute("aria-invalid", "true");
                input.setAttribute("aria-describedby", [spot.id, input.dataset.described].filter(Boolean).join(" "));
                first ||= input;
            }
        }
        const words = [...others, ...(first && !others.length ? [] : rest)].filter(Boolean);
        if (words.length) {
            problem.textContent = words.join(" ");
            problem.hidden = false;
        }
        return first;
    }

    function refuse(error, { focus }) {
        clear();
        if (!(error instanceof ApiError)) console.error(error);
        const known = error instanceof ApiError ? error : new ApiError(500);
        const quote = known.status >= 500 && known.requestId ? say("quote", { id: known.requestId }) : "";
        const first = place(known.details, [known.message, known.status === 400 ? "" : known.advice, quote]);
        if (!focus) return;
        refusedAt = changes;
        (first || create).focus();
    }

    /** What the browser itself cannot read never reaches the API: a date of which a part is missing. */
    function unreadable() {
        const found = {};
        for (const input of form.querySelectorAll("[data-filter] input[type=date]")) if (input.validity.badInput) found[input.dataset.place] = [say("ne_bad_date")];
        if (columns && !keys().length) found.columns = [say("ne_no_columns")];
        return Object.keys(found).length ? found : null;
    }

    // --- estimate -----------------------------------------------------------------------------------------
    async function estimate({ exact = false } = {}) {
        asking?.abort();
        const wrong = unreadable();
        if (wrong) {
            clear();
            place(wrong, []);
            showEstimate(form, null);
            return;
        }
        asking = new AbortController();
        const { signal } = asking;
        showWaiting(form, exact);
        try {
            const told = await api("POST", boot.urls.estimate, { ...request(), ...(exact ? { exact } : {}) }, { signal });
            if (signal.aborted) return;
            if (refusedAt !== changes) clear();
            showEstimate(form, told);
        } catch (error) {
            if (signal.aborted) return;
            showEstimate(form, null);
            refuse(error, { focus: false });
        }
    }
    const later = debounced(QUIET_MS, () => form.isConnected && estimate());

    // --- columns ------------------------------------------------------------------------------------------
    function countColumns() {
        if (!columns) return;
        const chosen = keys();
        form.querySelector("[data-count-columns]").textContent = say("ne_columns", { chosen: chosen.length, all: columns.childElementCount });
        for (const button of form.querySelectorAll("[data-set]")) button.setAttribute("aria-pressed", String(same(chosen, facts.sets[button.dataset.set])));
    }

    /** Choose exactly these columns, in this order, before the others. */
    function choose(wanted) {
        const items = new Map([...columns.children].map((item) => [item.dataset.key, item]));
        for (const item of items.values()) item.querySelector("input").checked = wanted.includes(item.dataset.key);
        columns.prepend(...wanted.map((key) => items.get(key)).filter(Boolean));
    }

    // --- file ---------------------------------------------------------------------------------------------
    function offer() {
        const type = fileType();
        for (const place of form.querySelectorAll("[data-formats]")) place.hidden = !place.dataset.formats.split(" ").includes(type);
        const chosen = form.querySelector("[name=compression]:checked");
        if (!chosen || chosen.closest("[data-formats]").hidden) form.querySelector("[name=compression][value=none]").checked = true;
    }

    function pressPeriods() {
        for (const button of form.querySelectorAll("[data-first]")) {
            const on = form.elements.start.value === button.dataset.first && form.elements.end.value === button.dataset.last;
            button.setAttribute("aria-pressed", String(on));
        }
    }

    function touched() {
        changes += 1;
        changed();
        offer();
        countColumns();
        pressPeriods();
        later();
    }

    form.addEventListener("input", (event) => {
        if (event.target.name === "definition_name") {
            changed();
            return;
        }
        if (event.target.name === "bom") markTouched = true;
        if (event.target.name === "raw" && !markTouched && form.elements.bom) form.elements.bom.checked = !event.target.checked;
        touched();
    });
    if (columns) sortable(columns, touched);

    form.addEventListener("click", (event) => {
        const set = event.target.closest("[data-set]");
        const period = event.target.closest("[data-first]");
        if (set) {
            choose(facts.sets[set.dataset.set]);
            touched();
        } else if (period) {
            const pressed = period.getAttribute("aria-pressed") === "true";
            form.elements.start.value = pressed ? "" : period.dataset.first;
            form.elements.end.value = pressed ? "" : period.dataset.last;
            touched();
        } else if (event.target.closest("[data-clear]")) {
            for (const input of form.querySelectorAll("[data-filter] [name]")) {
                if (input.type === "checkbox") input.checked = false;
                else input.value = "";
            }
            touched();
        } else if (event.target.closest("[data-count]")) estimate({ exact: true });
        else if (event.target.closest("[data-save]")) save(event.target.closest("[data-save]"));
    });
    form.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" || event.target.name !== "definition_name") return;
        event.preventDefault();
        save(form.querySelector("[data-save]"));
    });

    // --- create -------------------------------------------------------------------------------------------
    form.addEventListener("submit", async (event) => {
        event.preventDefault();
        if (create.getAttribute("aria-busy") === "true") return;
        const wrong = unreadable();
        if (wrong) {
            clear();
            place(wrong, [])?.focus();
            return;
        }
        create.setAttribute("aria-busy", "true");
        asking?.abort();
        try {
            record("export_create_click", { type: facts.type });
            const told = await api("POST", boot.urls.exports, request());
            toast(say("created", { job: told.job_id }), { kind: "success", link: { href: `${boot.urls.page}${encodeURIComponent(told.job_id)}/`, text: say("show") } });
            document.dispatchEvent(new CustomEvent("ec:changed", { detail: { job: told.job_id } }));
            wake();
            done();
        } catch (error) {
            refuse(error, { focus: true });
        } finally {
            create.removeAttribute("aria-busy");
        }
    });

    // --- save as a definition -----------------------------------------------------------------------------
    /** The filters as conditions, with the name of the filter that each came from. */
    function conditions() {
        const found = [];
        const lost = [];
        for (const [name, value] of Object.entries(filters())) {
            const like = facts.conditions[name];
            if (!like) {
                lost.push(facts.titles[name]);
                continue;
            }
            const other = like.end && found.find((one) => one.said.column === like.column && one.said.op === like.op);
            if (other) {
                other.said.value[like.end] = value;
                other.names[like.end] = name;
            } else {
                const meant = facts.yes_no.includes(name) ? value === "true" : value;
                found.push({ said: { column: like.column, op: like.op, value: like.end ? { [like.end]: value } : meant }, names: like.end ? { [like.end]: name } : { "": name } });
            }
        }
        return { found, lost };
    }

    /** Places of a definition's body in the words of this form. */
    function translated(details, found) {
        const told = {};
        for (const [name, sentences] of Object.entries(details)) {
            const at = name.match(/^body\.filters\.(\d+)\.(?:column|op|value)(?:\.(min|max))?$/);
            const names = at && found[Number(at[1])]?.names;
            told[names ? `params.${names[at[2] || ""] || Object.values(names)[0]}` : name.replace(/^body\./, "").replace(/^columns\..*/, "columns")] = sentences;
        }
        return told;
    }

    async function save(button) {
        if (button.getAttribute("aria-busy") === "true") return;
        const { found, lost } = conditions();
        clear();
        if (lost.length) {
            place({ name: [say("ne_lost", { names: lost.join(say("ne_comma")) })] }, [])?.focus();
            return;
        }
        button.setAttribute("aria-busy", "true");
        try {
            const body = { columns: keys().map((key) => ({ key })), order: [], filters: found.map((one) => one.said), file_type: fileType(), options: options() };
            const told = await api("POST", boot.urls.definitions, { name: form.elements.definition_name.value.trim(), dataset: facts.dataset, body });
            const link = form.dataset.definitionUrl.replace("00000000-0000-0000-0000-000000000000", told.id);
            form.elements.definition_name.value = "";
            const anchor = document.createElement("a");
            anchor.className = "ec-link";
            anchor.href = link;
            anchor.target = "_blank"; // what is chosen here stays
            anchor.textContent = say("show");
            form.querySelector("[data-saved]").replaceChildren(say("ne_saved", { name: told.name, version: told.version }), " ", anchor);
        } catch (error) {
            if (error instanceof ApiError) error.details = translated(error.details, found);
            refuse(error, { focus: true });
        } finally {
            button.removeAttribute("aria-busy");
        }
    }

    // --- leave --------------------------------------------------------------------------------------------
    function mayDiscard() {
        const ask = document.createElement("dialog");
        ask.className = "ec ec-dialog ne-ask";
        ask.setAttribute("aria-labelledby", "ne-ask-title");
        const title = document.createElement("h2");
        title.id = "ne-ask-title";
        title.textContent = say("ne_discard");
        const foot = document.createElement("div");
        foot.className = "ec-dialog-foot";
        const button = (text, look, value) => {
            const made = document.createElement("button");
            made.type = "button";
            made.className = `ec-button ${look}`;
            made.textContent = text;
            made.addEventListener("click", () => ask.close(value));
            foot.append(made);
            return made;
        };
        const stay = button(say("ne_stay"), "ec-primary", "");
        button(say("ne_discard_yes"), "ec-danger", "yes");
        ask.append(title, foot);
        form.append(ask);
        const before = document.activeElement;
        ask.showModal();
        stay.focus();
        return new Promise((resolve) => {
            ask.addEventListener("close", () => {
                const yes = ask.returnValue === "yes";
                ask.remove();
                if (!yes) before?.focus();
                resolve(yes);
            });
        });
    }

    offer();
    countColumns();
    pressPeriods();
    estimate();
    return { stop: () => asking?.abort(), mayDiscard };
}

const same = (one, other) => one.length === other.length && one.every((key, at) => key === other[at]);
