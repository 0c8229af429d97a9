/* Shows the offline page when a navigation fails, and does nothing else: no data is kept, no request is answered from
   the cache while the server can be reached. FACTS = {version, pages: {language: address}, language, style} is put before
   this by the server, which sends another script when a page or the style changes.

   A new worker waits until no page of the old one is open. Did it take over at once, a navigation in that very moment
   would hang: the browser has it wait for a worker that waits for it. Hence, too, one worker for all languages: offline.js
   notes which one is read. */
const CACHE = `offline-${FACTS.version}`;
const READER = "reader";

self.addEventListener("install", (event) => {
    // The API never comes by here, where the browser can be told: what a page sends while it is being left would be lost
    // with the page, and everything else would wait for this script.
    if (event.addRoutes) event.waitUntil(event.addRoutes({ condition: { urlPattern: { pathname: "/api/*" } }, source: "network" }));
    event.waitUntil(
        caches
            .open(CACHE)
            .then((cache) => cache.addAll([...Object.values(FACTS.pages), ...FACTS.style].map((url) => new Request(url, { cache: "reload" })))),
    );
});

self.addEventListener("activate", (event) => {
    const others = (names) => names.filter((name) => name !== CACHE && name !== READER);
    event.waitUntil(caches.keys().then((names) => Promise.all(others(names).map((name) => caches.delete(name)))));
});

self.addEventListener("fetch", (event) => {
    const url = new URL(event.request.url);
    if (url.origin !== self.location.origin || url.pathname.startsWith("/api/")) return; // downloads are the browser's own
    if (event.request.mode === "navigate") {
        event.respondWith(fetch(event.request).catch(() => page()));
    } else if (event.request.method === "GET" && FACTS.style.includes(url.pathname)) {
        event.respondWith(fetch(event.request).catch(() => kept(url.pathname)));
    }
});

async function page() {
    const noted = await caches.match("/reader/language", { cacheName: READER });
    return kept(FACTS.pages[noted && (await noted.text())] || FACTS.pages[FACTS.language]);
}

async function kept(address) {
    const cache = await caches.open(CACHE);
    return (await cache.match(address, { ignoreVary: true })) || Response.error();
}
