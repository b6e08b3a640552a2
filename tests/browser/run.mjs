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
  process.exitCode = 1;
} finally {
  await browser.close();
}
