// What a way out would do before it is chosen, and plans to be shared and compared.
import { readFileSync } from "node:fs";
import { corrupt, pull } from "../support/console.js";
import { expect, looksWell, test } from "../support/fixtures.js";
import {
  abortOpenRun,
  answerChecklist,
  choose,
  effects,
  openRun,
  openStream,
  rail,
  secure,
} from "../support/guided.js";

const STREAM = "orders";

test.describe.configure({ timeout: 180_000 });

test.beforeEach(async () => {
  await corrupt(STREAM);
  await pull("producer", { stream: STREAM, on: false });
});

test.afterEach(async ({ browserOf }) => {
  await pull("producer", { stream: STREAM, on: true });
  await abortOpenRun(await browserOf("Oda Brandt"), STREAM);
});

test("a time is shown in every form with what it would do, before it is chosen", async ({
  browserOf,
  complaints,
}, info) => {
  const page = await browserOf("Oda Brandt");
  await openStream(page, STREAM, "corrupt");
  await openRun(page, STREAM);
  await answerChecklist(page);
  await page.getByRole("radio", { name: "B. Start at a time" }).check();
  const hour = new Date(Date.now() - 3_600_000);
  const typed = `${hour.toISOString().slice(0, 16).replace("T", " ")} +00:00`;
  await page.getByLabel("Time", { exact: true }).fill("2025-01-15 00:00:00");
  const look = page.getByRole("button", { name: "Show what it would do" });
  await look.click();
  await expect(page.getByText("has no time zone")).toBeVisible();
  // The browser tells of every answer that refuses.
  const refused = complaints.filter((text) => !text.includes("status of 422"));
  complaints.splice(0, complaints.length, ...refused);
  await page.getByLabel("Time", { exact: true }).fill(typed);
  await expect(page.getByText("has no time zone")).toBeHidden();
  await look.click();
  const minute_ms = Math.floor(hour.getTime() / 60_000) * 60_000;
  await expect(page.getByText(String(minute_ms), { exact: true })).toBeVisible();
  await expect(page.getByText(/\d\d:\d\d:\d\d [+-]\d\d:\d\d/)).toBeVisible();
  expect(await effects(page)).toHaveLength(6);
  await expect(page.getByText("Read again are records of")).toBeVisible();
  // The card beside shows the same.
  await expect(page.getByText(/^If you choose B: start at/)).toBeVisible();
  await looksWell(page, info, "a time that is weighed");
});

test("two plans stand side by side, and one is taken over from its file", async ({
  browserOf,
}, info) => {
  const page = await browserOf("Oda Brandt");
  await openStream(page, STREAM, "corrupt");
  await openRun(page, STREAM);
  await answerChecklist(page);
  await choose(page, "A. Resume from now");
  await secure(page, STREAM);
  await page.getByRole("button", { name: "Make the reset plan" }).click();
  await effects(page);
  await page.getByRole("link", { name: "Export, share or compare it" }).click();
  await expect(page.getByRole("heading", { level: 1, name: /^The reset plan/ })).toBeVisible();
  await expect(page.getByText("It keeps the rules, and what it stands on is as it was.")).toBeVisible();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "Export as JSON" }).click(),
  ]);
  const json = readFileSync(await download.path(), "utf8");
  await looksWell(page, info, "a plan by itself");

  await page.getByRole("link", { name: "Look at it there" }).click();
  await rail(page, "Way out").click();
  await page.getByRole("radio", { name: "C. Reprocess everything retained" }).check();
  await page.getByRole("button", { name: /^Choose C/ }).click();
  await page.getByRole("link", { name: "Go on to the plan" }).click();
  await page.getByRole("button", { name: /^Make the reset plan/ }).first().click();
  await page.getByRole("link", { name: "Export, share or compare it" }).click();
  await page.getByRole("link", { name: /^Plan [0-9a-f]{12}$/ }).first().click();
  await expect(page.getByText("They do not do the same.")).toBeVisible();
  await expect(page.getByText("6 partitions go on at other offsets.")).toBeVisible();
  await looksWell(page, info, "two plans side by side");

  await page.goBack();
  await page.getByRole("link", { name: "Look at it there" }).click();
  await rail(page, "Way out").click();
  await page.getByText("Take it from a plan in a file").click();
  await page.getByLabel("Plan", { exact: true }).fill(json);
  await page.getByRole("button", { name: "Judge the plan" }).click();
  await expect(page.getByText("No Run holds it, so it cannot be started.")).toBeVisible();
  await looksWell(page, info, "a plan from a file");
  await page.getByRole("button", { name: "Choose this way out" }).click();
  await expect(page.getByText(/chose A: resume from the newest records/)).toBeVisible();
});
