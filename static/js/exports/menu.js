// Menus in the browser's top layer: placed beside their button, walked by arrow keys, closed by Escape or a click outside.

/** Place `menu` (a popover) below `button`, or above it where there is no room; data-start: their left edges in line. */
export function placeBeside(menu, button) {
    const at = button.getBoundingClientRect();
    menu.style.left = "8px"; // near the right edge it would be narrower than it wants to be
    const width = menu.offsetWidth;
    const height = menu.offsetHeight;
    const left = Math.max(8, Math.min(menu.hasAttribute("data-start") ? at.left : at.right - width, innerWidth - width - 8));
    const below = at.bottom + 4;
    const top = below + height > innerHeight - 8 ? Math.max(8, at.top - height - 4) : below;
    menu.style.left = `${left}px`;
    menu.style.top = `${top}px`;
}

const items = (menu) => [...menu.querySelectorAll('[role^="menuitem"]')];

document.addEventListener(
    "toggle",
    (event) => {
        const menu = event.target;
        if (!(menu instanceof HTMLElement) || !menu.matches("[popover].ec-menu, [popover].ec-popover")) return;
        const button = document.querySelector(`[popovertarget="${CSS.escape(menu.id)}"]`);
        const open = event.newState === "open";
        button?.setAttribute("aria-expanded", String(open));
        if (open && button) {
            placeBeside(menu, button);
            if (menu.classList.contains("ec-menu")) items(menu)[0]?.focus();
        }
    },
    true,
);

document.addEventListener("keydown", (event) => {
    const menu = event.target instanceof Element ? event.target.closest(".ec-menu") : null;
    if (!menu) return;
    const all = items(menu);
    const here = all.indexOf(document.activeElement);
    const next = { ArrowDown: (here + 1) % all.length, ArrowUp: (here - 1 + all.length) % all.length, Home: 0, End: all.length - 1 }[event.key];
    if (next !== undefined) {
        event.preventDefault();
        event.stopPropagation();
        all[next]?.focus();
    } else if (event.key === " " && document.activeElement instanceof HTMLAnchorElement) {
        event.preventDefault(); // an item is chosen by Space, too, whatever it is made of
        document.activeElement.click();
    } else if (event.key === "Tab") {
        event.preventDefault();
        menu.hidePopover();
    }
});

document.addEventListener("click", (event) => {
    const chosen = event.target instanceof Element ? event.target.closest('.ec-menu [role^="menuitem"]') : null;
    if (chosen && chosen.getAttribute("aria-disabled") !== "true" && !chosen.hasAttribute("data-stay")) {
        chosen.closest(".ec-menu")?.hidePopover();
    }
});

// A list that scrolls away from under its menu would leave it hanging in the air.
document.addEventListener(
    "scroll",
    (event) => {
        if (event.target instanceof Element && event.target.closest(".ec-menu, .ec-popover")) return;
        for (const menu of document.querySelectorAll(".ec-menu:popover-open")) menu.hidePopover();
    },
    true,
);
