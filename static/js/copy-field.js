/* A text that is shown once, in a field, and a button that copies it: <button data-copy="id of the field" hidden>, the
   outcome in the element that data-outcome names. Without this script the text is there to be selected. */
for (const button of document.querySelectorAll("[data-copy]")) {
    const field = document.getElementById(button.dataset.copy);
    const outcome = document.getElementById(button.dataset.outcome);
    button.hidden = false;
    field.addEventListener("focus", () => field.select());
    if (field.autofocus) {
        field.focus(); // a busy browser forgets the attribute, or obeys it before anybody selects
    }
    button.addEventListener("click", async () => {
        outcome.textContent = (await copied(field)) ? button.dataset.done : button.dataset.failed;
    });
}

/** Whether the text is on the clipboard now; if not, it is selected. */
async function copied(field) {
    try {
        await navigator.clipboard.writeText(field.value);
        return true;
    } catch {
        field.select();
        return document.execCommand("copy");
    }
}
