// What the console promises, each in a real browser against a real service.
import assert from "node:assert/strict";
import { expectAccessible, expectNoComplaint, go, live, openConsole } from "./page.mjs";
import { startService } from "./service.mjs";

/** Runs `check` with a service that is stopped after it, whatever comes. */
async function withService(program, settings, check, options) {
  const service = await startService(program, settings, options);
  try {
    await check(service);
  } finally {
    await service.stop();
  }
}

const failing = (service, id, headers = {}) =>
  fetch(`${service.url}/api/v1/users/ann`, { headers: { "X-Request-ID": id, ...headers } });

/** Waits until an error and a trace of this request id are kept. */
async function kept(service, id) {
  for (;;) {
    const found = await (await fetch(`${service.url}/console/api/search?id=${id}`)).json();
    if (found.errors.length > 0 && found.traces.length > 0) return;
    await new Promise((resume) => setTimeout(resume, 100));
  }
}

/** Waits until the overview has been drawn with newer data. */
async function drawnAnew(page) {
  const before = await page.$eval("#http-status .plot", (plot) => plot.getAttribute("aria-label"));
  await page.waitForFunction((old) => document.querySelector("#http-status .plot").getAttribute("aria-label") !== old, before);
}

export const claims = {
  /** Every panel draws data within ten seconds of a start, and goes on by itself. */
  panels: (browser, program) => withService(program, {}, async (service) => {
    const began = Date.now();
    const page = await openConsole(browser, service);
    await live(page);
    const undrawn = () => page.$$eval(".chart:not([data-drawn])", (all) => all.filter((one) => one.offsetParent).map((one) => one.id));
    while ((await undrawn()).length > 0 && Date.now() - began < 10_000) await page.waitForTimeout(200);
    assert.deepEqual(await undrawn(), [], "panels without data after 10 s");
    assert.ok((await page.$$("#endpoints tbody tr")).length >= 5);
    await page.waitForSelector(".funnel li");
    await drawnAnew(page);
    await page.check('input[value="24h"]');
    await page.waitForSelector("text=Over 24 hours");
    await page.check('input[value="15m"]');
    await page.click('#endpoints button:has-text("/api/v1/chat")');
    await page.waitForSelector('.filter:has-text("POST /api/v1/chat")');
    await go(page, "#/monitoring", "#families");
    await page.waitForSelector("#sentry-events[data-drawn]");
    await expectNoComplaint(page);
  }),

  /** An error appears within two seconds and opens to the stack of its throw, also by a press during which the list changes. */
  errors: (browser, program) => withService(program, { FAULTS: "handler:1.0" }, async (service) => {
    const page = await openConsole(browser, service);
    await live(page);
    await go(page, "#/errors", "text=No error yet.");
    // The first one of a process waits for the debug information to be read.
    assert.equal((await failing(service, "early.1")).status, 500);
    await page.waitForSelector('#error-list .count:has-text("1×")');
    assert.equal((await failing(service, "late.1")).status, 500);
    const began = Date.now();
    await page.waitForSelector('#error-list .count:has-text("2×")', { timeout: 60_000 });
    const seconds = (Date.now() - began) / 1000;
    assert.ok(seconds < 2, `it took ${seconds} s to appear`);
    await page.hover("#error-list a");
    await page.mouse.down();
    await failing(service, "late.2");
    await kept(service, "late.2");
    // What would draw the list anew comes each second; nothing on the page tells of it while the button is held.
    await page.waitForTimeout(2500);
    await page.mouse.up();
    await page.waitForSelector(".frames", { timeout: 60_000 });
    await go(page, "#/errors", '#error-list .count:has-text("3×")');
    await page.focus("#error-list a");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".frames");
    const first = await page.textContent(".frames li:first-child");
    assert.match(first, /health_agent::faults::maybe_fail/);
    assert.match(first, /faults\.cc:\d+/);
    const facts = await page.textContent("aside");
    assert.match(facts, /late\.2/);
    assert.match(facts, /3×, first/);
    assert.match(await page.textContent(".crumbs"), /GET \/api\/v1\/users/);
    await expectNoComplaint(page);
  }, { demo: false }),

  /** A trace opens to its waterfall. */
  traces: (browser, program) => withService(program, {}, async (service) => {
    const page = await openConsole(browser, service);
    await live(page);
    await go(page, "#/traces", ".row.trace:has-text('POST /api/v1/chat')");
    await page.click(".row.trace:has-text('POST /api/v1/chat') >> nth=0");
    await page.waitForSelector("#waterfall li");
    await page.click("#waterfall summary");
    await page.waitForSelector("#waterfall details[open] .fields");
    const widths = await page.$$eval("#waterfall .bar", (bars) => bars.map((bar) => bar.getBoundingClientRect().width));
    assert.ok(widths.every((width) => width > 0));
    await expectNoComplaint(page);
  }),

  /** The request id of a failed request finds its error and its trace. */
  search: (browser, program) => withService(program, { FAULTS: "handler:1.0" }, async (service) => {
    const page = await openConsole(browser, service);
    await live(page);
    assert.equal((await failing(service, "find.me-1")).status, 500);
    await go(page, "#/search/find.me-2", "text=Nothing of this id is kept");
    assert.equal((await failing(service, "find.me-2")).status, 500);
    await kept(service, "find.me-2");
    await page.fill("#search-id", "find.me-2");
    await page.press("#search-id", "Enter");
    await page.waitForSelector("#found-errors a");
    await kept(service, "find.me-1");
    await page.fill("#search-id", "find.me-1");
    await page.press("#search-id", "Enter");
    await page.waitForSelector(".lead code:has-text('find.me-1')");
    await page.waitForSelector("#found-errors a");
    await page.waitForSelector("#found-traces a");
    await page.click("#found-traces a");
    await page.waitForSelector("#waterfall");
    await go(page, "#/search/no-such-id", "text=Nothing of this id is kept");
    await expectNoComplaint(page);
  }, { demo: false }),

  /** All of it by keyboard alone. */
  keyboard: (browser, program) => withService(program, {}, async (service) => {
    const page = await openConsole(browser, service);
    await live(page);
    const focused = () => page.evaluate(() => document.activeElement.textContent.trim().slice(0, 40) || document.activeElement.id);
    const tabTo = async (wanted) => {
      for (let i = 0; i < 80; i += 1) {
        await page.keyboard.press("Tab");
        if ((await focused()).startsWith(wanted)) return;
      }
      assert.fail(`Tab never came to ${wanted}`);
    };
    await tabTo("Skip to the content");
    await tabTo("Errors");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#error-list a");
    await page.keyboard.press("Tab");
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.equal(outline, "solid", "what has the focus shows it");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".frames");
    await page.keyboard.press("/");
    assert.equal(await page.evaluate(() => document.activeElement.id), "search-id");
    await page.keyboard.type("abc");
    await page.keyboard.press("Enter");
    await page.waitForSelector("text=Nothing of this id is kept");
    await go(page, "#/traces", ".row.trace");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#waterfall summary");
    await tabTo("http.server");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#waterfall details[open]");
    await go(page, "#/", "#endpoints tbody button");
    await page.focus('#endpoints button:has-text("/api/v1/chat")');
    await page.keyboard.press("Enter");
    await page.waitForSelector(".filter button:has-text('Show all')");
    await page.focus(".filter button");
    await drawnAnew(page);
    await page.keyboard.press("Enter");
    await page.waitForSelector(".filter", { state: "hidden" });
    await page.focus('input[value="15m"]');
    await page.keyboard.press("ArrowRight");
    await page.waitForSelector("text=Over 24 hours");
    await expectNoComplaint(page);
  }),

  /** Light and dark, wide and 360 pixels: nothing runs over, and axe finds nothing serious. */
  looks: (browser, program) => withService(program, {}, async (service) => {
    const backgrounds = new Set();
    for (const colorScheme of ["light", "dark"]) {
      for (const width of [1360, 360]) {
        const page = await openConsole(browser, service, { colorScheme, viewport: { width, height: 800 } });
        await live(page);
        await page.waitForSelector("#http-status[data-drawn]");
        backgrounds.add(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
        for (const [hash, selector] of [["#/", "#endpoints tbody tr"], ["#/errors", "#error-list a"], ["#/traces", ".row.trace"], ["#/monitoring", "#families"]]) {
          await go(page, hash, selector);
          const name = `${hash}, ${colorScheme}, ${width}`;
          assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= width, `${name} runs over`);
          await expectAccessible(page, name);
        }
        await go(page, "#/errors", "#error-list a");
        await page.click("#error-list a");
        await page.waitForSelector(".frames");
        await expectAccessible(page, `an error, ${colorScheme}, ${width}`);
        await go(page, "#/traces", ".row.trace");
        await page.click(".row.trace");
        await page.waitForSelector("#waterfall");
        await expectAccessible(page, `a trace, ${colorScheme}, ${width}`);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= width, `a trace, ${colorScheme}, ${width} runs over`);
        await expectNoComplaint(page);
        await page.context().close();
      }
    }
    assert.equal(backgrounds.size, 2, "light and dark differ");
  }),

  /** With API_KEYS the page asks for one, keeps it out of addresses, and shows nothing without. */
  access: (browser, program) => withService(program, { API_KEYS: "k-secret-1,k-2" }, async (service) => {
    for (const name of ["overview", "live", "errors", "error", "trace", "search", "health"]) {
      assert.equal((await fetch(`${service.url}/console/api/${name}`)).status, 401, name);
    }
    const page = await openConsole(browser, service);
    await page.waitForSelector("#key[open]");
    assert.equal(await page.textContent("#name"), "Console");
    await expectAccessible(page, "the question for a key");
    await page.fill("#key-value", "wrong");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#key-problem:has-text('not known')");
    await page.fill("#key-value", "k-secret-1");
    await page.keyboard.press("Enter");
    await live(page);
    await page.waitForSelector("#http-status[data-drawn]");
    await page.reload();
    await live(page);
    assert.ok(page.addresses.every((address) => !address.includes("k-secret-1")), "the key is in no address");
    // A refused request is said by the browser itself.
    page.complaints = page.complaints.filter((line) => !line.includes("401"));
    await expectNoComplaint(page);
  }),

  /** What a service says is text, whatever it looks like. */
  hostile: (browser, program) => withService(program, {}, async (service) => {
    const page = await openConsole(browser, service);
    await live(page);
    const evil = '<img src=x onerror="window.evil=1"><script>window.evil=1</script>';
    await page.route("**/api/error?*", async (route) => {
      const response = await route.fetch();
      const body = await response.json();
      for (const one of [body.group, ...body.others]) Object.assign(one, { title: evil, text: evil, name: evil, culprit: evil });
      for (const exception of body.event.exception.values) {
        Object.assign(exception, { type: evil, value: evil });
        for (const frame of exception.stacktrace?.frames ?? []) Object.assign(frame, { function: evil, filename: evil });
      }
      body.event.tags = { [evil]: evil };
      body.event.breadcrumbs = { values: [{ timestamp: 1, category: evil, message: evil, data: { [evil]: evil } }] };
      await route.fulfill({ response, json: body });
    });
    await page.evaluate(() => { location.hash = `#/search/${encodeURIComponent('<img src=x onerror="window.evil=1">')}`; });
    await page.waitForSelector("text=Nothing of this id is kept");
    await go(page, "#/errors", "#error-list a");
    await page.click("#error-list a");
    await page.waitForSelector(".frames");
    assert.ok((await page.textContent("#main")).includes(evil), "it is shown as it is");
    assert.equal(await page.$("#main img, #main script"), null, "and is no element");
    assert.equal(await page.evaluate(() => window.evil), undefined);
    await fetch(`${service.url}/%3Cscript%3Ealert(1)%3C/script%3E`);
    await expectNoComplaint(page);
  }),

  /** With Sentry off, with everything off and with the console off it says so plainly. */
  off: async (browser, program) => {
    await withService(program, { ENABLE_SENTRY: "false" }, async (service) => {
      const page = await openConsole(browser, service);
      await live(page);
      for (const hash of ["#/errors", "#/traces"]) await go(page, hash, "text=Sentry is off: no errors or traces are kept");
      await expectNoComplaint(page);
    });
    await withService(program, { ENABLE_SENTRY: "false", ENABLE_PROMETHEUS: "false" }, async (service) => {
      const page = await openConsole(browser, service);
      await page.waitForSelector('#live[data-state="off"]');
      await page.waitForSelector("text=Metrics are off");
      await expectNoComplaint(page);
    }, { demo: false });
    await withService(program, { ENABLE_CONSOLE: "false" }, async (service) => {
      for (const path of ["", "/main.js", "/api/overview"]) assert.equal((await fetch(`${service.url}/console${path}`)).status, 404);
    }, { demo: false });
  },

  /** A service that hangs is not "live", though its connections stand; and it is again when it goes on. */
  hangs: (browser, program) => withService(program, {}, async (service) => {
    const page = await openConsole(browser, service);
    await live(page);
    process.kill(service.child.pid, "SIGSTOP");
    try {
      await page.waitForSelector('#live[data-state="away"]', { timeout: 60_000 });
    } finally {
      process.kill(service.child.pid, "SIGCONT");
    }
    await live(page);
    await expectNoComplaint(page);
  }),

  /** Viewers neither hold up the service nor its end; the ninth is told so, and the page comes back by itself. */
  ends: async (browser, program) => {
    const service = await startService(program, { DATABASE_POOL_SIZE: "1", FAULTS: "" }, { demo: false });
    const aborts = [];
    const watch = async () => {
      const abort = new AbortController();
      aborts.push(abort);
      return fetch(`${service.url}/console/api/live`, { signal: abort.signal });
    };
    const page = await openConsole(browser, service);
    await live(page);
    const others = await Promise.all(Array.from({ length: 7 }, watch));
    assert.ok(others.every((response) => response.status === 200));
    const ninth = await watch();
    assert.equal(ninth.status, 503);
    assert.match(await ninth.text(), /All 8 places/);
    // One worker, eight viewers.
    assert.equal((await fetch(`${service.url}/api/v1/users/nobody`)).status, 404);
    const stopped = await service.stop();
    assert.equal(stopped.code, 0, service.output());
    assert.ok(stopped.seconds < 5, `it took ${stopped.seconds} s to end`);
    await page.waitForSelector('#live[data-state="away"]');
    for (const abort of aborts) abort.abort();
  },
};
