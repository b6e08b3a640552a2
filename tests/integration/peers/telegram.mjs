// Telegram's Bot API on 127.0.0.1: telegram-test-api with what it leaves out put in front of it. It confirms by offset, keeps a
// poll open, ends a poll with 409 when another begins, knows the token and chat actions, and checks a message as Telegram does.
//   node telegram.mjs PORT UPSTREAM_PORT TOKEN
// The user's side is upstream's own (/sendMessage, /getUpdates). What a test wants besides, it asks under /control.
import http from "node:http";
import { createRequire } from "node:module";

const TelegramServer = createRequire(import.meta.url)("telegram-test-api");
const [port, upstream, token] = [Number(process.argv[2]), Number(process.argv[3]), process.argv[4]];
await new TelegramServer({ port: upstream, host: "127.0.0.1", storage: "RAM", storeTimeout: 600 }).start();

const log = []; // every call of the bot: {method, body, code}
let pending = []; // updates that are not confirmed: {id, text}
let scripts = []; // {method, times, code, body}: answers in place of the real ones
let poll = null; // the poll that waits
let news = true; // something may have come since upstream was last asked
let wake = () => {}; // ends the pause of the poll that waits
let webhook = ""; // what getWebhookInfo says
let waits = true; // false: as bare telegram-test-api, which answers at once

async function ask(path, body) {
  const answer = await fetch(`http://127.0.0.1:${upstream}${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return answer.json();
}

async function fetchUpdates() {
  if (!news) return;
  news = false;
  for (const update of (await ask(`/bot${token}/getUpdates`, {})).result) {
    update.message.date = Math.floor(Date.now() / 1000);
    pending.push({ id: update.update_id, text: JSON.stringify(update) });
  }
  pending.sort((a, b) => a.id - b.id);
}

const refused = (code, description, parameters) => ({
  code,
  text: JSON.stringify({ ok: false, error_code: code, description, ...(parameters && { parameters }) }),
});
const given = (result) => ({ code: 200, text: `{"ok":true,"result":${result}}` });

async function getUpdates(body, isGone) {
  if (poll) poll();
  const end = Date.now() + (waits ? (body.timeout ?? 0) * 1000 : 0);
  let taken = false;
  const mine = () => {
    taken = true;
    wake();
  };
  poll = mine;
  try {
    for (;;) {
      if (taken)
        return refused(409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running");
      await fetchUpdates();
      if (isGone()) return null;
      if (body.offset) pending = pending.filter((update) => update.id >= body.offset);
      const batch = pending.slice(0, body.limit ?? 100);
      if (batch.length > 0 || Date.now() >= end) return given(`[${batch.map((update) => update.text).join(",")}]`);
      if (news || taken) continue;
      await new Promise((done) => {
        const timer = setTimeout(done, end - Date.now());
        wake = () => done(clearTimeout(timer));
      });
    }
  } finally {
    if (poll === mine) poll = null;
  }
}

function shownText(body) {
  if (body.parse_mode !== "HTML") return body.text;
  if (/<(?!\/?(b|i|code|pre)>)/.test(body.text) || /&(?!(amp|lt|gt|quot);)/.test(body.text)) return null;
  return body.text.replace(/<[^>]*>/g, "").replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
}

async function sendMessage(body) {
  const shown = shownText(body);
  if (shown === null) return refused(400, "Bad Request: can't parse entities: Unsupported start tag at byte offset 0");
  if (!shown.trim()) return refused(400, "Bad Request: message text is empty");
  if (shown.length > 4096) return refused(400, "Bad Request: message is too long");
  if (!shown.isWellFormed()) return refused(400, "Bad Request: strings must be encoded in UTF-8");
  const answer = await ask(`/bot${token}/sendMessage`, { ...body, text: shown });
  return given(JSON.stringify(answer.result));
}

async function botCall(method, body, isGone) {
  const script = scripts.find((one) => one.method === method && one.times > 0);
  if (script) {
    script.times -= 1;
    return script.code === 0 ? null : { code: script.code, text: script.body };
  }
  if (method === "getUpdates") return getUpdates(body, isGone);
  if (method === "sendMessage") return sendMessage(body);
  if (method === "sendChatAction" || method === "setMyCommands") return given("true");
  if (method === "getMe") return given(JSON.stringify({ id: 4711, is_bot: true, first_name: "Food", username: "food_bot" }));
  if (method === "getWebhookInfo") return given(JSON.stringify({ url: webhook, pending_update_count: pending.length }));
  return refused(404, "Not Found");
}

function tell() {
  news = true;
  wake();
}

function control(what, body) {
  if (what === "log") return log;
  if (what === "pending") return pending.map((update) => update.id);
  if (what === "script") scripts.push(body);
  if (what === "unscript") scripts = [];
  if (what === "push") pending.push({ id: body.id, text: body.text });
  if (what === "push") wake();
  if (what === "webhook") webhook = body.url;
  if (what === "instant") waits = false;
  return {};
}

const server = http
  .createServer(async (request, response) => {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    let gone = false;
    response.on("close", () => {
      gone = true;
      wake();
    });
    const text = Buffer.concat(pieces).toString();
    const body = text ? JSON.parse(text) : {};
    const reply = (code, words) => response.writeHead(code, { "Content-Type": "application/json" }).end(words);
    try {
      const path = request.url.split("?")[0];
      const call = path.match(/^\/bot([^/]*)\/(\w+)$/);
      if (path === "/control/hangup") response.on("finish", () => server.closeAllConnections());
      if (path.startsWith("/control/")) return reply(200, JSON.stringify(control(path.slice(9), body)));
      if (!call) {
        const answer = JSON.stringify(await ask(path, body));
        if (path !== "/getUpdatesHistory") tell();
        return reply(200, answer);
      }
      const entry = { method: call[2], body, at: Date.now() };
      log.push(entry);
      const known = call[1] === token;
      const answer = known ? await botCall(call[2], body, () => gone) : refused(401, "Unauthorized");
      if (answer === null) return undefined; // never answered
      entry.code = answer.code;
      return reply(answer.code, answer.text);
    } catch (error) {
      return reply(500, JSON.stringify({ ok: false, error_code: 500, description: String(error) }));
    }
  })
  .listen(port, "127.0.0.1");
