// Make elements that are shown like fresh ones, changing only what differs: focus, open menus, folded sections, scroll
// positions and animations live through it.

/** Classes that scripts set; the server knows nothing of them. */
const OWN_CLASSES = ["ec-here", "ec-open", "ec-chosen", "ec-fresh", "ec-shown"];
/** The same for attributes. An element with data-keep is a script's alone: it is left as it is. */
const OWN_ATTRIBUTES = new Set(["aria-expanded", "aria-busy", "open", "data-timer", "data-touched", "data-loaded"]);

/** What an element is, whatever it says at the moment; another one takes its place instead of being made of it. */
function keyOf(node) {
    if (node.nodeType !== Node.ELEMENT_NODE) return "";
    const { do: doing, job, part, section } = node.dataset;
    return doing || job || node.id || part || section || "";
}
const alike = (one, other) => one.nodeType === other.nodeType && one.nodeName === other.nodeName && keyOf(one) === keyOf(other);

/** Make `shown` like `fresh`, of which parts may be moved into the page. */
export function morph(shown, fresh) {
    if (shown.nodeType !== Node.ELEMENT_NODE) {
        if (shown.data !== fresh.data) shown.data = fresh.data;
        return;
    }
    if (shown.hasAttribute("data-keep")) return;
    morphAttributes(shown, fresh);
    if (shown instanceof HTMLInputElement || shown instanceof HTMLSelectElement) morphField(shown, fresh);
    if (shown.nodeName !== "SELECT" || shown !== document.activeElement) morphChildren(shown, fresh);
}

function morphAttributes(shown, fresh) {
    const kept = OWN_CLASSES.filter((one) => shown.classList.contains(one));
    const classes = [fresh.getAttribute("class"), ...kept].filter(Boolean).join(" ");
    if ((shown.getAttribute("class") ?? "") !== classes) shown.setAttribute("class", classes);
    for (const { name, value } of fresh.attributes) {
        if (name !== "class" && !OWN_ATTRIBUTES.has(name) && shown.getAttribute(name) !== value) shown.setAttribute(name, value);
    }
    for (const { name } of [...shown.attributes]) {
        // A popover's style is its place on the screen.
        if (!fresh.hasAttribute(name) && !OWN_ATTRIBUTES.has(name) && name !== "class" && !(name === "style" && shown.hasAttribute("popover"))) {
            shown.removeAttribute(name);
        }
    }
}

/** What somebody is typing, or has ticked outside of a form, stays. */
function morphField(shown, fresh) {
    if (shown === document.activeElement || !shown.form) return;
    if (shown.type === "checkbox" || shown.type === "radio") shown.checked = fresh.hasAttribute("checked");
    else if (shown instanceof HTMLInputElement) shown.value = fresh.getAttribute("value") ?? "";
    else queueMicrotask(() => (shown.value = fresh.value)); // once its options are there
}

function morphChildren(shown, fresh) {
    const wanted = [...fresh.childNodes];
    const keys = new Set(wanted.map(keyOf).filter(Boolean));
    const known = new Map();
    for (const child of [...shown.childNodes]) {
        const key = keyOf(child);
        if (key && !keys.has(key)) child.remove(); // first: whatever follows then stands in its place already
        else if (key) known.set(key, child);
    }
    let here = shown.firstChild;
    for (const child of wanted) {
        const key = keyOf(child);
        let found = key ? known.get(key) : null;
        if (!key) {
            while (here && keyOf(here) === "" && !alike(here, child)) {
                const gone = here;
                here = here.nextSibling;
                gone.remove();
            }
            found = here && alike(here, child) ? here : null;
        }
        if (found && !alike(found, child)) {
            if (found === here) here = here.nextSibling;
            found.remove();
            found = null;
        }
        if (!found) shown.insertBefore(child, here);
        else {
            if (found === here) here = here.nextSibling;
            else shown.insertBefore(found, here);
            morph(found, child);
        }
    }
    while (here) {
        const gone = here;
        here = here.nextSibling;
        gone.remove();
    }
}
