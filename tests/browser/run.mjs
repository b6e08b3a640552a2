// node run.mjs PROGRAM CLAIM...: tries the claims one after the other in one browser, ends in 1 where one does not hold.
import { claims } from "./claims.mjs";
import { launch } from "./page.mjs";

const [program, ...wanted] = process.argv.slice(2);
if (wanted.length === 0 || wanted.some((claim) => !claims[claim])) {
  console.error(`node run.mjs PROGRAM CLAIM...; known claims: ${Object.keys(claims).join(", ")}`);
  process.exit(64);
}
const browser = await launch();
try {
  for (const claim of wanted) {
    try {
      await claims[claim](browser, program);
      console.log(`${claim}: holds`);
    } catch (problem) {
      console.error(`${claim}: does not hold\n${problem.stack}`);
      for (const page of browser.contexts().flatMap((context) => context.pages())) {
        const text = await page.innerText("body", { timeout: 5000 }).catch((cause) => cause.message);
        console.error(`--- ${page.url()} showed:\n${text.slice(0, 2000)}`);
      }
      process.exitCode = 1;
    }
    for (const context of browser.contexts()) await context.close();
  }
} finally {
  await browser.close();
}
process.exit();
