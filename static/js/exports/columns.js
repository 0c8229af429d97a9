// Columns of the list as somebody wants them: which, in what order, how wide; and how close the rows stand (SPEC U4).

import { number, say } from "./boot.js";
import { toast } from "./toast.js";
import { onLoaded, onRows, reload, rows } from "./list.js";
import { keep, onFailure, prefer } from "./preferences.js";
import { sortable } from "./sortable.js";
import { record } from "./ui-events.js";
import { icon } from "./icon.js";

/** As jobs/exports/pages/table.py has them. */
const NARROWEST = 48;
const WIDEST = 800;

const root = document.getElementById("exports-page");
const dialog = document.getElementById("columns-dialog");
const list = document.getElementById("columns-list");
const told = document.getElementById("columns-told");

/** What has been chosen on this page. It outlives the list: rows that were made before it was kept come in the old order. */
let chosen = null;
let compact = null;

// --- the table --------------------------------------------------------------------------------------------
const table = () => document.getElementById("jobs");
const headings = () => [...table().querySelectorAll("th[data-col]")];
const heading = (key) => table().querySelector(`th[data-col="${CSS.escape(key)}"]`);
const measure = (key) => table().querySelector(`col[data-col="${CSS.escape(key)}"]`);
const widthOf = (key) => parseInt(measure(key).style.width, 10);
const within = (width) => Math.round(Math.max(NARROWEST, Math.min(WIDEST, width)));

/** The columns as they stand. */
const columns = () => headings().map((one) => ({ key: one.dataset.col, width: widthOf(one.dataset.col), shown: !one.hidden }));

/** Put the cells of `line` into the order of `keys`; what is not a column stays at its end. */
function order(line, keys) {
    const cells = new Map([...line.children].filter((cell) => cell.dataset.col).map((cell) => [cell.dataset.col, cell]));
    let before = line.firstElementChild;
    for (const key of keys) {
        const cell = cells.get(key);
        if (!cell) continue;
        if (before.nextElementSibling !== cell) before.after(cell);
        before = cell;
    }
}

/** Let the table look like `wanted`. */
function arrange(wanted) {
    const keys = wanted.map((one) => one.key);
    const hidden = new Set(wanted.filter((one) => !one.shown).map((one) => one.key));
    for (const line of [table().querySelector("colgroup"), table().tHead.rows[0], ...rows()]) {
        order(line, keys);
        for (const cell of line.children) if (cell.dataset.col) cell.hidden = hidden.has(cell.dataset.col);
    }
    for (const { key, width } of wanted) if (measure(key)) measure(key).style.width = `${width}px`;
}

/** Show `wanted` at once, and keep it in a moment. */
function choose(wanted) {
    chosen = wanted;
    arrange(wanted);
    prefer({ columns: wanted });
}

const setWidth = (key, width) => choose(columns().map((one) => (one.key === key ? { ...one, width: within(width) } : one)));

// --- the dialog -------------------------------------------------------------------------------------------
function mover(way, title) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "ec-icon-button";
    button.dataset.move = way;
    button.title = say(`column_${way}`, { title });
    button.setAttribute("aria-label", button.title);
    button.append(icon(way === "up" ? "keyboard_arrow_up" : "keyboard_arrow_down"));
    return button;
}

function entry({ key, width, shown }) {
    const { title } = heading(key).dataset;
    const fixed = heading(key).classList.contains("ec-fixed");
    const item = document.createElement("li");
    item.dataset.key = key;
    item.toggleAttribute("data-fixed", fixed);
    const handle = icon(fixed ? "push_pin" : "drag_indicator");
    if (!fixed) handle.classList.add("ec-handle");
    const label = document.createElement("label");
    label.className = "ec-check";
    const tick = document.createElement("input");
    tick.type = "checkbox";
    tick.checked = shown;
    tick.disabled = fixed;
    label.append(tick, title);
    const field = document.createElement("input");
    field.className = "ec-input ec-width";
    field.type = "number";
    field.min = String(NARROWEST);
    field.max = String(WIDEST);
    field.value = String(width);
    field.setAttribute("aria-label", say("column_width", { title }));
    item.append(handle, label, field, ...(fixed ? [] : [mover("up", title), mover("down", title)]));
    return item;
}

const fill = () => list.replaceChildren(...columns().map(entry));

/** What the dialog says. A width that is half typed is the one that was. */
function read() {
    return [...list.children].map((item) => {
        const field = item.querySelector(".ec-width");
        const fits = field.value !== "" && field.validity.valid;
        return { key: item.dataset.key, width: fits ? Number(field.value) : widthOf(item.dataset.key), shown: item.querySelector("[type=checkbox]").checked };
    });
}

function moved(item) {
    choose(read());
    record("column_change");
    const all = [...list.children];
    told.textContent = say("column_placed", { title: heading(item.dataset.key).dataset.title, place: number(all.indexOf(item) + 1), count: number(all.length) });
}

async function reset() {
    const before = columns();
    chosen = null; // what it is at first, the server knows
    prefer({ columns: [] });
    record("column_change");
    dialog.close();
    if (!(await keep())) return;
    await reload();
    toast(say("columns_reset"), { kind: "success", undo: () => choose(before) });
}

function installDialog() {
    sortable(list, moved);
    list.addEventListener("input", () => choose(read()));
    list.addEventListener("change", (event) => {
        if (event.target.matches(".ec-width")) {
            const { key } = event.target.closest("li").dataset;
            event.target.value = String(event.target.value === "" ? widthOf(key) : within(Number(event.target.value)));
        }
        choose(read());
        record("column_change");
    });
    dialog.addEventListener("close", keep);
    document.getElementById("columns-reset").addEventListener("click", reset);
    document.addEventListener("click", (event) => {
        if (!(event.target instanceof Element) || !event.target.closest("#column-settings")) return;
        told.textContent = "";
        fill();
        dialog.showModal();
        list.querySelector("[type=checkbox]:enabled").focus();
    });
}

// --- widths by the mouse ----------------------------------------------------------------------------------
function drag(event) {
    const grip = event.target.closest?.(".ec-grip");
    if (!grip || event.button !== 0) return;
    event.preventDefault();
    const key = grip.closest("th").dataset.col;
    const before = widthOf(key);
    const from = event.clientX;
    const shown = heading(key).offsetWidth;
    const room = document.getElementById("table-box").clientWidth;
    const rest = (table().offsetWidth * before) / shown - before; // the width of all others
    grip.setPointerCapture(event.pointerId);
    grip.classList.add("ec-dragged");
    const move = (now) => {
        const wanted = shown + now.clientX - from;
        // Columns that do not fill the table are drawn wider than they are, all alike: the edge follows the pointer all the same.
        setWidth(key, rest + wanted >= room ? wanted : (wanted * rest) / (room - wanted));
    };
    const end = () => {
        for (const name of ["pointerup", "pointercancel"]) grip.removeEventListener(name, end);
        grip.removeEventListener("pointermove", move);
        grip.classList.remove("ec-dragged");
        if (widthOf(key) !== before) record("column_change");
    };
    grip.addEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"]) grip.addEventListener(name, end);
}

/** As wide as the widest of what the column holds. */
function fit(event) {
    const key = event.target.closest?.(".ec-grip")?.closest("th").dataset.col;
    if (!key) return;
    const style = measure(key).style;
    const before = style.width;
    style.width = "auto";
    table().classList.add("ec-measured");
    const width = Math.ceil(heading(key).getBoundingClientRect().width) + 1;
    table().classList.remove("ec-measured");
    style.width = before;
    setWidth(key, width);
    record("column_change");
}

// --- how close the rows stand -----------------------------------------------------------------------------
const switcher = () => document.getElementById("density");

function showDensity() {
    if (compact === null) root.classList.toggle("ec-compact", switcher().getAttribute("aria-pressed") === "true");
    else {
        root.classList.toggle("ec-compact", compact);
        switcher().setAttribute("aria-pressed", String(compact));
    }
}

/** Begin to listen. */
export function installColumns() {
    installDialog();
    document.addEventListener("pointerdown", drag);
    document.addEventListener("dblclick", fit);
    document.addEventListener("click", (event) => {
        if (!(event.target instanceof Element) || !event.target.closest("#density")) return;
        compact = !root.classList.contains("ec-compact");
        showDensity();
        prefer({ density: compact ? "compact" : "comfortable" });
    });
    onRows(() => chosen && arrange(chosen));
    onLoaded(showDensity);
    // What could not be kept is not shown as if it were.
    onFailure(async () => {
        chosen = compact = null;
        await reload();
        if (dialog.open) fill();
    });
}
