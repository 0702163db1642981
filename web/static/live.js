// Keeps a page current: hears which runs, tasks and projects changed, asks for the page's parts again, patches what differs.
const parser = new DOMParser();
let source = null;
let running = false;
let again = false;
let seen = 0;

const root = () => document.querySelector("main");
const badge = () => document.getElementById("as-of");

/** Patch `from` until it equals `to`. Elements with an id or a data-key keep their identity, and so focus and scroll. */
export function patch(from, to) {
  if (from.isEqualNode(to)) return;
  if (from.nodeType !== to.nodeType || from.nodeName !== to.nodeName) {
    from.replaceWith(to.cloneNode(true));
    return;
  }
  if (from.nodeType !== Node.ELEMENT_NODE) {
    if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
    return;
  }
  if (from.dataset.key && from.dataset.key === to.dataset.key && !from.matches("form, [data-quiet]")) mark(from);
  attributes(from, to);
  if (from.matches("select") && (from === document.activeElement || from.dataset.typed)) return;
  children(from, to);
}

function mark(element) {
  element.classList.add("changed");
  setTimeout(() => element.classList.remove("changed"), 1700);
}

const KEPT = new Set(["open", "tabindex", "aria-busy"]);

function attributes(from, to) {
  for (const { name } of [...from.attributes]) {
    if (!to.hasAttribute(name) && !KEPT.has(name) && name !== "data-typed" && name !== "aria-invalid") from.removeAttribute(name);
  }
  for (const { name, value } of [...to.attributes]) {
    if (KEPT.has(name) || (name === "class" && (from.getAttribute("class") ?? "").replace(" changed", "") === value)) continue;
    if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
  if (from.matches("input, textarea") && !from.dataset.typed && from !== document.activeElement) {
    if (from.type === "checkbox" || from.type === "radio") from.checked = to.hasAttribute("checked");
    else from.value = to.matches("textarea") ? to.textContent : (to.getAttribute("value") ?? "");
  }
}

const identity = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.id || node.dataset.key || null : null);

function children(from, to) {
  const known = new Map();
  for (const child of from.childNodes) if (identity(child)) known.set(identity(child), child);
  let place = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    const key = identity(wanted);
    let mine = key ? known.get(key) : place;
    if (!key && place && identity(place)) mine = null;
    if (!mine) {
      const made = document.importNode(wanted, true);
      from.insertBefore(made, place);
      if (key && made.dataset?.key) mark(made);
      continue;
    }
    if (mine === place) place = place.nextSibling;
    else from.insertBefore(mine, place);
    patch(mine, wanted);
  }
  while (place) {
    const next = place.nextSibling;
    if (!(place.nodeType === Node.ELEMENT_NODE && place.hasAttribute("data-mine"))) place.remove();
    place = next;
  }
}

/** Ask for this page's parts again; with a position the answer is at least that new. Requests never overlap. */
export async function refresh(position = 0, address = location.href) {
  seen = Math.max(seen, position);
  if (running) {
    again = true;
    return;
  }
  running = true;
  try {
    do {
      again = false;
      await fetchParts(address);
    } while (again);
  } finally {
    running = false;
  }
}

async function fetchParts(address) {
  const url = new URL(address);
  if (seen) url.searchParams.set("min_position", seen);
  const answer = await fetch(url, { headers: { "Milepost-Fragment": "1", Accept: "text/html" } });
  if (answer.status === 401) location.reload();
  if (!answer.ok || document.body.classList.contains("dragging")) return;
  const page = parser.parseFromString(await answer.text(), "text/html");
  const focused = document.activeElement;
  if (page.title) document.title = page.title;
  patch(root(), page.querySelector("main"));
  patch(badge(), page.getElementById("as-of"));
  if (focused && focused !== document.activeElement && document.contains(focused)) focused.focus({ preventScroll: true });
  document.dispatchEvent(new CustomEvent("milepost:patched"));
}

function concerns(change) {
  const { runs = "", project = "", live = "" } = root().dataset;
  if (change.everything || live === "all") return true;
  return (runs && change.runs.some((id) => runs.includes(id))) || (project && change.projects.includes(project));
}

function link(state) {
  const element = badge();
  element.dataset.link = state;
  element.querySelector("[data-link-text]").textContent = state === "away" ? " · reconnecting…" : "";
}

function listen() {
  source?.close();
  source = new EventSource(`/v1/changes?after=${root().dataset.position}`);
  source.addEventListener("open", () => link("here"));
  source.addEventListener("error", () => {
    link("away");
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  });
  source.addEventListener("changed", (event) => {
    const change = JSON.parse(event.data);
    if (concerns(change)) refresh(change.position);
  });
}

/** Begin, when the page is of the live kind. */
export function start() {
  if (!root()?.dataset.live) return;
  listen();
  addEventListener("pagehide", () => source?.close());
  addEventListener("pageshow", (event) => event.persisted && listen());
}
