// What a Run shows when something is in its way, and how a person goes on.
import type { Page } from "@playwright/test";
import { corrupt, pull, state } from "../support/console.js";
import { expect, hydrated, looksWell, PHONE, test } from "../support/fixtures.js";
import {
  abortOpenRun,
  answerChecklist,
  choose,
  makePlan,
  openRun,
  rail,
  secure,
} from "../support/guided.js";

test.describe.configure({ timeout: 180_000 });

/** Streams whose Runs the tests of this file leave open. */
const STREAMS = ["orders", "payments"];

test.afterEach(async ({ browserOf }) => {
  await pull("no_faults", {});
  await pull("comes_back", { stream: "payments", on: false });
  const page = await browserOf("Oda Brandt");
  for (const stream of STREAMS) await abortOpenRun(page, stream);
  const { job_state } = await state("payments");
  if (job_state !== "RUNNING") await pull("start", { stream: "payments" });
});

test("a Run parks when something starts the job again, and a person resumes it", async ({
  browserOf,
}, info) => {
  const page = await browserOf("Oda Brandt");
  await openPlanned(page, "payments");
  // A scheduler that nobody told of the reset.
  await pull("comes_back", { stream: "payments", on: true });
  await page.getByRole("button", { name: "Make the secure plan" }).click();
  await page.getByLabel("Type payments to confirm").fill("payments");
  await page.getByRole("button", { name: "Stop the job and back up payments" }).click();

  const parked = page.getByText("This Run waits for a person.");
  await expect(parked.first()).toBeVisible({ timeout: 90_000 });
  await expect(page.getByText("Next step:").first()).toBeVisible();
  await looksWell(page, info, "parked");

  await pull("comes_back", { stream: "payments", on: false });
  if ((await state("payments")).job_state !== "CANCELLED") {
    await pull("cancel", { stream: "payments" });
  }
  await expect
    .poll(async () => (await state("payments")).job_state, { timeout: 60_000 })
    .toMatch(/^(CANCELLED|FAILED)$/);
  await page.getByLabel("What you looked at or mended").fill("Its schedule is switched off.");
  await page.getByRole("button", { name: "Resume the Run" }).click();
  await expect(page.getByText("The backup is sealed: every copy equals its source.")).toBeVisible({
    timeout: 90_000,
  });
});

test("a decline reaches whoever asked, with its reason", async ({ browserOf }, info) => {
  const page = await browserOf("Oda Brandt");
  await corrupt("orders");
  await openPlanned(page, "orders", "C. Reprocess everything retained");
  await secure(page, "orders");
  await makePlan(page);
  await page.getByRole("button", { name: "Ask for agreement" }).click();
  await expect(page.getByText("Waiting for one stakeholder.")).toBeVisible();

  const phone = await browserOf("Stella Moreau", { viewport: PHONE });
  await phone.goto(page.url().replace(/agreement$/, "sign-off"));
  await hydrated(phone);
  await phone.getByLabel("Reason").fill("Revenue of today would be counted twice.");
  await phone.getByRole("button", { name: "Decline the reset of orders" }).click();
  await expect(phone.getByText("Stella Moreau declined this plan.")).toBeVisible();

  await expect(page.getByText("Stella Moreau declined this plan.")).toBeVisible();
  const reason = page.getByText("Revenue of today would be counted twice.", { exact: true });
  await expect(reason).toBeVisible();
  await expect(page.getByRole("button", { name: "Start the reset of orders" })).toBeDisabled();
  await expect(rail(page, "Agreement")).toContainText("declined");
  await looksWell(page, info, "declined");
});

test("a plan whose world has changed cannot be started, and is made anew", async ({
  browserOf,
}, info) => {
  const page = await browserOf("Oda Brandt");
  await corrupt("orders");
  await openPlanned(page, "orders");
  await secure(page, "orders");
  await makePlan(page);
  await rail(page, "Plan").click();
  // Somebody takes a look of their own at the checkpoint, and changes it.
  await pull("damage_file", { stream: "orders", file: "previous_offsets", how: "garbage" });
  await expect(page.getByText("This plan is stale and cannot be started.")).toBeVisible({
    timeout: 30_000,
  });
  await expect(rail(page, "Plan")).toContainText("stale");
  await looksWell(page, info, "stale");
  const startButton = page.getByRole("button", { name: "Start the reset of orders" });
  await expect(startButton).toBeDisabled();
  await page.getByRole("button", { name: "Make the reset plan anew" }).click();
  await expect(page.getByText("This plan is stale and cannot be started.")).toHaveCount(0);
  await expect(startButton).toBeEnabled();
});

test("a step that S3 hinders says how often it was tried, and goes on", async ({
  browserOf,
}, info) => {
  const page = await browserOf("Oda Brandt");
  await corrupt("orders");
  await openPlanned(page, "orders");
  await page.getByRole("button", { name: "Make the secure plan" }).click();
  await page.getByLabel("Type orders to confirm").fill("orders");
  const begin = page.getByRole("button", { name: /ack up orders$/ });
  await begin.click();
  await expect(begin).toBeHidden({ timeout: 60_000 });
  // The pre-flight of the start tries a copy, and the first one of the plan comes once
  // the checkpoint has been quiet.
  const copy = { service: "s3", action: "CopyObject" };
  const does = { kind: "error", status: 500, code: "InternalError" };
  await pull("fault", { fault: { ...copy, does, when: "always" } });
  await rail(page, "Run").click();
  await expect(page.getByText(/InternalError|tried/).first()).toBeVisible({ timeout: 60_000 });
  await looksWell(page, info, "hindered");
  await pull("no_faults", {});
  await rail(page, "Secure").click();
  await expect(page.getByText("The backup is sealed: every copy equals its source.")).toBeVisible({
    timeout: 120_000,
  });
});

/** Opens a Run, answers its checklist and chooses a way out. */
async function openPlanned(page: Page, stream: string, wayOut = "A. Resume from now") {
  await page.goto(`/streams/${stream}`);
  await hydrated(page);
  await openRun(page, stream);
  await answerChecklist(page);
  await choose(page, wayOut);
}
