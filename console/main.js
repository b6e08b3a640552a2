// The page: what it knows, where it is, and the live stream that keeps it going.
import * as api from "./api.js";
import { Data } from "./charts.js";
import { say } from "./dom.js";
import { ErrorDetail, Errors } from "./errors.js";
import * as format from "./format.js";
import { Monitoring } from "./health.js";
import { Overview } from "./overview.js";
import { Search } from "./search.js";
import { TraceDetail, Traces } from "./traces.js";

const $ = (id) => document.getElementById(id);
const DAY_EVERY = 60_000;
const LONGEST_PAUSE = 15_000;

/** The newest seconds, whatever window the charts show: what the figures are of. */
class LiveData extends Data {
  clear() {
    super.clear();
    this.most = 60;
  }
  load(overview) {
    super.load(overview);
    this.most = 60;
  }
  last(key) {
    const values = this.tracks.get(key) ?? [];
    for (let i = values.length - 1; i >= Math.max(0, values.length - 10); i -= 1) if (values[i] !== null) return values[i];
    return null;
  }
}

class App {
  constructor() {
    this.window = "15m";
    this.filter = null;
    this.data = new Data();
    this.liveData = new LiveData();
    this.overview = {};
    this.flags = { metrics: true, sentry: true };
    this.errors = [];
    this.traces = { slow: [], failed: [] };
    this.now = Date.now() / 1000;
    this.view = null;
    this.loaded = false;
    this.pressed = false;
  }

  async start() {
    addEventListener("hashchange", () => this.route());
    $("search").addEventListener("submit", (event) => {
      event.preventDefault();
      const id = $("search-id").value.trim();
      if (!id) return;
      const hash = `#/search/${encodeURIComponent(id)}`;
      // Once more for the same id: what had just happened may be there by now.
      if (location.hash === hash) this.route();
      else location.hash = hash;
    });
    addEventListener("keydown", (event) => {
      const typing = ["INPUT", "TEXTAREA", "SELECT"].includes(document.activeElement?.tagName);
      if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        $("search-id").focus();
      }
    });
    // A press that ends on another element than it began on is no click, so nothing is drawn anew in between.
    addEventListener("pointerdown", (event) => { this.pressed = event.button === 0; }, true);
    addEventListener("keydown", (event) => { this.pressed ||= event.key === " "; }, true);
    for (const end of ["pointerup", "pointercancel", "keyup", "contextmenu"]) addEventListener(end, () => setTimeout(() => this.release()), true);
    addEventListener("blur", () => this.release());  // of the window: a key or button is let go outside of it
    $("key-form").addEventListener("submit", (event) => {
      event.preventDefault();
      api.setKey($("key-value").value.trim());
      $("key-value").value = "";
      $("key").close();
      this.connect();
    });
    $("key").addEventListener("cancel", (event) => event.preventDefault());
    setInterval(() => this.window === "24h" && this.loaded && this.load(this.stream.signal).catch(() => {}), DAY_EVERY);
    this.connect();
  }

  askForKey(problem) {
    this.stream?.abort();
    say($("key-problem"), problem);
    $("key-problem").hidden = problem === "";
    if (!$("key").open) $("key").showModal();
    this.status("key", "waits for a key");
  }

  status(state, text) {
    $("live").dataset.state = state;
    say($("live-text"), text);
  }

  wish() {
    return this.filter ? { method: this.filter.method, endpoint: this.filter.endpoint } : {};
  }

  /** `signal` is aborted when another window or filter is chosen: an answer to the old choice is none. */
  async load(signal) {
    const overview = await api.get("overview", { window: this.window, ...this.wish() }, signal);
    this.overview = overview;
    this.now = overview.now;
    this.flags = { metrics: overview.metrics, sentry: overview.sentry };
    this.data.load(overview);
    if (this.window === "15m") this.liveData.load(structuredClone(overview));
    this.errors = overview.errors ?? [];
    this.traces = overview.traces ?? { slow: [], failed: [] };
    say($("name"), overview.name);
    say($("about"), [overview.release, overview.environment].filter(Boolean).join(" · ") || " ");
    document.title = `${overview.name} · console`;
    if (!this.loaded) {
      this.loaded = true;
      this.route();
    }
    this.show();
  }

  /** Loads, then follows; again and again, at longer and longer pauses while the service is away. */
  async connect() {
    this.stream?.abort();
    const stream = new AbortController();
    this.stream = stream;
    for (let pause = 500; !stream.signal.aborted; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      try {
        await this.load(stream.signal);
        if (!this.flags.metrics && !this.flags.sentry) {
          this.status("off", "metrics and Sentry are off");
          return;
        }
        for (let again = 0; again !== undefined; ) {
          if (again > 0) await new Promise((resume) => setTimeout(resume, again));
          again = await api.follow(this.wish(), stream.signal, () => {
            pause = 500;
            this.status("live", "live");
          }, (name, data) => name === "tick" && this.tick(data));
        }
        this.status("away", "the stream has ended, trying again");
      } catch (problem) {
        if (stream.signal.aborted) return;
        if (problem instanceof api.NeedsKey) {
          this.askForKey(problem.message);
          return;
        }
        this.status("away", problem.status ? problem.message : "the service is away, trying again");
      }
      await new Promise((resume) => setTimeout(resume, pause));
    }
  }

  tick(tick) {
    this.now = tick.now;
    this.flags = { metrics: tick.metrics, sentry: tick.sentry };
    if (tick.errors) this.errors = tick.errors;
    if (tick.traces) this.traces = tick.traces;
    // One that is asked for each second may be told the same second twice.
    if (tick.t !== undefined && tick.t !== this.second) {
      this.second = tick.t;
      this.liveData.push(tick.t, tick.tracks);
      if (this.window === "15m") {
        this.data.push(tick.t, tick.tracks);
        this.overview.endpoints = tick.endpoints;
        this.overview.journeys = tick.journeys;
      }
    }
    this.show();
  }

  show() {
    const groups = this.errors.length;
    $("error-count").hidden = groups === 0;
    say($("error-count"), format.count(groups));
    if (document.visibilityState === "visible" && !this.pressed) this.view?.update();
  }

  release() {
    if (!this.pressed) return;
    this.pressed = false;
    this.show();
  }

  setWindow(window) {
    this.window = window;
    this.connect();
  }

  setFilter(filter) {
    this.filter = filter;
    this.connect();
  }

  route() {
    if (!this.loaded) return;
    const [, page, ...rest] = location.hash.split("/");
    let id = rest.join("/");
    try {
      id = decodeURIComponent(id);
    } catch {
      // A lone % stands for itself.
    }
    this.view?.unmount();
    this.view = this.viewOf(page, id);
    for (const link of document.querySelectorAll("nav a")) {
      if (link.getAttribute("href") === `#/${page === "error" ? "errors" : page ?? ""}`) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    this.view.mount($("main"));
    this.view.update();
    scrollTo(0, 0);
    // Who came by keyboard goes on from the new content; the first page leaves the focus alone.
    if (this.routed) $("main").focus({ preventScroll: true });
    this.routed = true;
  }

  viewOf(page, id) {
    if (page === "errors" && id) return new ErrorDetail(this, { group: id });
    if (page === "error" && id) return new ErrorDetail(this, { id });
    if (page === "errors") return new Errors(this);
    if (page === "traces" && id) return new TraceDetail(this, id);
    if (page === "traces") return new Traces(this);
    if (page === "search" && id) return new Search(this, id);
    if (page === "monitoring") return new Monitoring(this);
    return new Overview(this);
  }
}

document.addEventListener("visibilitychange", () => app.show());
const app = new App();
app.start();
