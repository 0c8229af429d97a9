/* Runs before Redoc and keeps it within the page's policy: styles that it makes, also while it loads, get the page's
   nonce, and images of other hosts (its makers' mark) are not asked for. */
const ours = document.getElementById("api");
const make = Document.prototype.createElement;

const keepToOurHost = (image) => {
    const set = (name, value) => {
        if (name !== "src" || new URL(value, location.href).origin === location.origin) {
            Element.prototype.setAttribute.call(image, name, value);
        }
    };
    image.setAttribute = set;
    Object.defineProperty(image, "src", { get: () => image.getAttribute("src"), set: (value) => set("src", value) });
};

Document.prototype.createElement = function (...wish) {
    const element = make.apply(this, wish);
    if (element.localName === "style") {
        element.nonce = ours.dataset.nonce;
    } else if (element.localName === "img") {
        keepToOurHost(element);
    }
    return element;
};
