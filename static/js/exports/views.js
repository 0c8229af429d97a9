// The menu of saved views: open one, keep what is set as one; change, share and delete one's own (SPEC U7).

import { boot, say } from "./boot.js";
import { api } from "./api.js";
import { tell, toast } from "./toast.js";
import { load, query, reload } from "./list.js";
import { placeBeside } from "./menu.js";
import { record } from "./ui-events.js";
import { withUndo } from "./undo.js";
import { openViewDialog } from "./view-dialog.js";
import { icon } from "./icon.js";

const ALL = "all";
/** Names in the address that narrow nothing. */
const NOT_KEPT = ["view", "cursor"];

const menu = () => document.getElementById("views-menu");
const button = () => document.getElementById("views-button");
/** The view that is shown: {view, name, changed, mayChange}, texts all. */
const shown = () => document.getElementById("views").dataset;
const address = (view, what = "") => `${boot.urls.savedViews}/${encodeURIComponent(view.id)}${what && `/${what}`}`;

/** As the server has told them last. */
let views = null;
/** The company's roles, [{key, title}], told with them. */
let roles = [];
/** Ids of those that are deleted as soon as it cannot be undone any more. */
const leaving = new Set();

/** What the list is narrowed and sorted by, as a view keeps it. */
function kept() {
    const found = {};
    for (const [name, value] of new URLSearchParams(query())) if (!NOT_KEPT.includes(name)) (found[name] ??= []).push(value);
    return found;
}

// --- the menu ---------------------------------------------------------------------------------------------
function choice(view, checked) {
    const item = document.createElement("a");
    item.setAttribute("role", "menuitemradio");
    item.setAttribute("aria-checked", String(checked));
    item.tabIndex = -1;
    item.href = `?view=${encodeURIComponent(view.id)}`;
    item.dataset.soft = "";
    item.dataset.view = view.id;
    const words = document.createElement("span");
    words.className = "ec-view-words";
    words.append(view.name);
    if (view.owner && !view.mine) {
        const owner = document.createElement("span");
        owner.className = "ec-why";
        owner.textContent = view.owner.name;
        words.append(owner);
    }
    item.append(icon(checked ? "check" : "", "ec-view-check"), words);
    if (view.default) {
        const star = icon("star", "ec-view-star");
        const meaning = document.createElement("span");
        meaning.className = "ec-unseen";
        meaning.textContent = say("view_is_default");
        item.title = meaning.textContent;
        item.append(star, meaning);
    }
    return item;
}

function doing(what, sign, words) {
    const item = document.createElement("button");
    item.type = "button";
    item.setAttribute("role", "menuitem");
    item.tabIndex = -1;
    item.dataset.viewDo = what;
    item.classList.toggle("ec-danger", what === "delete");
    item.append(icon(sign), words);
    return item;
}

function group(title, items) {
    const box = document.createElement("div");
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", title);
    const heading = document.createElement("div");
    heading.className = "ec-menu-title";
    heading.setAttribute("aria-hidden", "true");
    heading.textContent = title;
    box.append(heading, ...items);
    return box;
}

/** What can be done to the view that is shown. */
function doings(view, changed) {
    const items = [];
    if (changed && view.may_change) items.push(doing("keep", "save", say("view_keep")));
    if (changed) items.push(doing("discard", "undo", say("view_discard")));
    items.push(view.default ? doing("unmake-default", "star_border", say("view_unmake_default")) : doing("make-default", "star", say("view_make_default")));
    if (view.may_change) items.push(doing("edit", "edit", say("view_edit")), doing("delete", "delete", say("view_delete")));
    return items;
}

const current = () => views.find((view) => view.id === shown().view && !leaving.has(view.id));

function render() {
    const open = current();
    const everything = { id: ALL, name: say("view_all"), default: false };
    const there = views.filter((view) => !leaving.has(view.id));
    const groups = [
        [say("views_builtin"), there.filter((view) => view.builtin)],
        [say("views_mine"), there.filter((view) => view.mine)],
        [say("views_shared"), there.filter((view) => !view.builtin && !view.mine)],
    ];
    const line = document.createElement("hr");
    line.setAttribute("role", "separator");
    menu().replaceChildren(
        choice(everything, !open && !Object.keys(kept()).some((name) => name !== "ordering")),
        ...groups.filter(([, found]) => found.length).map(([title, found]) => group(title, found.map((view) => choice(view, view === open)))),
        line,
        doing("save", "bookmark_add", say("view_save")),
        ...(open ? [group(open.name, doings(open, shown().changed === "1"))] : []),
    );
}

/** Who walks the menu by keys begins at the view that is shown. */
function focus() {
    placeBeside(menu(), button());
    (menu().querySelector("[aria-checked=true]") || menu().querySelector("[role^=menuitem]")).focus();
}

async function open() {
    const wait = document.createElement("p");
    wait.className = "ec-menu-title";
    wait.setAttribute("role", "status");
    wait.textContent = say("views_loading");
    menu().replaceChildren(wait);
    try {
        ({ items: views, roles } = await api("GET", `${boot.urls.savedViews}?page=exports`));
    } catch (error) {
        menu().hidePopover();
        tell(error);
        return;
    }
    render();
    if (menu().matches(":popover-open")) focus();
}

// --- doing it ---------------------------------------------------------------------------------------------
const show = (id, way = "push") => load(`?view=${encodeURIComponent(id)}`, { history: way });

async function keepChanges(view) {
    await api("PATCH", address(view), { query: kept() });
    await show(view.id, "replace");
    toast(say("view_kept", { name: view.name }), { kind: "success" });
}

async function setDefault(view, on) {
    await api(on ? "POST" : "DELETE", address(view, "default"), on ? {} : undefined);
    toast(say(on ? "view_default_made" : "view_default_unmade", { name: view.name }), { kind: "success" });
}

/** Ask for name and sharing, and save `view`, or a new one. */
async function save(view = null) {
    const told = await openViewDialog(view, roles, async ({ by_default: byDefault, ...body }) => {
        const saved = view ? await api("PATCH", address(view), body) : await api("POST", boot.urls.savedViews, { page: "exports", query: kept(), ...body });
        return { saved, byDefault };
    });
    if (!told) return;
    const { saved, byDefault } = told;
    if (view) await reload();
    else await show(saved.id);
    toast(say("view_saved", { name: saved.name }), { kind: "success" });
    if (byDefault !== saved.default) await setDefault(saved, byDefault);
}

async function remove(view) {
    const before = query();
    const without = new URLSearchParams(before);
    without.delete("view");
    if (![...without.keys()].some((name) => name !== "ordering")) without.set("view", ALL);
    leaving.add(view.id);
    await load(`?${without}`);
    const after = query();
    withUndo(
        say("view_deleted", { name: view.name }),
        async (left) => {
            try {
                await api("DELETE", address(view), undefined, { keepalive: left });
            } catch (error) {
                tell(error);
            } finally {
                leaving.delete(view.id);
            }
        },
        () => {
            leaving.delete(view.id);
            if (query() === after) load(before); // who has gone elsewhere meanwhile stays there
        },
    );
}

const handlers = {
    save: () => save(),
    keep: keepChanges,
    discard: (view) => show(view.id),
    "make-default": (view) => setDefault(view, true),
    "unmake-default": (view) => setDefault(view, false),
    edit: save,
    delete: remove,
};

/** Begin to listen. */
export function installViews() {
    // Before it opens: what it said last time must not be seen for a moment, or be clicked.
    document.addEventListener("beforetoggle", (event) => event.target === menu() && event.newState === "open" && open(), true);
    document.addEventListener("click", async (event) => {
        if (!(event.target instanceof Element)) return;
        const chosen = event.target.closest("#views-menu [data-view]");
        if (chosen) record("view_open", { view: chosen.dataset.view });
        const item = event.target.closest("#views-menu [data-view-do]");
        if (!item) return;
        menu().hidePopover(); // first: the focus goes back to the button, and from there into a dialog
        try {
            await handlers[item.dataset.viewDo](current());
        } catch (error) {
            tell(error);
        }
    });
}
