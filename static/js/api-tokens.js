/* The page of API tokens: the dialog is modal. Without this script it is a part of the page. */
const byId = (id) => document.getElementById(id);
const dialog = byId("new-token");

function open() {
    dialog.removeAttribute("open");
    dialog.showModal();
}

byId("new").addEventListener("click", (event) => {
    event.preventDefault();
    open();
});
byId("cancel").addEventListener("click", (event) => {
    event.preventDefault();
    dialog.close();
});
if (dialog.open) open();
// A reload shows the list: it neither makes another token nor opens the dialog again.
history.replaceState(null, "", location.pathname);

byId("made-title")?.focus();
