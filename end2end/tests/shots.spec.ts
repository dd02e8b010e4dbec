// Pictures for people to look at; run by `./dev shots`. Nothing is compared.
import { hydrated, test } from "../support/fixtures.js";

const PAGES = { gallery: "/gallery" };
const SCREENS = { phone: { width: 390, height: 844 }, desktop: { width: 1440, height: 900 } };

for (const [name, path] of Object.entries(PAGES)) {
  for (const [screen, viewport] of Object.entries(SCREENS)) {
    for (const colorScheme of ["light", "dark"] as const) {
      test(`${name}, ${screen}, ${colorScheme}`, async ({ page }) => {
        await page.setViewportSize(viewport);
        await page.emulateMedia({ colorScheme });
        await page.goto(path);
        await hydrated(page);
        await page.waitForLoadState("networkidle");
        await page.screenshot({
          path: `${process.env.SLUICE_SHOTS}/${name}-${screen}-${colorScheme}.png`,
          fullPage: true,
        });
      });
    }
  }
}
