// Every page that stands without a Run, judged on a desk and on a phone.
import {
  DESKTOP,
  expect,
  expectAccessible,
  expectNoSidewaysScroll,
  hydrated,
  PHONE,
  test,
} from "../support/fixtures.js";

// Axe takes its time where there are tables, more so on a busy machine.
test.describe.configure({ timeout: 120_000 });

const PAGES = {
  "the home page": "/",
  "the home page with one verdict": "/?verdict=corrupt",
  "the home page where nothing matches": "/?q=no-such-stream",
  "a corrupt stream": "/streams/orders",
  "a stream that loses data": "/streams/telemetry",
  "a stream that is down": "/streams/inventory",
  "a healthy stream": "/streams/payments",
  "the list of Runs": "/runs",
  "the list of Runs where nothing matches": "/runs?stream=refunds&outcome=restored",
};

for (const [name, address] of Object.entries(PAGES)) {
  test(`${name} is accessible on a desk and on a phone, in light and dark`, async ({
    browserOf,
  }) => {
    const page = await browserOf("Oda Brandt");
    for (const [screen, viewport] of Object.entries({ desk: DESKTOP, phone: PHONE })) {
      await page.setViewportSize(viewport);
      await page.goto(address);
      await hydrated(page);
      await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
      await expectNoSidewaysScroll(page, `${name}, ${screen}`);
      await expectAccessible(page, `${name}, ${screen}`);
    }
  });
}
