// `orders` goes from corrupt to healthy by each way out, walked by clicking.
import { bronzeBeginnings, bronzeObjects } from "../support/bronze.js";
import { corrupt, pull, state } from "../support/console.js";
import {
  DESKTOP,
  expect,
  expectNoSidewaysScroll,
  hydrated,
  PHONE,
  test,
} from "../support/fixtures.js";
import {
  abortOpenRun,
  answerChecklist,
  choose,
  type Effect,
  effects,
  makePlan,
  number,
  openRun,
  openStream,
  type Position,
  positions,
  rail,
  secure,
  start,
  verdictOnHome,
  watchToReport,
} from "../support/guided.js";
import type { Page } from "@playwright/test";

const STREAM = "orders";

test.describe.configure({ timeout: 180_000 });

test.beforeEach(async () => {
  await corrupt(STREAM);
  // What waits in Kafka is compared to the offset, so it must stand still.
  await pull("producer", { stream: STREAM, on: false });
});

test.afterEach(async ({ browserOf }, { status, expectedStatus }) => {
  await pull("producer", { stream: STREAM, on: true });
  // What a failed test left open would fail the next ones.
  if (status !== expectedStatus) await abortOpenRun(await browserOf("Oda Brandt"), STREAM);
});

test("an operator resets from the newest records without asking anybody", async ({
  browserOf,
}) => {
  const page = await browserOf("Oda Brandt");
  const before = await atTheWayOut(page);
  await choose(page, "A. Resume from now");
  await secure(page, STREAM);
  const promised = await makePlan(page);
  for (const effect of promised) {
    const { committed, end } = at(before, effect);
    expect(number(effect.after), "A begins at the end").toBe(end);
    expect(number(effect.before)).toBe(committed);
    expect(number(effect.skipped)).toBe(end - committed);
    expect(number(effect.repeated)).toBe(0);
  }
  await expect(page.getByText("nobody needs to agree", { exact: true })).toBeVisible();
  await isCarriedOutAsPromised(page, promised);
  await goesOn(page, promised, /healthy/);
});

test("a stakeholder signs off on a phone that everything retained is read again", async ({
  browserOf,
}) => {
  const page = await browserOf("Oda Brandt");
  const before = await atTheWayOut(page);
  await choose(page, "C. Reprocess everything retained");
  await secure(page, STREAM);
  const promised = await makePlan(page);
  for (const effect of promised) {
    const { committed, start, end } = at(before, effect);
    const after = number(effect.after);
    expect(after, "C begins where records will still be there").toBeGreaterThanOrEqual(start);
    expect(after).toBeLessThan(committed);
    expect(number(effect.repeated)).toBe(committed - after);
    expect(number(effect.skipped)).toBe(0);
    expect(committed).toBeLessThanOrEqual(end);
  }

  const startButton = page.getByRole("button", { name: `Start the reset of ${STREAM}` });
  await expect(startButton).toBeDisabled();
  await page.getByRole("button", { name: "Ask for agreement" }).click();
  await expect(page.getByText("Waiting for one stakeholder.")).toBeVisible();
  await expect(startButton).toBeDisabled();
  const signOff = page.getByRole("link", { name: "Open the sign-off page" });
  const address = await signOff.getAttribute("href");

  const phone = await browserOf("Stella Moreau", { viewport: PHONE });
  await phone.goto(address!);
  await hydrated(phone);
  await expect(phone.getByRole("listitem").filter({ hasText: "silver.orders" })).toBeVisible();
  await expect(phone.getByText("No record is skipped.")).toBeVisible();
  await phone.getByLabel("Comment").fill("Our tables can take it twice.");
  await phone.getByRole("button", { name: `Agree to the reset of ${STREAM}` }).click();
  await expect(phone.getByText("All who must agree have agreed.", { exact: true })).toBeVisible();

  // Oda's page hears of it by itself.
  await expect(page.getByText("Stella Moreau agreed as stakeholder")).toBeVisible();
  await expect(startButton).toBeEnabled();
  await isCarriedOutAsPromised(page, promised);
  const agreed = page.getByRole("listitem").filter({ hasText: "Stella Moreau" });
  await expect(agreed).toContainText(/Agreed to plan .+ as stakeholder/);
  // A day is read again, which takes longer than a test may; until then it is behind.
  await goesOn(page, promised, /behind|healthy/);
});

test("an operator resets to a time", async ({ browserOf }) => {
  const page = await browserOf("Oda Brandt");
  const before = await atTheWayOut(page);
  const at_ms = Date.now() - 60 * 60 * 1000;
  await choose(page, "B. Start at a time", { label: "Time", value: String(at_ms) });
  await secure(page, STREAM);
  const promised = await makePlan(page);
  for (const effect of promised) {
    const { start, end } = at(before, effect);
    const after = number(effect.after);
    expect(after).toBeGreaterThan(start);
    expect(after).toBeLessThan(end);
  }
  await isCarriedOutAsPromised(page, promised);
  await goesOn(page, promised, /healthy/);
});

test("an operator resets to where the stream stopped, and nothing is lost or repeated", async ({
  browserOf,
}) => {
  const page = await browserOf("Oda Brandt");
  const before = await atTheWayOut(page);
  // The field is filled in with it.
  const filled = await page.getByLabel("Offsets", { exact: true }).inputValue();
  expect(JSON.parse(filled)).toEqual({
    orders_events: Object.fromEntries(
      [...before].map(([partition, { committed }]) => [partition.split("-")[1], committed]),
    ),
  });
  await choose(page, "B. Start at offsets");
  await secure(page, STREAM);
  const promised = await makePlan(page);
  for (const effect of promised) {
    expect(number(effect.after)).toBe(at(before, effect).committed);
    expect([effect.change, effect.skipped, effect.repeated]).toEqual(["0", "0", "0"]);
  }
  await isCarriedOutAsPromised(page, promised);
  await goesOn(page, promised, /healthy/);
});

/** From the home page to the way out, by way of the stream and the checklist. */
async function atTheWayOut(page: Page): Promise<Map<string, Position>> {
  await openStream(page, STREAM, "corrupt");
  // The page shows what the last look saw, and the next look is seconds away.
  const { log_end } = await state(STREAM);
  const ends = async () => [...(await positions(page)).values()].map(({ end }) => end);
  await expect
    .poll(async () => (await ends()).reduce((sum, end) => sum + end), { timeout: 30_000 })
    .toBe(log_end);
  const before = await positions(page);
  expect(before.size).toBe(6);
  await openRun(page, STREAM);
  await answerChecklist(page);
  // Why a restart is not possible names a place that is longer than a phone is wide.
  await expect(page.getByText(/Not possible: Spark would .*offsets\/\d+/)).toBeVisible();
  await page.setViewportSize(PHONE);
  await expectNoSidewaysScroll(page, "the ways out of a torn checkpoint, phone");
  await page.setViewportSize(DESKTOP);
  return before;
}

function at(before: Map<string, Position>, effect: Effect): Position {
  const position = before.get(effect.partition);
  if (!position) throw new Error(`${effect.partition} was not on the stream's page`);
  return position;
}

/** Starts the plan, watches it, and finds in the report what it promised. */
async function isCarriedOutAsPromised(page: Page, promised: Effect[]): Promise<void> {
  expect(promised).toHaveLength(6);
  const bronze = bronzeObjects(STREAM);
  await start(page, STREAM);
  // The new job has to find something that it can commit.
  await pull("producer", { stream: STREAM, on: true });
  await watchToReport(page, STREAM);
  expect(await effects(page)).toEqual(promised);
  const begins = Object.fromEntries(promised.map((e) => [e.partition, number(e.after)]));
  // A partition without a record yet has no object.
  await expect
    .poll(() => Object.fromEntries(bronzeBeginnings(STREAM, bronze)), { timeout: 60_000 })
    .toEqual(begins);
  await expect(rail(page, "Report")).toContainText("done");
}

/** Finds on the stream's page and on the home page that the stream goes on from there. */
async function goesOn(page: Page, promised: Effect[], verdict: RegExp): Promise<void> {
  await page.getByRole("link", { name: STREAM, exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: STREAM })).toBeVisible();
  // The last look may be one from before the job wrote its first commit.
  await expect(async () => {
    const now = await positions(page);
    for (const effect of promised) {
      expect(at(now, effect).committed).toBeGreaterThanOrEqual(number(effect.after));
    }
  }).toPass({ timeout: 30_000 });
  await page.getByRole("link", { name: /^Streams/ }).click();
  await expect(verdictOnHome(page, STREAM)).toContainText(verdict, { timeout: 90_000 });
}
