// node run.mjs CLAIM PROGRAM: runs one claim, ends in 1 where it does not hold.
import { claims } from "./claims.mjs";
import { launch } from "./page.mjs";

const [claim, program] = process.argv.slice(2);
if (!claims[claim] || !program) {
  console.error(`known claims: ${Object.keys(claims).join(", ")}; then the program`);
  process.exit(64);
}
const browser = await launch();
try {
  await claims[claim](browser, program);
  console.log(`${claim}: holds`);
} catch (problem) {
  console.error(problem.stack);
  for (const page of browser.contexts().flatMap((context) => context.pages())) {
    const text = await page.innerText("body", { timeout: 5000 }).catch((cause) => cause.message);
    console.error(`--- ${page.url()} showed:\n${text.slice(0, 2000)}`);
  }
  process.exitCode = 1;
} finally {
  await browser.close();
}
process.exit();
