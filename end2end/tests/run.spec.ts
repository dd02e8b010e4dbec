// The pages of a Run that waits for its agreement, before those who may go on
// with it and those who may not.
import type { Page } from "@playwright/test";
import {
  DESKTOP,
  expect,
  expectAccessible,
  expectNoSidewaysScroll,
  hydrated,
  PHONE,
  signIn,
  test,
} from "../support/fixtures.js";
import {
  abortOpenRun,
  answerChecklist,
  choose,
  makePlan,
  openRun,
  secure,
} from "../support/guided.js";

// Axe takes its time where there are tables, more so on a busy machine.
test.describe.configure({ timeout: 120_000 });

const STREAM = "shipments";
const STAGES = [
  "checklist",
  "way-out",
  "secure",
  "plan",
  "agreement",
  "run",
  "report",
  "sign-off",
];

/** The address of the Run, which Oda has opened, planned and asked agreement for. */
let run: string;

test.beforeAll(async ({ browser }) => {
  test.setTimeout(120_000);
  const context = await browser.newContext({ baseURL: process.env.SLUICE_URL });
  const page = await context.newPage();
  await signIn(page, "Oda Brandt");
  await page.goto(`/streams/${STREAM}`);
  await hydrated(page);
  await openRun(page, STREAM);
  run = new URL(page.url()).pathname.replace(/\/checklist$/, "");
  await answerChecklist(page);
  await choose(page, "C. Reprocess everything retained");
  await secure(page, STREAM);
  await makePlan(page);
  await page.getByRole("button", { name: "Ask for agreement" }).click();
  await expect(page.getByText("Waiting for one stakeholder.")).toBeVisible();
  await context.close();
});

// Whatever became of the tests, the stream is free for the next ones.
test.afterAll(async ({ browser }) => {
  const context = await browser.newContext({ baseURL: process.env.SLUICE_URL });
  const page = await context.newPage();
  await signIn(page, "Oda Brandt");
  await abortOpenRun(page, STREAM);
  await context.close();
});

for (const stage of STAGES) {
  test(`the page ${stage} is accessible on a desk and on a phone, in light and dark`, async ({
    browserOf,
  }) => {
    const page = await browserOf(stage === "sign-off" ? "Stella Moreau" : "Oda Brandt");
    for (const [screen, viewport] of Object.entries({ desk: DESKTOP, phone: PHONE })) {
      await page.setViewportSize(viewport);
      await open(page, stage);
      await expectNoSidewaysScroll(page, `${stage}, ${screen}`);
      await expectAccessible(page, `${stage}, ${screen}`);
    }
  });
}

test("whoever asked for agreement is not offered to give it", async ({ browserOf }) => {
  const page = await browserOf("Oda Brandt");
  for (const stage of ["agreement", "sign-off"]) {
    await open(page, stage);
    await expect(page.getByText("Waiting for one stakeholder.")).toBeVisible();
    await expect(page.getByText("Nobody agrees to a plan that they made themselves.")).toBeVisible();
    await expect(page.getByRole("button", { name: /^Agree/ })).toHaveCount(0);
    await expect(page.getByRole("button", { name: /^Decline/ })).toHaveCount(0);
  }
  await open(page, "agreement");
  await expect(page.getByRole("button", { name: "Start the reset" })).toBeDisabled();
});

test("a viewer reads every stage and every button says why it is switched off", async ({
  browserOf,
}) => {
  const page = await browserOf("Vera Kovács");
  await page.goto("/streams/orders");
  await isSwitchedOff(page, "Reset orders", /needs the role operator or admin/);
  const switchedOff = {
    checklist: "Record this answer",
    "way-out": "Choose C",
    plan: "Make the reset plan",
    agreement: "Start the reset of shipments",
    run: "Abort this Run",
  };
  for (const [stage, button] of Object.entries(switchedOff)) {
    await open(page, stage);
    for (const fold of await page.getByRole("group").all()) await unfold(fold);
    await isSwitchedOff(page, button, /needs the role operator or admin/);
  }
});

/** Opens a page of the Run by its address. */
async function open(page: Page, stage: string): Promise<void> {
  await page.goto(`${run}/${stage}`);
  await hydrated(page);
  await expect(page.getByRole("heading", { level: 1 })).toContainText(STREAM);
}

async function unfold(fold: ReturnType<Page["getByRole"]>): Promise<void> {
  const isOpen = await fold.evaluate((element) => (element as HTMLDetailsElement).open);
  if (!isOpen) await fold.evaluate((element) => element.querySelector("summary")?.click());
}

async function isSwitchedOff(page: Page, name: string, reason: RegExp): Promise<void> {
  const buttons = page.getByRole("button", { name });
  await expect(buttons.first()).toBeVisible();
  for (const button of await buttons.all()) {
    await expect(button).toBeDisabled();
    await expect(button.locator("..")).toContainText(reason);
  }
}
