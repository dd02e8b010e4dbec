// Starts Sluice on its sandbox for one run of the tests, on a free port and in
// a folder of its own, and stops it after. A Sluice that already runs is used
// when SLUICE_URL names it, SLUICE_CONSOLE the console of its sandbox, and
// SLUICE_DATA the sandbox's folder.
import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const READY_SECONDS_MAX = 60;
const STOP_SECONDS_MAX = 15;
/** By how much the sandbox's delays are divided: a trigger is 1.5 s. */
const TIME_FACTOR = 20;

export default async function start(): Promise<(() => Promise<void>) | void> {
  if (process.env.SLUICE_URL) return;
  const binary = process.env.SLUICE_BIN;
  if (!binary) {
    throw new Error("SLUICE_BIN names no binary; run the tests by ./dev test");
  }
  const port = await freePort();
  const data = mkdtempSync(join(tmpdir(), "sluice-end2end-"));
  mkdirSync("../target/end2end", { recursive: true });
  const log = createWriteStream("../target/end2end/sluice.log");
  const args = ["sandbox", "--port", String(port), "--data", data];
  const factor = ["--time-factor", String(TIME_FACTOR)];
  const child = spawn(binary, [...args, ...factor], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  child.stdout.pipe(log);
  child.stderr.pipe(log);

  process.env.SLUICE_URL = `http://localhost:${port}`;
  process.env.SLUICE_DATA = data;
  await ready(child, `${process.env.SLUICE_URL}/readyz`);
  process.env.SLUICE_CONSOLE = /^Sandbox console +(\S+)$/m.exec(said)?.[1];
  return async () => {
    await stop(child);
    rmSync(data, { recursive: true, force: true });
  };
}
async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

async function ready(child: ChildProcess, url: string): Promise<void> {
  const deadline = Date.now() + READY_SECONDS_MAX * 1000;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) {
      throw new Error(`sluice ended with ${child.exitCode}; see target/end2end/sluice.log`);
    }
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  child.kill("SIGKILL");
  throw new Error(`${url} was not ready within ${READY_SECONDS_MAX} s`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), STOP_SECONDS_MAX * 1000);
  await ended;
  clearTimeout(late);
}
