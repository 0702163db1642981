// Moves cards: with the mouse or a finger, with the keyboard, always as one command; refused, the card goes back and says why.
import { announce, problemBox, send } from "./forms.js";
import { refresh, settle } from "./live.js";
import { parsed } from "./trusted.js";

const FAR = 6;
let drag = null;
let picked = null;
let moving = false;

const cardOf = (target) => target.closest?.(".card");
const columnOf = (card) => card.closest(".column");
const cardsIn = (column) => [...column.querySelectorAll(".card:not(.ghost)")];
const columns = () => [...document.querySelectorAll(".board .column")];

function toast(content, good = false) {
  document.querySelectorAll(".toast").forEach((old) => old.remove());
  const box = document.createElement("div");
  box.className = good ? "toast good" : "toast";
  box.append(content);
  const row = document.createElement("div");
  row.className = "row";
  const close = document.createElement("button");
  close.type = "button";
  close.className = "slim";
  close.textContent = "Close";
  close.addEventListener("click", () => box.remove());
  row.append(close);
  box.append(row);
  document.body.append(box);
}

/** The ranks of the cards above and below the place where the card stands now, itself left out. */
function neighbours(card) {
  const ranked = cardsIn(columnOf(card)).filter((other) => other === card || other.dataset.rank);
  const at = ranked.indexOf(card);
  return { after: ranked[at - 1]?.dataset.rank, before: ranked[at + 1]?.dataset.rank };
}

function placeOf(card) {
  return { parent: card.parentElement, next: card.nextElementSibling };
}

async function drop(card, origin) {
  const column = columnOf(card);
  if (card.parentElement === origin.parent && card.nextElementSibling === origin.next) return settle();
  const { after, before } = neighbours(card);
  const sent = await move(card, { stage: column.dataset.stage, after, before, ends_at: "given" });
  if (!sent.ok) {
    putBack(card, origin);
    const box = problemBox(sent.problem);
    toast(box);
    if (sent.problem.code === "stage_has_open_steps") box.after(anyway(card, column.dataset.stage));
    announce(`Not moved. ${sent.problem.detail ?? ""}`);
    card.focus({ preventScroll: true });
    return settle();
  }
  announce(`${card.dataset.name} is in ${column.dataset.title} now.`);
  await refresh(sent.position);
}

/** One form of the page sends every move: where to, and which version of the card was seen. */
function move(card, values) {
  const { kind, version } = card.dataset;
  return send(document.getElementById("move"), { ...values, expected_version: version }, `/${kind}s/${card.id.slice(1)}/move`);
}

function putBack(card, origin) {
  origin.parent.insertBefore(card, origin.next?.parentElement === origin.parent ? origin.next : null);
}

/** The way around a refusal: show the run in that stage all the same, with a reason that everybody can read. */
function anyway(card, stage) {
  const asking = document.createElement("form");
  asking.className = "row";
  const reason = document.createElement("input");
  reason.required = true;
  reason.placeholder = "Why show it there anyway?";
  reason.setAttribute("aria-label", reason.placeholder);
  const button = document.createElement("button");
  button.textContent = "Move anyway";
  button.className = "slim nowrap";
  asking.append(reason, button);
  asking.addEventListener("submit", async (event) => {
    event.preventDefault();
    const sent = await move(card, { stage, reason: reason.value });
    if (!sent.ok) return asking.before(problemBox(sent.problem));
    asking.closest(".toast").remove();
    await refresh(sent.position);
  });
  return asking;
}

/* mouse and touch */
function onDown(event) {
  const card = cardOf(event.target);
  if (!card?.dataset.draggable || event.button !== 0 || event.pointerType === "touch") return;
  if (event.target.closest("a, button, input, select, textarea, summary, .sheet")) return;
  drag = { card, x: event.clientX, y: event.clientY, origin: placeOf(card), ghost: null };
}

function lift(event) {
  const { card } = drag;
  const box = card.getBoundingClientRect();
  const ghost = card.cloneNode(true);
  ghost.classList.add("ghost");
  ghost.removeAttribute("id");
  ghost.removeAttribute("data-key");
  ghost.style.width = `${box.width}px`;
  document.body.append(ghost);
  card.classList.add("lifted");
  document.body.classList.add("dragging");
  Object.assign(drag, { ghost, dx: event.clientX - box.left, dy: event.clientY - box.top });
}

function onMove(event) {
  if (!drag) return;
  if (event.buttons === 0) return onCancel(); // it was let go where nobody could see it
  if (!drag.ghost && Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < FAR) return;
  if (!drag.ghost) lift(event);
  event.preventDefault();
  drag.ghost.style.left = `${event.clientX - drag.dx}px`;
  drag.ghost.style.top = `${event.clientY - drag.dy}px`;
  const column = document.elementFromPoint(event.clientX, event.clientY)?.closest(".column");
  columns().forEach((other) => other.classList.toggle("target", other === column));
  if (!column) return;
  const below = cardsIn(column).find((other) => {
    const box = other.getBoundingClientRect();
    return other !== drag.card && event.clientY < box.top + box.height / 2;
  });
  const list = column.querySelector(".cards");
  if (drag.card.parentElement !== list || drag.card.nextElementSibling !== (below ?? null)) list.insertBefore(drag.card, below ?? null);
}

function land() {
  const { card, ghost } = drag;
  ghost?.remove();
  card.classList.remove("lifted");
  document.body.classList.remove("dragging");
  columns().forEach((column) => column.classList.remove("target"));
}

function onUp() {
  if (!drag) return;
  const { card, origin, ghost } = drag;
  land();
  drag = null;
  if (ghost) drop(card, origin);
  else settle();
}

function onCancel() {
  if (!drag) return;
  putBack(drag.card, drag.origin);
  land();
  drag = null;
  settle();
}

/* keyboard */
function focusCard(card) {
  if (!card) return;
  rove(card);
  card.focus();
  card.scrollIntoView({ block: "nearest", inline: "nearest" });
}

/** One card of the board is in the order of the Tab key, with what is on it; the keys of the board lead to the others. */
function rove(given = null) {
  const chosen = given ?? document.querySelector(".board .card[data-roves][tabindex='0']") ?? document.querySelector(".board .card");
  for (const card of document.querySelectorAll(".board .card")) {
    const place = card === chosen ? 0 : -1;
    if (card.tabIndex === place && card.dataset.roves) continue;
    card.dataset.roves = "yes";
    for (const element of [card, ...card.querySelectorAll(":scope > .row a")]) element.tabIndex = place;
  }
}

function sideways(card, by) {
  const all = columns();
  for (let at = all.indexOf(columnOf(card)) + by; all[at]; at += by) {
    const cards = cardsIn(all[at]);
    if (cards.length) return cards[Math.min(cards.length - 1, cardsIn(columnOf(card)).indexOf(card))];
  }
  return null;
}

function walkTo(card, key) {
  const cards = cardsIn(columnOf(card));
  const at = cards.indexOf(card);
  if (key === "down") return cards[at + 1];
  if (key === "up") return cards[at - 1];
  return sideways(card, key === "right" ? 1 : -1);
}

function shift(card, key) {
  const list = card.parentElement;
  moving = true;
  if (key === "up" && card.previousElementSibling) list.insertBefore(card, card.previousElementSibling);
  if (key === "down" && card.nextElementSibling) list.insertBefore(card.nextElementSibling, card);
  if (key === "left" || key === "right") {
    const all = columns();
    const column = all[all.indexOf(columnOf(card)) + (key === "right" ? 1 : -1)];
    column?.querySelector(".cards").append(card);
  }
  card.focus();
  moving = false;
  card.scrollIntoView({ block: "nearest", inline: "nearest" });
  const place = cardsIn(columnOf(card));
  announce(`${columnOf(card).dataset.title}, ${place.indexOf(card) + 1} of ${place.length}`);
}

const WAYS = { ArrowDown: "down", j: "down", ArrowUp: "up", k: "up", ArrowLeft: "left", h: "left", ArrowRight: "right", l: "right" };

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("form, details, dialog, a")) return;
  const card = cardOf(event.target);
  const way = WAYS[event.key];
  if (!card && way && event.target === document.body && document.querySelector(".board")) {
    event.preventDefault();
    return focusCard(document.querySelector(".board .card"));
  }
  if (!card || card !== event.target) return;
  if (picked) return carry(event, card, way);
  if (way) { event.preventDefault(); focusCard(walkTo(card, way)); }
  else if (event.key === "Enter") { event.preventDefault(); open(card); }
  else if (event.key === " " && card.dataset.draggable) { event.preventDefault(); pick(card); }
  else if (event.key.toLowerCase() === "m") { event.preventDefault(); openMenu(card.querySelector("[data-menu]")); }
}

function open(card) {
  const place = card.querySelector("a.name");
  if (place) location.assign(place.href);
}

/* the menu of a card: what the server says can be done with it now */
async function openMenu(link) {
  if (!link) return;
  const card = cardOf(link);
  const open = card.querySelector(".sheet[data-mine]");
  closeMenus();
  if (open) return;
  const answer = await fetch(link.href, { headers: { "Milepost-Fragment": "1", Accept: "text/html" } }).catch(() => null);
  const found = answer?.ok ? parsed(await answer.text()).getElementById("card-menu") : null;
  if (!found) {
    location.assign(link.href);
    return;
  }
  const sheet = document.createElement("div");
  sheet.className = "sheet";
  sheet.dataset.mine = "";
  sheet.append(...found.childNodes);
  card.append(sheet);
  link.setAttribute("aria-expanded", "true");
  sheet.querySelector("button, input:not([type=hidden]), select")?.focus();
}

function closeMenus() {
  for (const sheet of document.querySelectorAll(".card .sheet[data-mine]")) {
    const link = cardOf(sheet).querySelector("[data-menu]");
    link.removeAttribute("aria-expanded");
    const had = sheet.contains(document.activeElement);
    sheet.remove();
    if (had) link.focus();
  }
}

function onClick(event) {
  const link = event.target.closest?.("a[data-menu]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    openMenu(link);
  } else if (!event.target.closest?.(".card .sheet")) closeMenus();
}

function pick(card) {
  picked = { card, origin: placeOf(card) };
  card.classList.add("picked");
  document.body.classList.add("dragging");
  announce(`${card.dataset.name} is picked up. Arrows move it, Space puts it down, Escape puts it back.`);
}

function carry(event, card, way) {
  if (way) { event.preventDefault(); return shift(card, way); }
  if (event.key !== " " && event.key !== "Enter" && event.key !== "Escape") return undefined;
  event.preventDefault();
  event.stopPropagation();
  if (event.key === "Escape") return unpick(true);
  const { origin } = picked;
  letGo(card);
  return drop(card, origin);
}

function letGo(card) {
  picked = null;
  card.classList.remove("picked");
  document.body.classList.remove("dragging");
}

/** A card that is not put down goes back to where it was. */
function unpick(focus) {
  const { card, origin } = picked;
  letGo(card);
  moving = true;
  putBack(card, origin);
  if (focus) card.focus();
  moving = false;
  announce("Put back.");
  settle();
}

function onFocusOut(event) {
  if (picked && !moving && event.target === picked.card) unpick(false);
}

function onEscape(event) {
  if (event.key === "Escape") closeMenus();
}

/** Begin, when there is a board on this page. */
export function start() {
  if (!document.querySelector(".board")) return;
  document.addEventListener("pointerdown", onDown);
  document.addEventListener("pointermove", onMove);
  document.addEventListener("pointerup", onUp);
  document.addEventListener("pointercancel", onCancel);
  document.addEventListener("keydown", onKey);
  document.addEventListener("keydown", onEscape);
  document.addEventListener("focusout", onFocusOut);
  document.addEventListener("click", onClick);
  document.addEventListener("milepost:patched", () => rove());
  addEventListener("blur", onCancel);
  rove();
}
