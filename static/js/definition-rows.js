// The form of a custom export: adds and removes rows, and shows of each filter only what fits its column.
// Without this script the form works, too: there are spare rows, and the server checks everything.

const NO_VALUE = new Set([
    "empty", "not_empty", "today", "yesterday", "this_week", "last_week", "this_month", "last_month",
    "this_quarter", "last_quarter", "this_year", "last_year",
]);

function fit(row) {
    const column = row.querySelector("[name=filter_column]");
    if (!column) return;
    const operator = row.querySelector("[name=filter_op]");
    const value = row.querySelector("[name=filter_value]");
    const end = row.querySelector("[name=filter_to]");
    const { ops, list, hint } = column.selectedOptions[0].dataset;
    const fitting = new Set((ops ?? "").split(" "));
    for (const option of operator.options) option.hidden = option.disabled = Boolean(ops) && !fitting.has(option.value);
    if (operator.selectedOptions[0]?.disabled) operator.value = [...operator.options].find((option) => !option.disabled).value;
    // What is not shown is still sent: the server ignores it, and going back to another operator finds it again.
    value.hidden = NO_VALUE.has(operator.value);
    end.hidden = operator.value !== "range";
    if (list && operator.value === "equals") value.setAttribute("list", list);
    else value.removeAttribute("list");
    value.placeholder = operator.value === "last_n_days" ? "7" : hint ?? "";
}

function clear(row) {
    for (const field of row.querySelectorAll("select")) field.selectedIndex = 0;
    for (const field of row.querySelectorAll("input")) field.value = "";
    for (const note of row.querySelectorAll(".def-error")) note.remove();
    for (const field of row.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
    row.classList.remove("def-wrong");
}

function remove(row) {
    const rows = row.parentElement;
    const next = row.nextElementSibling ?? row.previousElementSibling;
    if (next) row.remove();
    else clear(row); // the last one stays as the pattern for new ones
    (next ?? row).querySelector("select").focus();
    rows.querySelectorAll(".def-row").forEach(fit);
}

function add(rows) {
    const row = rows.lastElementChild.cloneNode(true);
    clear(row);
    rows.append(row);
    fit(row);
    row.querySelector("select").focus();
}

for (const rows of document.querySelectorAll("[data-rows]")) {
    const button = rows.parentElement.querySelector("[data-add]");
    button.hidden = false;
    button.addEventListener("click", () => add(rows));
    for (const hidden of rows.querySelectorAll("[data-remove]")) hidden.hidden = false;
    rows.addEventListener("click", (event) => {
        const pressed = event.target.closest("[data-remove]");
        if (pressed) remove(pressed.closest(".def-row"));
    });
    rows.addEventListener("change", (event) => fit(event.target.closest(".def-row")));
    rows.querySelectorAll(".def-row").forEach(fit);
}
