// Changes a page into what the server says now: only where what it sent differs from what it sent before.
// What script and people did to the page since (dates in the reader's zone, typed text, open menus, focus) stays.
import { keep } from "./drafts.js";

const last = new WeakMap(); // node of the page -> the node that the server sent for it last; that one knows it as `live`
let byId = new Map();
let reused = new Set();

function link(live, sent) {
  sent.live = live;
  last.set(live, sent);
}

/** A tree that has just been put on the page, with the same tree as it was sent. */
function linkAll(live, sent) {
  link(live, sent);
  sent.childNodes.forEach((child, at) => linkAll(live.childNodes[at], child));
}

/** Nothing differs: what was sent now takes the place of what was sent before. */
function follow(was, to) {
  if (was.live) link(was.live, to);
  to.childNodes.forEach((child, at) => follow(was.childNodes[at], child));
}

/** Remember the page as it was sent; to be called before anything is changed in it. */
export function remember(root) {
  linkAll(root, root.cloneNode(true));
}

/** Change the page below `root` into `sent`; whether anything differed. */
export function patch(root, sent) {
  const was = last.get(root);
  if (was.isEqualNode(sent)) {
    follow(was, sent);
    return false;
  }
  byId = new Map([...was.querySelectorAll("[id]")].map((element) => [element.id, element]));
  reused = new Set();
  const gone = [];
  change(was, sent, gone);
  for (const old of gone) if (!reused.has(old)) leave(old.live);
  return true;
}

const isElement = (node) => node.nodeType === Node.ELEMENT_NODE;
const identity = (node) => (isElement(node) ? node.id || node.dataset.key || named(node) : null);
const alike = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName;

/** A form is the same as long as it asks for the same: what is typed for one command never becomes part of another. */
function named(node) {
  if (node.nodeName === "FORM") return `form ${node.getAttribute("action")}`;
  if (node.nodeName === "DETAILS") return node.querySelector("form") && `menu ${node.querySelector("form").getAttribute("action")}`;
  if (node.className === "field") return node.querySelector("[id]") && `field ${node.querySelector("[id]").id}`;
  return null;
}

function change(was, to, gone) {
  const { live } = was;
  if (was.isEqualNode(to)) return follow(was, to);
  link(live, to);
  if (!isElement(to)) {
    live.nodeValue = to.nodeValue;
    return undefined;
  }
  attributes(live, was, to);
  if (to.dataset.key && !to.matches("form, [data-quiet]")) mark(live);
  return children(live, was, to, gone);
}

function mark(element) {
  element.classList.add("changed");
  setTimeout(() => element.classList.remove("changed"), 1700);
}

/** Attributes that the server changed; those that script set stay. */
function attributes(live, was, to) {
  for (const { name } of was.attributes) if (!to.hasAttribute(name)) live.removeAttribute(name);
  for (const { name, value } of to.attributes) if (was.getAttribute(name) !== value) live.setAttribute(name, value);
  if (live.matches("input") && !live.dataset.typed && live !== document.activeElement) {
    if (live.type === "checkbox" || live.type === "radio") live.checked = to.hasAttribute("checked");
    else if (live.type !== "file") live.value = to.getAttribute("value") ?? "";
  }
}

/** For each node that is wanted the one that was there before, by its identity, else the next of its kind. */
function partners(was, to) {
  const keyed = new Map();
  const others = [];
  for (const child of was.childNodes) {
    const key = identity(child);
    if (!key) others.push(child);
    else if (keyed.has(key)) keyed.get(key).push(child);
    else keyed.set(key, [child]);
  }
  return [...to.childNodes].map((wanted) => {
    const key = identity(wanted);
    if (key) return keyed.get(key)?.shift() ?? (wanted.id ? byId.get(wanted.id) : null);
    const at = others.findIndex((other) => alike(other, wanted));
    return at < 0 ? null : others.splice(0, at + 1)[at];
  });
}

function children(live, was, to, gone) {
  const before = partners(was, to);
  const kept = new Set(before);
  gone.push(...[...was.childNodes].filter((old) => !kept.has(old)));
  const made = [...to.childNodes].map((wanted, at) => {
    const old = before[at];
    if (!old?.live || !alike(old, wanted) || reused.has(old)) return insert(wanted);
    reused.add(old);
    change(old, wanted, gone);
    return old.live;
  });
  const ours = new Set(made);
  let place = live.firstChild;
  for (const node of made) {
    while (place && !ours.has(place)) place = place.nextSibling;
    if (node === place) place = place.nextSibling;
    else live.insertBefore(node, place);
  }
}

function insert(wanted) {
  const made = document.importNode(wanted, true);
  linkAll(made, wanted);
  if (isElement(made) && made.dataset.key) mark(made);
  return made;
}

/** What is not wanted any more goes; what somebody typed in it is kept for them. */
function leave(live) {
  if (!live?.isConnected) return;
  if (isElement(live)) keep(live);
  live.remove();
}
