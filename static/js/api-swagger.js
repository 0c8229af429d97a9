/* Swagger UI in our page: the document in the page's language, requests with the session of who looks at it. */
const place = document.getElementById("api");
const csrf = document.querySelector("input[name=csrfmiddlewaretoken]").value;

SwaggerUIBundle({
    domNode: place,
    url: place.dataset.document,
    deepLinking: true,
    docExpansion: "list",
    presets: [SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    validatorUrl: null,
    requestInterceptor: (request) => {
        request.headers["Accept-Language"] = place.dataset.language;
        if (request.method && request.method !== "GET") {
            request.headers["X-CSRFToken"] = csrf;
        }
        return request;
    },
});
