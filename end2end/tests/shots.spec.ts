// Pictures for people to look at; run by `./dev shots`. Nothing is compared.
import type { Page } from "@playwright/test";
import { DESKTOP, expect, hydrated, PHONE, test } from "../support/fixtures.js";
import {
  answerChecklist,
  choose,
  effects,
  openRun,
  openStream,
  rail,
  secure,
  start,
  watchToReport,
} from "../support/guided.js";

const PAGES = {
  gallery: "/gallery",
  streams: "/",
  "streams-one-verdict": "/?verdict=corrupt",
  "stream-corrupt": "/streams/orders",
  "stream-losing-data": "/streams/telemetry",
  "stream-healthy": "/streams/payments",
  runs: "/runs",
};

for (const [name, path] of Object.entries(PAGES)) {
  test(`pictures of ${name}`, async ({ browserOf }) => {
    const page = await browserOf("Oda Brandt");
    await page.goto(path);
    await pictures(page, name);
  });
}

test("pictures of a reset, stage by stage", async ({ browserOf }) => {
  test.setTimeout(300_000);
  const page = await browserOf("Oda Brandt");
  await openStream(page, "orders", "corrupt");
  await openRun(page, "orders");
  await pictures(page, "checklist");
  await answerChecklist(page);
  await pictures(page, "way-out");
  await choose(page, "C. Reprocess everything retained");
  await pictures(page, "secure-before");
  await secure(page, "orders");
  await rail(page, "Secure").click();
  await pictures(page, "secure-sealed");
  await rail(page, "Plan").click();
  await page.getByRole("button", { name: "Make the reset plan" }).click();
  await effects(page);
  await pictures(page, "plan");
  await rail(page, "Agreement").click();
  await page.getByRole("button", { name: "Ask for agreement" }).click();
  await expect(page.getByText("Waiting for one stakeholder.")).toBeVisible();
  await pictures(page, "agreement");

  const stella = await browserOf("Stella Moreau");
  await stella.goto(page.url().replace("/agreement", "/sign-off"));
  await pictures(stella, "sign-off");
  await stella.getByRole("button", { name: "Agree to the reset of orders" }).click();
  await expect(stella.getByText("All who must agree have agreed.", { exact: true })).toBeVisible();
  await start(page, "orders");
  await pictures(page, "run");
  await watchToReport(page, "orders");
  await pictures(page, "report");
});

/** On a phone and on a desk, in light and in dark. */
async function pictures(page: Page, name: string): Promise<void> {
  await hydrated(page);
  for (const [screen, viewport] of Object.entries({ phone: PHONE, desktop: DESKTOP })) {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme });
      await drawn(page);
      const path = `${process.env.SLUICE_SHOTS}/${name}-${screen}-${colorScheme}.png`;
      await page.screenshot({ path, fullPage: true });
    }
  }
  await page.emulateMedia({ colorScheme: null });
}

/** The network is never idle, since a page listens for what changes. */
async function drawn(page: Page): Promise<void> {
  for (const chart of await page.locator(".chart__canvas").all()) {
    await expect(chart.locator("canvas")).toBeVisible();
  }
  await page.evaluate(() => document.fonts.ready.then(() => undefined));
}
