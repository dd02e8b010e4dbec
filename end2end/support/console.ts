// The sandbox's own console, by its API: it breaks streams and mends them.
import { expect } from "@playwright/test";

/** What the console says of a stream; more than this is not read here. */
type StreamState = {
  name: string;
  job_state: string | null;
  newest_offsets: string | null;
  newest_commit: string | null;
  /** The sum over the partitions of its topic. */
  log_end: number;
};

const ENDED = ["FAILED", "CANCELLED", "SUCCESS"];

/** Pulls one lever. The fields are those of the sandbox's `Lever`. */
export async function pull(lever: string, fields: Record<string, unknown>): Promise<void> {
  await call(`/api/levers/${lever}`, { method: "POST", body: JSON.stringify(fields) });
}

/** Takes every stream back to its state at the start. */
export async function reset(): Promise<void> {
  await call("/api/reset", { method: "POST" });
}

/** The state of one stream. */
export async function state(stream: string): Promise<StreamState> {
  const answer = await call("/api/state", {});
  const { streams } = (await answer.json()) as { streams: StreamState[] };
  const found = streams.find(({ name }) => name === stream);
  if (!found) throw new Error(`the sandbox has no stream ${stream}`);
  return found;
}

/**
 * Breaks a stream as a driver does that dies while it writes: its job has ended, and
 * the newest offsets file has no bytes. Does nothing to one that is broken so already.
 */
export async function corrupt(stream: string): Promise<void> {
  const { job_state, newest_offsets, newest_commit } = await state(stream);
  const number = (key: string | null) => Number(key?.split("/").pop());
  const torn = number(newest_offsets) > number(newest_commit);
  if (torn && ENDED.includes(job_state ?? "")) return;
  if (!ENDED.includes(job_state ?? "")) await pull("cancel", { stream });
  await expect
    .poll(async () => (await state(stream)).job_state, { message: "the job run has not ended" })
    .toMatch(/^(CANCELLED|FAILED)$/);
  await pull("torn_write", { stream });
}

async function call(path: string, init: RequestInit): Promise<Response> {
  const console = process.env.SLUICE_CONSOLE;
  if (!console) throw new Error("SLUICE_CONSOLE names no console of a sandbox");
  const headers = { "content-type": "application/json", "sec-fetch-site": "same-origin" };
  const answer = await fetch(`${console}${path}`, { headers, ...init });
  if (!answer.ok) {
    throw new Error(`the console answers ${answer.status} to ${path}: ${await answer.text()}`);
  }
  return answer;
}
