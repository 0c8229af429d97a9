// The dialog of a new export: first what to export, then its form. The server writes both; changes go through the API.

import { boot, say } from "./boot.js";
import { ApiError, elements, part } from "./api.js";
import { openForm } from "./new-export-form.js";

let open = null;

/** The stylesheet that a part of the dialog asks for, once per page, there before the part is shown. */
function style(fragment) {
    const link = fragment.querySelector('link[rel="stylesheet"]');
    if (!link) return null;
    link.remove();
    if ([...document.querySelectorAll('link[rel="stylesheet"]')].some((one) => one.href === link.href)) return null;
    return new Promise((resolve) => {
        link.addEventListener("load", resolve, { once: true });
        link.addEventListener("error", resolve, { once: true });
        document.head.append(link);
    });
}

async function load(asked) {
    const address = new URL(boot.urls.newExport, location.href);
    for (const [name, value] of Object.entries(asked)) if (value) address.searchParams.set(name, value);
    const fragment = elements((await part(address)).html);
    await style(fragment);
    return fragment;
}

/**
 * Open the dialog. Without `dataset` it begins with the choice of one; `source` and `query` are those of the page that it
 * was opened from; `opener` gets the focus back.
 */
export async function openNewExport({ dataset = "", source = "", query = "", opener = null } = {}) {
    if (open) return;
    open = document.createElement("dialog");
    const dialog = open;
    dialog.className = "ec ec-dialog ne-dialog";
    dialog.setAttribute("aria-labelledby", "ne-title");
    const state = { changed: false, form: null };

    async function show(asked) {
        const fragment = await load({ source: source || location.pathname, ...asked });
        state.form?.stop();
        state.form = null;
        state.changed = false;
        dialog.replaceChildren(fragment);
        const form = dialog.querySelector("form");
        if (form) {
            state.form = openForm(form, {
                changed: () => {
                    state.changed = true;
                },
                done: () => close(),
            });
        }
        if (dialog.open) focusIn();
    }

    function focusIn() {
        const first = dialog.querySelector("[data-search], [data-choose], [data-first], .ne-main input, .ne-main select, .ne-side input:checked");
        (first || dialog.querySelector("[data-leave]")).focus({ preventScroll: true });
    }

    function close() {
        state.form?.stop();
        dialog.close();
    }

    /** A toast would lie under the dialog. */
    function complain(error) {
        if (!(error instanceof ApiError)) console.error(error);
        dialog.querySelector(".ne-above")?.remove();
        const box = document.createElement("p");
        box.className = "ne-problem ne-above";
        box.setAttribute("role", "alert");
        box.textContent = error instanceof ApiError ? error.words : say("failed");
        dialog.querySelector(".ne-head").after(box);
    }

    /** Leave, but ask first when something was chosen or typed. */
    async function leave(go) {
        if (!state.changed || (await state.form.mayDiscard())) go();
    }

    dialog.addEventListener("close", () => {
        dialog.remove();
        open = null;
        if (opener?.isConnected) opener.focus();
    });
    dialog.addEventListener("cancel", (event) => {
        if (event.target !== dialog) return;
        event.preventDefault();
        leave(close);
    });
    dialog.addEventListener("keydown", (event) => {
        // The browser lets a second Escape through whatever "cancel" says.
        if (event.key === "Escape" && !event.target.closest(".ne-ask")) {
            event.preventDefault();
            leave(close);
        } else if (event.key === "Enter" && event.target.matches("[data-search]")) {
            event.preventDefault();
            dialog.querySelector("[data-find]:not([hidden]) [data-choose]")?.click();
        }
    });
    dialog.addEventListener("input", (event) => {
        if (event.target.matches("[data-search]")) search(dialog, event.target.value);
    });
    dialog.addEventListener("click", async (event) => {
        const chosen = event.target.closest("[data-choose]");
        const back = event.target.closest("[data-back]");
        if (event.target.closest("[data-leave]")) leave(close);
        else if (back) leave(() => show({}).catch(complain));
        else if (chosen && chosen.getAttribute("aria-busy") !== "true") {
            chosen.setAttribute("aria-busy", "true");
            await show({ [chosen.dataset.choose]: chosen.dataset.value }).catch(complain);
            chosen.removeAttribute("aria-busy");
        }
    });

    try {
        await show(dataset ? { dataset, query } : {});
    } catch (error) {
        open = null;
        throw error;
    }
    document.body.append(dialog);
    dialog.showModal();
    focusIn();
}

/** Show what has all words of `text` in its own; groups without any go. */
function search(dialog, text) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    for (const item of dialog.querySelectorAll("[data-find]")) {
        const own = item.textContent.toLowerCase();
        item.hidden = !words.every((word) => own.includes(word));
    }
    for (const group of dialog.querySelectorAll("[data-group]")) group.hidden = !group.querySelector("[data-find]:not([hidden])");
    dialog.querySelector("[data-nothing]").hidden = Boolean(dialog.querySelector("[data-find]:not([hidden])"));
}
