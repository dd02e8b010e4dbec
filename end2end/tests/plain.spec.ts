// Without script the pages read, and their forms post.
import { expect, test } from "../support/fixtures.js";
import { checklistItem } from "../support/guided.js";

const PLAIN = { javaScriptEnabled: false };
const STREAM = "inventory";

test.afterEach(({ complaints }) => {
  // Without script nothing uses what the page asks for ahead of its script.
  const used = complaints.filter((text) => !text.includes("was preloaded using link preload"));
  complaints.splice(0, complaints.length, ...used);
});

test("streams and a stream read without script", async ({ browserOf }) => {
  const page = await browserOf("Vera Kovács", PLAIN);
  await expect(page.getByRole("heading", { level: 1, name: "Streams" })).toBeVisible();
  await page.getByRole("searchbox", { name: /Name/ }).fill("orders");
  await page.getByRole("button", { name: "Filter the streams" }).click();
  await expect(page).toHaveURL(/q=orders/);
  await expect(page.getByRole("link", { name: "payments", exact: true })).toHaveCount(0);
  await page.getByRole("link", { name: "orders", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: "orders" })).toBeVisible();
  await expect(page.getByText(/^orders has a corrupt checkpoint/)).toBeVisible();
  await expect(page.getByRole("region", { name: "Partitions" }).getByRole("row")).toHaveCount(8);
});

test("a Run is opened, answered, refused, read and aborted by plain forms", async ({ browserOf }) => {
  const page = await browserOf("Otto Lindqvist", PLAIN);
  await page.getByRole("link", { name: STREAM, exact: true }).click();
  await page.getByRole("button", { name: `Reset ${STREAM}` }).click();
  await expect(page).toHaveURL(new RegExp(`/runs/${STREAM}-[^/]+/checklist$`));

  const item = checklistItem(page, "The reason is documented");
  await item.getByLabel("In your words").fill("It was started in the wrong mode.");
  await item.getByRole("button", { name: "Record this answer" }).click();
  await expect(item.getByText("answered", { exact: true })).toBeVisible();
  await expect(item.getByText("It was started in the wrong mode.")).toBeVisible();
  await expect(page.getByText("1 of 6 items are answered.")).toBeVisible();

  const rail = page.getByRole("navigation", { name: "Guided reset" });
  const stages = {
    "Way out": "Way out",
    Secure: "Secure",
    Plan: "Plan",
    Agreement: "Agreement",
    Report: "Summary",
    Run: "Run",
  };
  for (const [stage, heading] of Object.entries(stages)) {
    await rail.getByRole("link", { name: new RegExp(`^(\\d )?${stage}`) }).click();
    await expect(page.getByRole("heading", { level: 2, name: heading })).toBeAttached();
  }

  // A No comes back beside the form.
  await rail.getByRole("link", { name: /Way out/ }).click();
  await page.getByRole("radio", { name: "B. Start at a time" }).check();
  await page.getByLabel("Time", { exact: true }).fill("yesterday, about noon");
  await page.getByLabel("Reason").fill("Somebody started it in the wrong mode then.");
  await page.getByRole("button", { name: "Choose this way out" }).click();
  await expect(page.getByRole("alert").first()).toContainText("yesterday, about noon");

  await rail.getByRole("link", { name: /^(\d )?Run/ }).click();
  await page.getByText("Abort this Run").first().click();
  await page.getByLabel("Why the Run is aborted").fill("A restart in the right mode will do.");
  await page.getByRole("button", { name: "Abort this Run" }).click();
  // The page does not follow by itself; whoever reads it opens it again.
  await expect(async () => {
    await page.reload();
    const report = rail.getByRole("link", { name: /Report/ });
    await expect(report).toContainText("closed", { timeout: 1_000 });
  }).toPass({ timeout: 30_000 });
});
