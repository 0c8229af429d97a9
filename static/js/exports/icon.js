// Signs of the theme's icon font, for the eye alone: what they mean stands in words beside them.

/** The sign called `name`; `more`: further classes. */
export function icon(name, more = "") {
    const element = document.createElement("span");
    element.className = `material-symbols-outlined ec-icon ${more}`.trimEnd();
    element.setAttribute("aria-hidden", "true");
    element.textContent = name;
    return element;
}
