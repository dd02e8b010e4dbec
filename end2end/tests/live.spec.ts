// What changes in the world changes on an open page, without a reload.
import { pull, state } from "../support/console.js";
import { expect, hydrated, test } from "../support/fixtures.js";
import { verdictOnHome } from "../support/guided.js";

const STREAM = "payments";

test.afterEach(async () => {
  if ((await state(STREAM)).job_state !== "RUNNING") await pull("start", { stream: STREAM });
});

test("the home page follows a stream that goes down and comes back", async ({ browserOf }) => {
  const page = await browserOf("Vera Kovács");
  await hydrated(page);
  const verdict = verdictOnHome(page, STREAM);
  await expect(verdict).toContainText("healthy", { timeout: 30_000 });
  // A page that was loaded anew has forgotten it.
  await page.evaluate(() => document.body.setAttribute("data-same-page", ""));

  await pull("cancel", { stream: STREAM });
  await expect(verdict).toContainText("down", { timeout: 30_000 });
  const down = page.getByRole("navigation", { name: "Verdicts" }).getByRole("link", {
    name: /^down/,
  });
  await expect(down).toContainText("2");

  await pull("start", { stream: STREAM });
  await expect(verdict).toContainText("healthy", { timeout: 60_000 });
  await expect(page.locator("[data-same-page]")).toHaveCount(1);
});
