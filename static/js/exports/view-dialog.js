// The dialog in which a saved view gets its name, and people who see it.

import { say } from "./boot.js";
import { ApiError } from "./api.js";

const dialog = document.getElementById("view-dialog");
const form = document.getElementById("view-form");
const general = form.querySelector("[data-error='']");

/** Where an error of a field of the API is said. */
const PLACES = { name: "name", shared: "shared", roles: "shared" };

const errors = () => form.querySelectorAll("[data-error]");

function clear() {
    for (const place of errors()) {
        place.hidden = true;
        place.textContent = "";
    }
    form.elements.name.removeAttribute("aria-invalid");
}

function write(place, words) {
    place.textContent = [place.textContent, words].filter(Boolean).join(" ");
    place.hidden = false;
}

/** Say each error at its field; the first of them gets the focus. What has been typed stays. */
function explain(error) {
    const fields = Object.entries(error.details).filter(([name]) => name in PLACES);
    for (const [name, words] of fields) write(form.querySelector(`[data-error="${PLACES[name]}"]`), words.join(" "));
    if (!fields.length) write(general, error.words);
    if ("name" in error.details) {
        form.elements.name.setAttribute("aria-invalid", "true");
        form.elements.name.focus();
    } else if (fields.length) form.querySelector('[name="shared"]:checked').focus();
}

const boxes = () => [...form.querySelectorAll('[name="roles"]')];

function showRoles() {
    form.querySelector("[data-roles]").hidden = form.elements.shared.value !== "roles";
}

/** One box for each role of the company. */
function offer(roles) {
    form.querySelector("[data-roles]").replaceChildren(
        ...roles.map((role) => {
            const label = document.createElement("label");
            label.className = "ec-check";
            const box = document.createElement("input");
            box.type = "checkbox";
            box.name = "roles";
            box.value = role.key;
            const title = document.createElement("span");
            title.textContent = role.title;
            label.append(box, title);
            return label;
        }),
    );
}

function fill(view) {
    form.querySelector("#view-title").textContent = say(view ? "view_edit_title" : "view_save_title");
    form.elements.name.value = view?.name ?? "";
    form.elements.shared.value = view?.shared ?? "private";
    for (const box of boxes()) box.checked = view?.roles.includes(box.value) ?? false;
    form.elements.by_default.checked = view?.default ?? false;
    clear();
    showRoles();
}

function written() {
    const shared = form.elements.shared.value;
    return {
        name: form.elements.name.value.trim(),
        shared,
        roles: shared === "roles" ? boxes().filter((box) => box.checked).map((box) => box.value) : [],
        by_default: form.elements.by_default.checked,
    };
}

form.addEventListener("change", showRoles);
form.querySelector("[data-close]").addEventListener("click", () => dialog.close());

/**
 * Ask for what `view` is called and who sees it (of `roles`, [{key, title}]); null: a new one. `save` gets {name, shared, roles, by_default}; an ApiError of
 * it is said in the dialog, which stays. Resolves to what `save` has resolved to, or to null when somebody thinks better of it.
 */
export function openViewDialog(view, roles, save) {
    offer(roles);
    fill(view);
    dialog.showModal();
    form.elements.name.select();
    const button = form.querySelector("button[value=save]");
    return new Promise((resolve, reject) => {
        let told = null;
        const submit = async (event) => {
            event.preventDefault();
            if (button.getAttribute("aria-busy") === "true") return;
            clear();
            button.setAttribute("aria-busy", "true");
            try {
                told = await save(written());
                dialog.close();
            } catch (error) {
                if (error instanceof ApiError) explain(error);
                else {
                    reject(error);
                    dialog.close();
                }
            } finally {
                button.removeAttribute("aria-busy");
            }
        };
        form.addEventListener("submit", submit);
        dialog.addEventListener(
            "close",
            () => {
                form.removeEventListener("submit", submit);
                resolve(told);
            },
            { once: true },
        );
    });
}
