// Lists that people put in an order of their own: by dragging a handle, by buttons, by Alt+arrow keys.

const HANDLE = ".ec-handle";

/** Where a list scrolls, dragging near its edge scrolls it. */
const EDGE = 28;

const scroller = (list) => {
    let place = list;
    while (place && place.scrollHeight <= place.clientHeight) place = place.parentElement;
    return place;
};

/**
 * Let people sort the <li> of `list`. Each holds an element .ec-handle to drag it by, and may hold buttons
 * [data-move="up"] and [data-move="down"]; Alt+ArrowUp and Alt+ArrowDown work anywhere inside of an item. An item with
 * data-fixed stays where it is, and nothing passes it. `onChange` is called after each move; it reads the order from the list.
 */
export function sortable(list, onChange) {
    let dragged = null;

    const free = (item) => item && !item.hasAttribute("data-fixed");

    function move(item, way) {
        const other = way === "up" ? item.previousElementSibling : item.nextElementSibling;
        if (!free(item) || !free(other)) return;
        const focused = document.activeElement;
        if (way === "up") other.before(item);
        else other.after(item);
        focused?.focus(); // a moved element loses it
        item.scrollIntoView({ block: "nearest" });
        onChange(item);
    }

    list.addEventListener("click", (event) => {
        const button = event.target.closest("[data-move]");
        if (button && list.contains(button)) move(button.closest("li"), button.dataset.move);
    });

    list.addEventListener("keydown", (event) => {
        if (!event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
        const item = event.target.closest("li");
        if (!item) return;
        event.preventDefault();
        event.stopPropagation();
        move(item, event.key === "ArrowUp" ? "up" : "down");
    });

    list.addEventListener("pointerdown", (event) => {
        const handle = event.target.closest(HANDLE);
        const item = handle?.closest("li");
        if (!item || event.button !== 0 || !free(item)) return;
        event.preventDefault();
        dragged = { item, moved: false };
        item.classList.add("ec-dragged");
        list.setPointerCapture(event.pointerId);
    });

    list.addEventListener("pointermove", (event) => {
        if (!dragged) return;
        const place = scroller(list)?.getBoundingClientRect();
        if (place && event.clientY < place.top + EDGE) scroller(list).scrollBy(0, -8);
        else if (place && event.clientY > place.bottom - EDGE) scroller(list).scrollBy(0, 8);
        const before = [...list.children].find((item) => {
            if (item === dragged.item) return false;
            const at = item.getBoundingClientRect();
            return event.clientY < at.top + at.height / 2;
        });
        if (before && !free(before)) return;
        if (before ? before.previousElementSibling === dragged.item : list.lastElementChild === dragged.item) return;
        if (before) before.before(dragged.item);
        else list.append(dragged.item);
        dragged.moved = true;
    });

    const drop = () => {
        if (!dragged) return;
        const { item, moved } = dragged;
        item.classList.remove("ec-dragged");
        dragged = null;
        if (moved) onChange(item);
    };
    list.addEventListener("pointerup", drop);
    list.addEventListener("pointercancel", drop);
}
