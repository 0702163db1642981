// Keeps a page current: hears what changed, asks for the page's parts again until they are here, and says how current it is.
import { anythingTyped, offer } from "./drafts.js";
import { patch, remember } from "./patch.js";
import { listen } from "./stream.js";
import { parsed } from "./trusted.js";

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 30_000;
const PATIENCE = 20_000;

let token = "";
let seen = 0;
let etag = "";
let wanted = false;
let current = null;
let pause = 0;
let bidden = 0; // how long the server asked to be left alone
let timer = 0;
let free = 0;
let stop = null;
let signedOut = false;

const root = () => document.querySelector("main");
const badge = () => document.getElementById("as-of");
const isLive = () => Boolean(root()?.dataset.live);
/** While somebody carries a card nothing is moved under their hands. */
const held = () => document.body.classList.contains("dragging");
export const person = () => document.querySelector("meta[name=milepost-person]")?.content ?? "";
/** The token that a form is sent with. */
export const csrf = () => token;

/** Ask for this page's parts again; with a position the answer is at least that new. Requests never overlap. */
export function refresh(position = 0) {
  seen = Math.max(seen, position);
  wanted = true;
  clearTimeout(timer);
  current ??= catchUp().finally(() => { current = null; });
  return current;
}

/** What was put off is made up for. */
export function settle() {
  if (wanted) refresh();
}

async function catchUp() {
  while (wanted && !held() && !document.hidden) {
    wanted = false;
    const began = performance.now();
    const done = await fetchParts().catch(() => false);
    free = performance.now() + 2 * (performance.now() - began); // others' changes never take more than a third of the time
    if (!done) return later();
    pause = 0;
  }
  if (wanted) say("stale");
  return undefined;
}

/** It did not work: try again, after ever longer pauses. */
function later() {
  wanted = true;
  if (signedOut) return;
  say("stale");
  pause = Math.min(pause ? 2 * pause : FIRST_PAUSE, LONGEST_PAUSE);
  clearTimeout(timer);
  timer = setTimeout(settle, Math.max(pause, bidden));
}

/** Whether the page is as the server says now. */
async function fetchParts() {
  const url = new URL(location.href);
  url.hash = "";
  if (seen) url.searchParams.set("min_position", seen);
  const headers = { "Milepost-Fragment": "1", Accept: "text/html", ...(etag ? { "If-None-Match": etag } : {}) };
  const answer = await fetch(url, { headers, cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
  bidden = Math.min(1000 * (Number(answer.headers.get("Retry-After")) || 0), LONGEST_PAUSE);
  if (answer.status === 401) return endSession();
  if (answer.status !== 304 && !answer.ok) return [403, 404, 422].includes(answer.status) ? leave() : false;
  token = answer.headers.get("Milepost-Token") || token;
  if (signedOut) comeBack();
  if (answer.status !== 304) {
    const text = await answer.text();
    if (held()) {
      wanted = true;
      return true;
    }
    show(parsed(text));
    etag = answer.headers.get("ETag") ?? "";
  }
  fresh(answer.headers);
  return true;
}

function show(page) {
  const focused = document.activeElement;
  if (page.title) document.title = page.title;
  if (!patch(root(), page.querySelector("main"))) return;
  if (focused && focused !== document.activeElement && document.contains(focused)) focused.focus({ preventScroll: true });
  document.dispatchEvent(new CustomEvent("milepost:patched"));
}

/** What the page is about is gone, or not for this reader any more: the server says which. */
function leave() {
  if (anythingTyped()) say("gone");
  else location.reload();
  return true;
}

/** The session has ended: what is typed stays, here and for after signing in again. */
function endSession() {
  if (!anythingTyped()) {
    location.reload();
    return true;
  }
  signedOut = true;
  stop?.();
  stop = null;
  say("out");
  return false;
}

function comeBack() {
  signedOut = false;
  follow();
}

const WORDS = {
  here: "", away: " · reconnecting…", stale: " · not current, trying again…", gone: " · this is not there any more",
  out: " · signed out: ",
};

/** Say how current the page is. */
function say(state) {
  const element = badge();
  if (!element) return;
  element.dataset.link = state;
  const words = element.querySelector("[data-link-text]");
  if (!words) return;
  words.textContent = WORDS[state];
  if (state !== "out") return;
  const link = document.createElement("a");
  link.href = "/";
  link.target = "_blank";
  link.textContent = "sign in again";
  words.append(link, " and come back; what you typed is kept");
}

function fresh(headers) {
  const at = headers.get("Milepost-As-Of");
  seen = Math.max(seen, Number(headers.get("Milepost-Position") ?? 0));
  const time = badge()?.querySelector("time");
  if (at && time) {
    time.setAttribute("datetime", at);
    badge().querySelector("[data-lag]").textContent = headers.get("Milepost-Lag") ?? "";
    document.dispatchEvent(new CustomEvent("milepost:fresh"));
  }
  if (!wanted) say("here");
}

function concerns(change) {
  const { runs = "", project = "", live = "" } = root().dataset;
  if (change.everything || live === "all") return true;
  return (runs && change.runs.some((id) => runs.includes(id))) || (project && change.projects.includes(project));
}

function hear(change) {
  if (!concerns(change)) return;
  seen = Math.max(seen, change.position);
  wanted = true;
  if (held() || document.hidden) return say("stale");
  clearTimeout(timer);
  timer = setTimeout(settle, Math.max(0, free - performance.now()));
  return undefined;
}

function follow() {
  stop?.();
  stop = listen(person(), Math.max(seen, Number(root().dataset.position) || 0), {
    tell: hear,
    link: (here) => { if (!wanted) say(here ? "here" : "away"); },
    lost: () => refresh(),
  });
}

/** Script sends the token itself: forms hold none, as in the parts that come later. */
function bare(form) {
  for (const input of form.querySelectorAll("input[name=csrf], input[name=command]")) {
    input.setAttribute("value", "");
    input.value = "";
  }
}

/** After sleep, or another network, a stream may be dead without saying so: whoever looks again is shown what is now. */
function lookAgain() {
  if (!document.hidden && (signedOut || isLive())) refresh();
}

/** Begin: before anything else changes the page. */
export function start() {
  token = document.querySelector("meta[name=milepost-token]")?.content ?? "";
  if (!root()) return;
  root().querySelectorAll("form[data-command-form], #move").forEach(bare);
  remember(root());
  offer();
  document.addEventListener("visibilitychange", lookAgain);
  addEventListener("online", lookAgain);
  addEventListener("focus", () => { if (signedOut) refresh(); });
  if (!isLive()) return;
  follow();
  addEventListener("pagehide", () => { stop?.(); stop = null; });
  addEventListener("pageshow", (event) => { if (event.persisted) { follow(); refresh(); } });
}
