import {
  expect,
  expectAccessible,
  expectNoSidewaysScroll,
  hydrated,
  test,
} from "../support/fixtures.js";

const PHONE = { width: 390, height: 844 };

test("the components read without script", async ({ browser, baseURL }) => {
  const context = await browser.newContext({ baseURL, javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto("/gallery");
  await expect(page.getByRole("heading", { name: "Gallery" })).toBeVisible();
  await expect(page.getByRole("link", { name: "payments" })).toBeVisible();
  // What can do nothing yet is not offered.
  await expect(page.getByRole("button", { name: /^Copy/ })).toHaveCount(0);
  await context.close();
});

test("the components come alive without a complaint", async ({ page }) => {
  await page.goto("/gallery");
  await hydrated(page);
  await expect(page.getByRole("button", { name: "Copy the command" })).toBeVisible();
  await expect(page.locator("#chart-lag canvas")).toBeVisible();
});

test("a chart has its numbers as a table, with what is unknown by name", async ({ page }) => {
  await page.goto("/gallery");
  const chart = page.getByRole("figure").filter({ hasText: "a minute" });
  await chart.getByText("Show as table").click();
  await expect(chart.getByRole("row")).toHaveCount(61);
  await expect(chart.getByRole("cell", { name: "unknown" })).toHaveCount(6);
});

test("the components are accessible in light and dark", async ({ page }) => {
  await page.goto("/gallery");
  await hydrated(page);
  await expectAccessible(page);
});

test("a phone shows every component without scrolling sideways", async ({ page }) => {
  await page.setViewportSize(PHONE);
  await page.goto("/gallery");
  await hydrated(page);
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);
});

test("a chart follows the theme", async ({ page }) => {
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto("/gallery");
  const canvas = page.locator("#chart-lag canvas");
  await expect(canvas).toBeVisible();
  const pixels = () =>
    canvas.evaluate((element) => (element as HTMLCanvasElement).toDataURL());
  const light = await pixels();
  expect(await pixels(), "a chart at rest is drawn the same").toBe(light);
  await page.emulateMedia({ colorScheme: "dark" });
  await expect.poll(pixels).not.toBe(light);
});

test("a page that complains fails its test", async ({ page }) => {
  test.fail();
  await page.goto("/gallery");
  await page.evaluate(() => document.body.setAttribute("style", "color: red"));
});
