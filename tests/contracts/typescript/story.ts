/* The story of the page specification: an export becomes ready and is downloaded, one fails, its retry becomes ready.
   Every address, parameter and field comes from the generated types; a name that the document does not know does not
   compile. Says what happened on standard output, a line of JSON each, and waits for a line before what needs the
   stage set. */
import { createHash } from "node:crypto";
import { createInterface } from "node:readline/promises";
import createClient from "openapi-fetch";
import type { components, paths } from "./build/schema.js";

type Export = components["schemas"]["ExportDetail"];
type Status = components["schemas"]["ExportStatus"];

const [address = "", username = "", password = ""] = process.argv.slice(2);
const cues = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const api = createClient<paths>({ baseUrl: address });

function sure<Data>(answer: { data?: Data; error?: unknown }): Data {
    if (answer.data === undefined) {
        throw new Error(`refused: ${JSON.stringify(answer.error)}`);
    }
    return answer.data;
}

async function create(): Promise<Export> {
    const body = { type: "orders", file_type: "csv", source: "/story" } as const;
    return sure(await api.POST("/api/v1/exports", { body }));
}

async function follow(jobNo: string, wanted: Status): Promise<Export> {
    const until = Date.now() + 90_000;
    for (;;) {
        const job = sure(await api.GET("/api/v1/exports/{job_no}", { params: { path: { job_no: jobNo } } }));
        if (job.status === wanted) {
            return job;
        }
        if (Date.now() > until || !["queued", "processing"].includes(job.status)) {
            throw new Error(`${jobNo} is ${job.status} instead of ${wanted}: ${JSON.stringify(job.error)}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 200));
    }
}

async function download(job: Export): Promise<string> {
    const token = new URL(job.download_url ?? "").searchParams.get("token") ?? "";
    const answer = await api.GET("/api/v1/exports/{job_no}/download", {
        params: { path: { job_no: job.job_id }, query: { token } },
        parseAs: "arrayBuffer",
    });
    return createHash("sha256").update(new Uint8Array(sure(answer) as ArrayBuffer)).digest("hex");
}

function say(chapter: string, facts: Record<string, unknown>): void {
    console.log(JSON.stringify({ chapter, ...facts }));
}

const signIn = await api.POST("/api/v1/auth/token", { body: { username, password } });
const { access } = sure(signIn);
api.use({ onRequest: ({ request }) => void request.headers.set("Authorization", `Bearer ${access}`) });

const first = await create();
const ready = await follow(first.job_id, "ready");
say("ready", { job: ready.job_id, rows: ready.rows, sha256: ready.sha256, downloaded: await download(ready) });

await cues.next();
const second = await create();
say("created", { job: second.job_id });
const failed = await follow(second.job_id, "failed");
say("failed", { job: failed.job_id, code: failed.error?.code, advice: failed.error?.advice });

await cues.next();
const retry = await api.POST("/api/v1/exports/{job_no}/retry", { params: { path: { job_no: failed.job_id } } });
const again = await follow(sure(retry).new_job_id, "ready");
say("retried", { job: again.job_id, of: again.retry_of, sha256: again.sha256, downloaded: await download(again) });
process.exit(0);
