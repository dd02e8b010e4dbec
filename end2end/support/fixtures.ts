// The pages that the tests are given. Any console error, uncaught exception or
// refused style or script fails the test that met it: hydration bugs and
// policy errors show in no other way.
import { AxeBuilder } from "@axe-core/playwright";
import {
  type BrowserContext,
  type BrowserContextOptions,
  test as base,
  expect,
  type Page,
  type TestInfo,
} from "@playwright/test";

export const PHONE = { width: 390, height: 844 };
export const DESKTOP = { width: 1440, height: 900 };

type Fixtures = {
  /** Errors that a test expects are removed from here by the test itself. */
  complaints: string[];
  /** Opens a browser in which one of the sandbox's people is signed in. */
  browserOf: (name: string, options?: BrowserContextOptions) => Promise<Page>;
};

export const test = base.extend<Fixtures>({
  // Read here and not in the configuration, which is loaded before the set-up.
  baseURL: async ({}, use) => use(process.env.SLUICE_URL),

  complaints: [
    async ({ context }, use) => {
      const complaints: string[] = [];
      await watch(context, complaints);
      await use(complaints);
      expect(complaints, "the page complained").toEqual([]);
    },
    { auto: true },
  ],

  browserOf: async ({ browser, baseURL, complaints }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async (name, options = {}) => {
      const context = await browser.newContext({ baseURL, ...options });
      contexts.push(context);
      await watch(context, complaints);
      const page = await context.newPage();
      await signIn(page, name);
      return page;
    });
    for (const context of contexts) await context.close();
  },
});

export { expect };

/** Notes whatever the pages of a browser complain of. */
async function watch(context: BrowserContext, complaints: string[]): Promise<void> {
  context.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") {
      complaints.push(`console ${message.type()}: ${message.text()}`);
    }
  });
  context.on("weberror", (error) => {
    complaints.push(`uncaught: ${error.error().message}`);
  });
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      console.error(`policy refused ${event.violatedDirective}: ${event.blockedURI}`);
    });
  });
}

/** Waits until the page is alive: forms and links work before, charts do not. */
export async function hydrated(page: Page): Promise<void> {
  await page.waitForFunction(() => document.documentElement.dataset.alive === "yes");
}

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
/** The rules that judge colours, which are all that a theme changes. */
const RULES_OF_COLOUR = ["color-contrast", "link-in-text-block"];

/** Judges the page by axe: by every rule in light, by those of colour in dark too. */
export async function expectAccessible(page: Page, what = "the page"): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    // Without motion: a colour on its way to another is neither of the two.
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const axe = new AxeBuilder({ page });
    const judge = colorScheme === "light" ? axe.withTags(RULES) : axe.withRules(RULES_OF_COLOUR);
    const { violations } = await judge.analyze();
    const found = violations.map(
      ({ id, help, nodes }) =>
        `${id}: ${help}\n  ${nodes.map((node) => node.html).join("\n  ")}`,
    );
    expect.soft(found, `axe, ${what}, ${colorScheme}`).toEqual([]);
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
}

/** No page scrolls sideways as a whole, on any screen. */
export async function expectNoSidewaysScroll(page: Page, what = "the page"): Promise<void> {
  const over = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect.soft(over, `${what} is wider than its window`).toBeLessThanOrEqual(0);
}

/** No violation and nothing cut off, on a desktop and on a phone; with pictures of both. */
export async function looksWell(page: Page, info: TestInfo, what: string): Promise<void> {
  for (const [screen, size] of Object.entries({ phone: PHONE, desk: DESKTOP })) {
    await page.setViewportSize(size);
    await expectNoSidewaysScroll(page, `${what}, ${screen}`);
    // What the bar covers can be neither seen nor judged.
    await page.evaluate(() => window.scrollTo(0, 0));
    for (const colorScheme of ["dark", "light"] as const) {
      await page.emulateMedia({ colorScheme });
      const path = info.outputPath(`${what}-${screen}-${colorScheme}.png`);
      await page.screenshot({ path, fullPage: true });
    }
  }
  await expectAccessible(page, what);
}

/** Signs in at the sandbox's provider as the user of this name. */
export async function signIn(page: Page, name: string): Promise<void> {
  await page.goto("/sign-in");
  await page.getByRole("button", { name }).click();
  await page.waitForURL((url) => url.origin === process.env.SLUICE_URL);
}
