// Talking to the server: JSON to the API, HTML parts of pages. Errors come as ApiError with words for people.

import { boot, say } from "./boot.js";

export class ApiError extends Error {
    constructor(status, body = {}) {
        super(body.message || say(status ? "failed" : "offline"));
        this.status = status;
        this.code = body.code || "";
        this.advice = body.advice || "";
        this.details = body.details || {};
        this.requestId = body.request_id || "";
    }

    /** Everything it says, in one text: message, wrong fields, advice. */
    get words() {
        const fields = Object.values(this.details).flat().filter((text) => typeof text === "string");
        return [this.message, ...fields, this.advice].filter(Boolean).join(" ");
    }
}

const cookie = (name) => document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) || "";

async function send(url, options) {
    let response;
    try {
        response = await fetch(url, { credentials: "same-origin", ...options });
    } catch {
        throw new ApiError(0);
    }
    if (response.redirected && response.url.includes("/accounts/login/")) {
        throw new ApiError(401, { message: say("signed_out") });
    }
    if (!response.ok) {
        const body = await response.json().catch(() => ({}));
        throw new ApiError(response.status, response.status === 401 ? { ...body, message: say("signed_out") } : body);
    }
    return response;
}

/** Call the API. The answer's JSON, or null when it has no content. */
export async function api(method, url, body, options = {}) {
    // The reader's own language, which may be another than the browser's.
    const headers = { Accept: "application/json", "Accept-Language": boot.language };
    if (method !== "GET") headers["X-CSRFToken"] = cookie("csrftoken");
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const response = await send(url, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), ...options });
    return response.status === 204 ? null : response.json();
}

/** A part of a page: {html, headers}. */
export async function part(url, headers = {}) {
    const response = await send(url, { headers: { "X-Part": "part", ...headers } });
    return { html: await response.text(), headers: response.headers };
}

/** Elements of a text of HTML; the server has escaped what people wrote. */
export function elements(html) {
    const template = document.createElement("template");
    template.innerHTML = html;
    return template.content;
}
