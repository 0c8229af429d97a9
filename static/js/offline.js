/* Asks the browser to keep the offline page, and notes for it which language this page speaks. Without it (private
   windows, plain HTTP) everything works but that page. */
if ("serviceWorker" in navigator && window.isSecureContext) {
    const noted = caches.open("reader").then((kept) => kept.put("/reader/language", new Response(document.documentElement.lang)));
    Promise.all([navigator.serviceWorker.register("/service-worker.js"), noted]).catch((reason) =>
        console.info("No offline page:", reason.message),
    );
}
