import { defineConfig } from "@playwright/test";

// One worker: the tests share one sandbox, whose streams they break and mend.
export default defineConfig({
  testDir: "tests",
  globalSetup: "./support/sandbox.ts",
  workers: 1,
  fullyParallel: false,
  forbidOnly: Boolean(process.env.CI),
  // A test that passes only at the second try hides a defect.
  retries: 0,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  outputDir: "../target/end2end",
  // Pictures are taken on demand only: `./dev shots`.
  testIgnore: process.env.SLUICE_SHOTS ? [] : ["**/shots.spec.ts"],
  use: {
    actionTimeout: 15_000,
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
    timezoneId: "UTC",
    locale: "en-GB",
    launchOptions: {
      executablePath: process.env.SLUICE_CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        // Chromium has no sandbox of its own for root, as in most containers.
        ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
      ],
    },
  },
});
