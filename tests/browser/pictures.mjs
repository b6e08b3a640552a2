// node tests/browser/pictures.mjs PROGRAM [MINUTES]: takes the pictures of docs/console anew, after the demo has run for so long (6).
import { go, launch, live, openConsole } from "./page.mjs";
import { startService } from "./service.mjs";

const [program, minutes = "6"] = process.argv.slice(2);
const folder = new URL("../../docs/console/", import.meta.url).pathname;
const service = await startService(program, { FAULTS: "handler:0.005,db:0.001,agent:0.02" });
await new Promise((resume) => setTimeout(resume, Number(minutes) * 60_000));
const browser = await launch();

const open = async (name, steps, { width = 1360, height = 900, colorScheme = "light", fullPage = true } = {}) => {
  const page = await openConsole(browser, service, { viewport: { width, height }, colorScheme });
  await live(page);
  await steps(page);
  await page.waitForTimeout(500);
  await page.screenshot({ path: `${folder}${name}.png`, fullPage });
  await page.context().close();
};
const overview = (page) => page.waitForSelector("#http-status[data-drawn]");
const anError = async (page) => {
  await go(page, "#/errors", "#error-list a");
  await page.click('#error-list a:has-text("AgentError")');
  await page.waitForSelector(".frames");
};

await open("overview-light", overview);
await open("overview-dark", overview, { colorScheme: "dark" });
await open("overview-360", overview, { width: 360, height: 740, fullPage: false });
await open("errors-light", (page) => go(page, "#/errors", "#error-list a"));
await open("error-light", anError);
await open("error-360-dark", anError, { width: 360, height: 740, colorScheme: "dark", fullPage: false });
await open("traces-light", (page) => go(page, "#/traces", ".row.trace"), { fullPage: false });
await open("trace-dark", async (page) => {
  await go(page, "#/traces", ".row.trace:has-text('POST /api/v1/chat')");
  await page.click('.row.trace:not(:has-text("error")):has-text("POST /api/v1/chat") >> nth=0');
  await page.waitForSelector("#waterfall li");
  await page.click('#waterfall summary:has-text("gen_ai.chat")');
}, { colorScheme: "dark" });
await open("monitoring-light", async (page) => {
  await go(page, "#/monitoring", "#families");
  await page.waitForSelector("#sentry-events[data-drawn]");
});
await browser.close();
await service.stop();
