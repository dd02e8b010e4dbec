// The checkpoint's files, decoded, and what the log tells: found by links, read
// with and without script.
import type { Page } from "@playwright/test";
import {
  DESKTOP,
  expect,
  expectAccessible,
  expectNoSidewaysScroll,
  hydrated,
  PHONE,
  test,
} from "../support/fixtures.js";

test.describe.configure({ timeout: 120_000 });

/** The file of the offset log that a finding of orders leads to. */
async function brokenFile(page: Page): Promise<void> {
  await page.goto("/streams/orders");
  const findings = page.getByRole("region", { name: "Findings" });
  await findings.getByRole("link", { name: /^offsets\/\d+$/ }).first().click();
  await expect(page).toHaveURL(/\/streams\/orders\/files\/offsets\/\d+/);
}

test("a finding leads to its file, and the file to the batch before", async ({ browserOf }) => {
  const page = await browserOf("Vera Kovács");
  await brokenFile(page);
  await expect(page.getByRole("heading", { level: 1, name: /^offsets\/\d+$/ })).toBeVisible();
  await expect(page.getByText(/is empty\. Spark stops/)).toBeVisible();
  await page.getByRole("listitem").filter({ hasText: "The batch before" }).getByRole("link").click();
  const offsets = page.getByRole("table", { name: "Offsets", exact: true });
  await expect(offsets.getByRole("row")).toHaveCount(7);
  const confs = page.getByRole("table", { name: "Confs that the checkpoint pins" });
  await expect(confs.getByText("spark.sql.shuffle.partitions")).toBeVisible();
  await expect(page.getByRole("link", { name: "Line 3" })).toHaveAttribute("href", "#line-3");
  await page.getByRole("link", { name: "orders", exact: true }).click();
  await expect(page).toHaveURL(/\/streams\/orders$/);
});

test("each file's page is accessible on a desk and on a phone", async ({ browserOf }) => {
  const page = await browserOf("Vera Kovács");
  await brokenFile(page);
  const broken = new URL(page.url()).pathname;
  const batch = Number(broken.split("/").at(-1)) - 1;
  const addresses = {
    "an empty file": broken,
    "an offset log": broken.replace(/\d+$/, String(batch)),
    "a commit log": `/streams/orders/files/commits/${batch}`,
    metadata: "/streams/orders/files/metadata",
    "a seed": "/streams/payments/files/sources/0/0",
    "a file that is not there": "/streams/orders/files/offsets/1",
    "a key that leads elsewhere": "/streams/orders/files/..%2Forders2%2Fmetadata",
  };
  for (const [name, address] of Object.entries(addresses)) {
    for (const viewport of [DESKTOP, PHONE]) {
      await page.setViewportSize(viewport);
      await page.goto(address);
      await hydrated(page);
      await expectNoSidewaysScroll(page, name);
    }
    await expectAccessible(page, name);
  }
  await expect(page.getByText("There is no such file in the checkpoint.")).toBeVisible();
});

test("the tree shows where a finding lies, and opens to any file without script", async ({
  browserOf,
  complaints,
}) => {
  const page = await browserOf("Vera Kovács", { javaScriptEnabled: false });
  await page.goto("/streams/orders");
  const files = page.getByRole("region", { name: "Files", exact: true });
  // The folder of the broken file stands open, and the file is marked.
  const broken = files.getByRole("listitem").filter({ hasText: "0 B" }).filter({ hasText: "error" });
  await expect(broken.last().getByRole("link")).toBeVisible();
  await files.getByText("commits/", { exact: true }).click();
  const commit = files.getByRole("group").filter({ hasText: "commits/" });
  await commit.getByRole("link").first().click();
  await expect(page).toHaveURL(/\/streams\/orders\/files\/commits\/\d+$/);
  const used = complaints.filter((text) => !text.includes("was preloaded using link preload"));
  complaints.splice(0, complaints.length, ...used);
});

test("the zero byte of a seed is marked and can be read", async ({ browserOf }) => {
  const page = await browserOf("Vera Kovács");
  await page.goto("/streams/payments/files/sources/0/0");
  await expect(page.getByTitle("a byte that is zero")).toHaveText("\\0");
});

test("a file reads without script", async ({ browserOf, complaints }) => {
  const page = await browserOf("Vera Kovács", { javaScriptEnabled: false });
  await brokenFile(page);
  await expect(page.getByText(/is empty\. Spark stops/)).toBeVisible();
  await page.getByRole("listitem").filter({ hasText: "Its commit" }).getByRole("link").click();
  await expect(page.getByText("There is no such file in the checkpoint.")).toBeVisible();
  // Without script nothing uses what the page asks for ahead of its script.
  const used = complaints.filter((text) => !text.includes("was preloaded using link preload"));
  complaints.splice(0, complaints.length, ...used);
});

test("the log's failure is known, with what it means and where it is reported", async ({
  browserOf,
}) => {
  const page = await browserOf("Vera Kovács");
  await page.goto("/streams/orders");
  await hydrated(page);
  const log = page.getByRole("region", { name: "Log", exact: true });
  await expect(log.getByText("A file of the offset log is empty.")).toBeVisible();
  await expect(log.getByText("known failure offset-log-empty")).toBeVisible();
  await expect(log.getByRole("link", { name: /SPARK-40039/ })).toHaveAttribute(
    "href",
    "https://issues.apache.org/jira/browse/SPARK-40039",
  );
});

test("speeds, durations and lag by partition are charted, each with a table", async ({
  browserOf,
}) => {
  const page = await browserOf("Vera Kovács");
  await page.goto("/streams/payments");
  await hydrated(page);
  const health = page.getByRole("region", { name: "Health" });
  for (const chart of ["Input and processing", "Batch duration", "Lag by partition"]) {
    const figure = health.locator("figure").filter({ hasText: chart });
    await expect(figure.locator("canvas")).toBeVisible();
    await figure.getByText("Show as table").click();
    await expect(figure.getByRole("row").nth(1)).toBeVisible();
  }
});
