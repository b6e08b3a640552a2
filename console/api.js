// The service's side. The key goes in a header and nowhere else; a stream is read by fetch, since EventSource
// cannot send one.

const BASE = new URL("api/", import.meta.url);
const KEY = "vitals-console-key";
const SILENCE = 10_000;

export class NeedsKey extends Error {}

export function setKey(key) {
  sessionStorage.setItem(KEY, key);
}

function request(name, params, signal) {
  const url = new URL(name, BASE);
  for (const [key, value] of Object.entries(params ?? {})) {
    if (value !== "" && value !== undefined && value !== null) url.searchParams.set(key, value);
  }
  const key = sessionStorage.getItem(KEY);
  return fetch(url, {
    signal,
    cache: "no-store",
    credentials: "omit",
    headers: key ? { Authorization: `Bearer ${key}` } : {},
  });
}

async function refuse(response) {
  if (response.status === 401 || response.status === 403) {
    throw new NeedsKey(sessionStorage.getItem(KEY) ? "This key is not known to the service." : "");
  }
  let message = `The service answered ${response.status}.`;
  try {
    message = (await response.json()).message || message;
  } catch {
    // It said nothing that can be shown.
  }
  const error = new Error(message);
  error.status = response.status;
  throw error;
}

export async function get(name, params, signal) {
  const response = await request(name, params, signal);
  if (!response.ok) await refuse(response);
  return response.json();
}

/** What `promise` gives, or an error after so many milliseconds. */
function within(milliseconds, promise) {
  let timer;
  const late = new Promise((_, fail) => {
    timer = setTimeout(() => fail(new Error("The service says nothing any more.")), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/**
 * Follows the live stream until it ends or `signal` says so; `onEvent(name, data)` for each event. A second is told
 * every second: a stream that is silent for long is dead, though its connection may not know. A server that keeps no
 * answer open tells one second at a time, and after how many milliseconds to ask for the next: that is given back.
 */
export async function follow(params, signal, onOpen, onEvent) {
  const end = new AbortController();  // so that no viewer's place is kept for a stream that is given up
  try {
    return await read(await within(SILENCE, request("live", params, AbortSignal.any([signal, end.signal]))), onOpen, onEvent);
  } finally {
    end.abort();
  }
}

async function read(response, onOpen, onEvent) {
  if (!response.ok) await refuse(response);
  onOpen();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  let again;
  for (;;) {
    const { done, value } = await within(SILENCE, reader.read());
    if (done) return again;
    text += value;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const lines = text.slice(0, end).split("\n");
      text = text.slice(end + 2);
      const name = lines.find((line) => line.startsWith("event: "))?.slice(7);
      const data = lines.filter((line) => line.startsWith("data: ")).map((line) => line.slice(6)).join("\n");
      const retry = lines.find((line) => line.startsWith("retry: "));
      if (retry) again = Number(retry.slice(7));
      if (name && data) onEvent(name, JSON.parse(data));
    }
  }
}
