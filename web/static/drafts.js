// Nothing that somebody typed is lost: it is kept in this browser until it was sent, and offered again.
const DAYS = 7;
const WAIT = 300;
const KEPT = "input:not([type=hidden]):not([type=file]):not([type=password]):not([type=checkbox]):not([type=radio]), select, textarea";

const person = () => document.querySelector("meta[name=milepost-person]")?.content ?? "";
const prefix = () => `milepost draft ${person()} `;
const keyOf = (form) => prefix() + new URL(form.action).pathname;
const isTyped = (input) => input.dataset.typed && input.name && input.value.trim();
const typedIn = (element) => [...element.querySelectorAll(KEPT)].filter(isTyped);
/** What is sensitive stays on the page only. */
const storedOf = (form) => typedIn(form).filter((input) => !input.closest(".field")?.querySelector("[data-sensitive]"));
let timer = 0;

/** What the browser keeps; nothing where it keeps nothing for us, or has no room: the page works all the same. */
function kept(act) {
  try {
    return act(localStorage);
  } catch {
    return null;
  }
}

function element(name, text = "", attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function labelOf(input) {
  const label = input.labels?.[0]?.firstChild?.textContent ?? input.getAttribute("aria-label") ?? input.placeholder;
  return label.trim() || input.name;
}

/** Whether somebody has typed something on this page that was not sent. */
export const anythingTyped = () => document.querySelector("main") !== null && typedIn(document.querySelector("main")).length > 0;

const said = (input) => ({ name: input.name, label: labelOf(input), value: input.value });

function storeOf(form) {
  const fields = storedOf(form).map(said);
  if (fields.length) kept((store) => store.setItem(keyOf(form), JSON.stringify({ at: Date.now(), fields })));
  else if (form.dataset.drafted) drop(keyOf(form));
  if (fields.length) form.dataset.drafted = "yes";
}

const store = () => document.querySelectorAll("main form[data-command-form]").forEach(storeOf);

const read = (key) => kept((store) => JSON.parse(store.getItem(key)));
const drop = (key) => kept((store) => store.removeItem(key));
const keys = () => (kept(Object.keys) ?? []).filter((key) => key.startsWith("milepost draft "));

function prune() {
  for (const key of keys()) if (!(read(key)?.at > Date.now() - DAYS * 86_400_000)) drop(key);
}

/** It was sent: it need not be kept any more. */
export function forget(form) {
  delete form.dataset.drafted;
  drop(keyOf(form));
  form.querySelectorAll("[data-draft]").forEach((box) => box.remove());
}

function button(text, act) {
  const made = element("button", text, { type: "button", class: "slim" });
  made.addEventListener("click", act);
  return made;
}

/** Show what was typed once, to be read and copied. */
function box(said, fields, buttons) {
  const made = element("div", "", { class: "waits", "data-mine": "", "data-draft": "", role: "status" });
  made.append(element("p", said));
  for (const { label, value } of fields) {
    const line = element("label", label);
    const text = element("textarea", value, { readonly: "" });
    line.append(text);
    made.append(line, button(`Copy ${label}`, () => copy(text)));
  }
  const row = element("div", "", { class: "row wrap" });
  row.append(...buttons(made));
  made.append(row);
  return made;
}

function copy(text) {
  text.select();
  if (navigator.clipboard) navigator.clipboard.writeText(text.value);
  else document.execCommand("copy");
}

const away = (key) => (made) => [button("Throw it away", () => { drop(key); made.remove(); })];

/** A part of the page goes: what was typed in it stays, here to be copied and for after a reload. */
export function keep(gone) {
  const inputs = [...(gone.matches(KEPT) ? [gone] : []), ...gone.querySelectorAll(KEPT)].filter(isTyped);
  const forms = new Set(inputs.map((input) => input.form).filter(Boolean));
  forms.forEach(storeOf);
  for (const form of forms) {
    const fields = inputs.filter((input) => input.form === form).map(said);
    document.querySelector("main").prepend(box("This was changed meanwhile. What you typed was not sent:", fields, away(keyOf(form))));
  }
}

function putBack(form, fields) {
  for (const { name, value } of fields) {
    const input = form.querySelector(`[name="${CSS.escape(name)}"]`);
    if (!input) continue;
    input.value = value;
    input.dataset.typed = "1";
  }
}

/** Offer what was typed on this page and never sent, in its form, or on its own where there is no such form any more. */
export function offer() {
  prune();
  const forms = new Map([...document.querySelectorAll("main form[data-command-form]")].map((form) => [keyOf(form), form]));
  const here = prefix() + location.pathname;
  for (const key of keys()) {
    const form = forms.get(key);
    const draft = read(key);
    if (!draft || !(form || key === here || key.startsWith(`${here}/`))) continue;
    if (!form) document.querySelector("main").prepend(box("You typed this here and never sent it:", draft.fields, away(key)));
    else form.prepend(box("You typed this and never sent it:", draft.fields, (made) => [
      button("Put it back", () => { putBack(form, draft.fields); made.remove(); }), ...away(key)(made),
    ]));
  }
}

/** Begin to keep what is typed. */
export function start() {
  document.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(store, WAIT); });
  addEventListener("pagehide", store);
  document.addEventListener("visibilitychange", () => { if (document.hidden) store(); });
  document.addEventListener("submit", (event) => {
    if (new URL(event.target.action).pathname !== "/sign-out") return;
    keys().forEach(drop);
  });
}
