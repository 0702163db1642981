// What every page does: dates in the reader's zone, keys, live parts, forms.
import * as board from "./board.js";
import * as drafts from "./drafts.js";
import * as forms from "./forms.js";
import * as live from "./live.js";
import * as people from "./people.js";

const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const dayYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const seconds = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });

function words(at, style) {
  if (style === "seconds") return seconds.format(at);
  if (style === "since") return ago(at);
  const today = new Date();
  const same = at.toDateString() === today.toDateString();
  const date = (at.getFullYear() === today.getFullYear() ? day : dayYear).format(at);
  if (style === "date") return same ? "today" : date;
  return `${same ? "today" : date}, ${clock.format(at)}`;
}

function ago(at) {
  const gone = (Date.now() - at.getTime()) / 1000;
  const [unit, size] = [["d", 86_400], ["h", 3_600], ["min", 60]].find(([, seconds]) => gone >= seconds) ?? [];
  return unit ? `for ${Math.floor(gone / size)} ${unit}` : "just now";
}

function localTimes() {
  for (const element of document.querySelectorAll("time[datetime]")) {
    if (element.getAttribute("datetime").length <= 10) continue;
    const at = new Date(element.getAttribute("datetime"));
    const text = words(at, element.dataset.as);
    if (element.textContent !== text) element.textContent = text;
    element.title = full.format(at);
  }
}

/** Times that are typed are those of the reader, as all times of the page are: they are sent as instants. */
function ownClock() {
  for (const input of document.querySelectorAll("input[data-instant]")) {
    const at = new Date(input.dataset.instant);
    if (!Number.isNaN(at.getTime())) input.value = new Date(at - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
    input.form.addEventListener("formdata", (event) => {
      const given = new Date(input.value);
      if (!Number.isNaN(given.getTime())) event.formData.set(input.name, given.toISOString());
    });
  }
}

const GO = { i: "/#inbox", b: "board", p: "/#projects", h: "/" };
let pending = "";

function typing(target) {
  return target.matches("input, select, textarea, [contenteditable]") || target.closest("dialog[open]");
}

function complete() {
  document.querySelector("form[data-complete]")?.requestSubmit(document.querySelector("form[data-complete] button.main"));
}

function goTo(place) {
  const target = place === "board" ? document.querySelector("[data-board-link]")?.href ?? "/#projects" : place;
  if (target) location.assign(target);
}

function onKey(event) {
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && document.querySelector("form[data-complete]")) {
    event.preventDefault();
    return complete();
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || typing(event.target)) return;
  const key = event.key.toLowerCase();
  if (pending === "g") {
    pending = "";
    if (GO[key]) goTo(GO[key]);
    return;
  }
  if (key === "g") { pending = "g"; setTimeout(() => { pending = ""; }, 1500); }
  else if (event.key === "?") document.getElementById("help").showModal();
  else if (key === "e") complete();
  else if ((key === "j" || key === "k") && !document.querySelector(".board")) walk(key === "j" ? 1 : -1);
}

function walk(by) {
  const places = [...document.querySelectorAll("main [data-walk]")];
  const at = places.indexOf(document.activeElement);
  places[Math.max(0, Math.min(places.length - 1, at + by))]?.focus();
}

document.addEventListener("keydown", onKey);
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details.menu[open]");
  if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
});
document.addEventListener("milepost:patched", localTimes);
document.addEventListener("milepost:fresh", localTimes);
live.start();
localTimes();
ownClock();
drafts.start();
forms.start();
board.start();
people.start();
document.documentElement.dataset.ready = "yes";
