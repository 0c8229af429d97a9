/* Redoc in our page. The document is asked for in the page's language, hence here and not by Redoc. Its search would
   start a worker from a blob, which the policy forbids: the browser's own search finds everything. */
const place = document.getElementById("api");
const options = {
    disableSearch: true,
    hideDownloadButton: true,
    theme: { typography: { fontFamily: "inherit", headings: { fontFamily: "inherit" } } },
};

fetch(place.dataset.document, { headers: { "Accept-Language": place.dataset.language } })
    .then((answer) => answer.json())
    .then((content) => Redoc.init(content, options, place));
