// A guided reset, by somebody who clicks through it. Each function does one
// stage and ends on the next, as a person would: by what the page offers.
import { expect, type Page } from "@playwright/test";
import { hydrated } from "./fixtures.js";

/** How long the sandbox's job may take to end or to commit its batches. */
const RUN_SECONDS_MAX = 90;

/** What is done to one partition, as shown: no number is read out of its text. */
export type Effect = {
  partition: string;
  before: string;
  after: string;
  change: string;
  skipped: string;
  repeated: string;
  lost: string;
};

/** A partition as the stream's page shows it. */
export type Position = { committed: number; start: number; end: number };

/** Goes from the home page to a stream, whose verdict must be this one. */
export async function openStream(page: Page, stream: string, verdict: string): Promise<void> {
  await page.goto("/");
  await hydrated(page);
  await expect(verdictOnHome(page, stream)).toContainText(verdict, { timeout: 30_000 });
  await page.getByRole("link", { name: stream, exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: stream })).toBeVisible();
}

/** The cell of the home page with a stream's verdict. */
export function verdictOnHome(page: Page, stream: string) {
  const link = page.getByRole("link", { name: stream, exact: true });
  return page.getByRole("row").filter({ has: link }).getByRole("cell").first();
}

/** Where a stream is in each partition, by the table on its page. */
export async function positions(page: Page): Promise<Map<string, Position>> {
  const table = page.getByRole("region", { name: "Partitions" }).getByRole("table");
  const topic = (await table.getByRole("caption").innerText()).split(",")[0];
  const found = new Map<string, Position>();
  for (const row of await table.getByRole("rowgroup").nth(1).getByRole("row").all()) {
    const partition = await row.getByRole("rowheader").innerText();
    const [committed, start, end] = await row.getByRole("cell").allInnerTexts();
    found.set(`${topic}-${partition}`, {
      committed: number(committed!),
      start: number(start!),
      end: number(end!),
    });
  }
  return found;
}

/** Opens a Run from the stream's page. */
export async function openRun(page: Page, stream: string): Promise<void> {
  await page.getByRole("button", { name: `Reset ${stream}` }).click();
  await expect(page.getByRole("heading", { name: "Before a reset" })).toBeVisible();
  await expect(page).toHaveURL(new RegExp(`/runs/${stream}-[^/]+/checklist$`));
}

/** Answers every item: by what Sluice offers, and in words where it offers nothing. */
export async function answerChecklist(page: Page): Promise<void> {
  const offered = {
    "The stream is actually stuck": "Accept this evidence",
    "The checkpoint was checked for corruption": "Accept this evidence",
    "Nobody else writes the checkpoint": "Accept this evidence",
    "The checkpoint is backed up": "Let this Run do it",
    "Stakeholders know, if historical data is processed again": "Let this Run do it",
  };
  for (const [title, button] of Object.entries(offered)) {
    const item = checklistItem(page, title);
    await item.getByRole("button", { name: button }).click();
    await expect(item.getByText("answered", { exact: true })).toBeVisible();
  }
  const reason = checklistItem(page, "The reason is documented");
  await reason.getByLabel("In your words").fill("The driver died while it wrote offsets.");
  await reason.getByRole("button", { name: "Record this answer" }).click();
  await expect(reason.getByText("answered", { exact: true })).toBeVisible();
  await expect(page.getByText("6 of 6 items are answered.")).toBeVisible();
  await page.getByRole("link", { name: "Choose a way out" }).click();
}

export function checklistItem(page: Page, title: string) {
  const heading = page.getByRole("heading", { name: title });
  return page.getByRole("listitem").filter({ has: heading });
}

/** Chooses the way out of this title, with its parameter. */
export async function choose(
  page: Page,
  title: string,
  parameter?: { label: string; value: string },
): Promise<void> {
  await page.getByRole("radio", { name: title }).check();
  if (parameter) await page.getByLabel(parameter.label, { exact: true }).fill(parameter.value);
  await page.getByLabel("Reason").fill("The newest offsets have no bytes.");
  await page.getByRole("button", { name: /^Choose [ABC]/ }).click();
  await page.getByRole("link", { name: "Go on to secure" }).click();
}

/** Backs the checkpoint up and waits for the seal. */
export async function secure(page: Page, stream: string): Promise<void> {
  await page.getByRole("button", { name: "Make the secure plan" }).click();
  await page.getByLabel(`Type ${stream} to confirm`).fill(stream);
  await page.getByRole("button", { name: new RegExp(`ack up ${stream}$`) }).click();
  await expect(page.getByText("The backup is sealed: every copy equals its source.")).toBeVisible({
    timeout: RUN_SECONDS_MAX * 1000,
  });
  await page.getByRole("link", { name: "Go on to the plan" }).click();
}

/** Makes the plan and reads what it will do to each partition. */
export async function makePlan(page: Page): Promise<Effect[]> {
  await page.getByRole("button", { name: "Make the reset plan" }).click();
  const promised = await effects(page);
  await rail(page, "Agreement").click();
  return promised;
}

/** The link of the rail to a stage. */
export function rail(page: Page, stage: string) {
  const steps = page.getByRole("navigation", { name: "Guided reset" });
  return steps.getByRole("link", { name: new RegExp(`^(\\d )?${stage}`) });
}

/** Starts the reset, which nothing but the stream's name confirms. */
export async function start(page: Page, stream: string): Promise<void> {
  await page.getByLabel(`Type ${stream} to confirm`).fill(stream);
  await page.getByRole("button", { name: `Start the reset of ${stream}` }).click();
  await expect(page).toHaveURL(/\/run$/);
}

/** Watches the Run to its end, without a reload, and opens the report. */
export async function watchToReport(page: Page, stream: string): Promise<void> {
  await page
    .getByRole("link", { name: "Read the report" })
    .click({ timeout: RUN_SECONDS_MAX * 1000 });
  await expect(page.getByText(`${stream} was reset and advances.`)).toBeVisible();
}

/** Aborts the Run that is open on a stream, if one is. */
export async function abortOpenRun(page: Page, stream: string): Promise<void> {
  await page.goto(`/streams/${stream}`);
  await hydrated(page);
  const open = page.getByRole("link", { name: "Continue the open reset" });
  if (!(await open.isVisible())) return;
  await open.click();
  await rail(page, "Run").click();
  await page.getByText("Abort this Run").first().click();
  await page.getByLabel("Why the Run is aborted").fill("The tests are over.");
  await page.getByRole("button", { name: "Abort this Run" }).click();
  await expect(page.getByRole("link", { name: "Read the report" })).toBeVisible();
}

/** The table of offsets, as the plan and the report both show it. */
export async function effects(page: Page): Promise<Effect[]> {
  const table = page.getByRole("table", { name: "Offsets before and after, by partition" });
  await expect(table).toBeVisible();
  const found: Effect[] = [];
  for (const row of await table.getByRole("rowgroup").nth(1).getByRole("row").all()) {
    const [before, after, change, skipped, repeated, lost] = await row
      .getByRole("cell")
      .allInnerTexts();
    const partition = await row.getByRole("rowheader").innerText();
    found.push({
      partition,
      before: before!,
      after: after!,
      change: change!,
      skipped: skipped!,
      repeated: repeated!,
      lost: lost!,
    });
  }
  return found;
}

/** `1,204` as a number. */
export function number(text: string): number {
  const value = Number(text.replaceAll(",", ""));
  if (!Number.isSafeInteger(value)) throw new Error(`${text} is no number`);
  return value;
}
