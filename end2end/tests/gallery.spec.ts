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
  const light = await canvas.screenshot();
  await page.emulateMedia({ colorScheme: "dark" });
  await expect(async () => {
    const dark = await canvas.evaluate((element) =>
      (element as HTMLCanvasElement).toDataURL(),
    );
    await page.emulateMedia({ colorScheme: "light" });
    const again = await canvas.evaluate((element) =>
      (element as HTMLCanvasElement).toDataURL(),
    );
    expect(dark).not.toEqual(again);
  }).toPass();
  expect(light.length).toBeGreaterThan(0);
});
