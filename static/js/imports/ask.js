// Deeds of imports and tasks: links whose page asks, and whose POST does it. Here a dialog asks in its place.

import { copy, toast } from "../exports/toast.js";

const dialog = () => document.getElementById("ask-dialog");

document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    const refused = event.target.closest("[aria-disabled=true][data-reason]");
    if (refused) {
        event.preventDefault();
        toast(refused.dataset.reason, { kind: "info" });
        return;
    }
    const copier = event.target.closest("[data-copy]");
    if (copier) {
        copy(copier.dataset.copy);
        return;
    }
    if (event.target.closest("[data-ask-no]")) {
        dialog().close();
        return;
    }
    const link = event.target.closest("a[data-ask]");
    if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    const box = dialog();
    box.querySelector("#ask-title").textContent = link.dataset.ask;
    box.querySelector("#ask-effect").textContent = link.dataset.effect;
    box.querySelector("#ask-yes").textContent = link.dataset.yes;
    box.querySelector("form").action = link.href;
    box.showModal();
});

// What is sent twice would be refused the second time, which reads like a failure.
document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.method !== "post") return;
    if (form.dataset.sent) {
        event.preventDefault();
        return;
    }
    form.dataset.sent = "1";
    form.querySelector("button:not([type=button])")?.setAttribute("aria-busy", "true");
});

// Back shows the page as it was left: with forms that can be sent again.
window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
    for (const button of document.querySelectorAll("form [aria-busy]")) button.removeAttribute("aria-busy");
});
