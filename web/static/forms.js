// Sends forms without leaving the page, and says next to the form why a command was refused. Without this file they post plainly.
import { forget } from "./drafts.js";
import { csrf, refresh } from "./live.js";

/** Send a form's command to its address, or to `action`. Resolves to {ok, position, problem}. */
export async function send(form, extra = {}, action = form.action) {
  const filled = new FormData(form);
  for (const [name, value] of Object.entries(extra)) if (value) filled.set(name, value);
  const said = JSON.stringify([action, ...filled].map((pair) => (pair[1] instanceof File ? [pair[0], pair[1].name, pair[1].size] : pair)));
  if (!form.dataset.command || form.dataset.said !== said) {
    form.dataset.said = said;
    form.dataset.command = crypto.randomUUID();
  }
  filled.set("command", form.dataset.command);
  try {
    const answer = await post(form, filled, action);
    const told = await answer.json().catch(() => ({}));
    if (answer.status === 401) return { ok: false, problem: { detail: await signedOut() } };
    if (answer.ok) delete form.dataset.command;
    return answer.ok ? { ok: true, position: told.position, next: told.next } : { ok: false, problem: told };
  } catch {
    return { ok: false, problem: { says: "Milepost cannot be reached. Nothing is lost: try again in a moment." } };
  }
}

/** Post with the token of this session; where that is another one by now, once more with its own. */
async function post(form, filled, action, again = true) {
  filled.set("csrf", csrf());
  const body = form.enctype === "multipart/form-data" ? filled : new URLSearchParams(filled);
  const answer = await fetch(action, { method: "POST", body, headers: { Accept: "application/json" } });
  if (answer.status !== 403 || !again || (await answer.clone().json()).code !== "cross_site") return answer;
  await refresh();
  return post(form, filled, action, false);
}

async function signedOut() {
  await refresh();
  return "Your session has ended. Sign in again in another tab, then send this once more: what you typed is kept.";
}

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** The box at the head of a form: one sentence, a way to each field that is found on the page, and lines beside. */
export function problemBox(problem, form = null) {
  const box = element("div", "", { class: "problem", role: "alert", "data-mine": "" });
  const text = element("div", "");
  text.append(element("strong", problem.says ?? problem.detail ?? problem.title ?? "That did not work."));
  const list = element("ul");
  for (const one of problem.wrong ?? []) {
    const field = form && fieldOf(form, one.field);
    const line = element("li", field ? "" : `${one.title}: ${one.says}`);
    if (field) line.append(element("a", one.title, { href: `#${field.id}` }));
    list.append(line);
  }
  for (const line of problem.lines ?? []) list.append(element("li", line));
  if (list.children.length) text.append(list);
  if (problem.code === "content_changed") {
    const way = element("p");
    way.append(element("a", "Look at it as it is now", { href: location.href }));
    text.append(way);
  }
  box.append(text);
  return box;
}

const fieldOf = (form, key) => form.querySelector(`[data-field="${CSS.escape(key)}"]`);

/** Say at the head that something was refused, and at each field why. */
function show(form, problem) {
  calm(form);
  form.prepend(problemBox(problem, form));
  const wrong = (problem.wrong ?? []).map((one) => [fieldOf(form, one.field), one.says]).filter(([field]) => field);
  for (const [field, says] of wrong) {
    const told = element("p", says, { class: "field-problem", id: `${field.id}-wrong`, "data-mine": "" });
    (field.closest(".field") ?? field.parentElement).append(told);
    field.setAttribute("aria-invalid", "true");
    field.dataset.described = field.getAttribute("aria-describedby") ?? "";
    field.setAttribute("aria-describedby", `${field.dataset.described} ${told.id}`.trim());
  }
  wrong[0]?.[0].focus();
}

/** Take back what was said about a form. */
function calm(form) {
  form.querySelectorAll(".problem, .field-problem").forEach((old) => old.remove());
  for (const field of form.querySelectorAll("[aria-invalid]")) {
    field.removeAttribute("aria-invalid");
    if (field.dataset.described) field.setAttribute("aria-describedby", field.dataset.described);
    else field.removeAttribute("aria-describedby");
    delete field.dataset.described;
  }
}

async function onSubmit(event) {
  const form = event.target;
  if (!form.matches("form[data-command-form]")) return;
  event.preventDefault();
  const button = event.submitter;
  if (button?.getAttribute("aria-busy") === "true") return;
  button?.setAttribute("aria-busy", "true");
  const action = button?.hasAttribute("formaction") ? button.formAction : form.action;
  const sent = await send(form, button?.name ? { [button.name]: button.value } : {}, action);
  button?.removeAttribute("aria-busy");
  if (!sent.ok) return show(form, sent.problem);
  done(form);
  if (sent.next) return location.assign(`${sent.next}?min_position=${sent.position}`);
  await refresh(sent.position);
  if (form.isConnected && !form.querySelector("[data-typed]")) form.reset();
  announce("Done.");
}

function done(form) {
  calm(form);
  form.querySelectorAll("[data-typed]").forEach((input) => delete input.dataset.typed);
  forget(form);
  form.closest("details[open]")?.removeAttribute("open");
  form.closest(".sheet[data-mine]")?.remove();
  form.querySelectorAll("input[type=file]").forEach((input) => { input.value = ""; });
  if (form.hasAttribute("data-reset")) form.reset();
}

/** Tell a screen reader. */
export function announce(text) {
  document.getElementById("say").textContent = text;
}

function addRow(button) {
  const body = button.closest("[data-table]").querySelector("tbody");
  const row = body.lastElementChild.cloneNode(true);
  const count = body.children.length;
  row.querySelectorAll("[name]").forEach((input) => {
    input.name = input.name.replace(/:\d+:/, `:${count}:`);
    input.value = "";
    input.removeAttribute("id");
    input.dataset.typed = "1";
  });
  row.setAttribute("data-mine", "");
  body.append(row);
  row.querySelector("input, select")?.focus();
}

export function start() {
  document.addEventListener("submit", onSubmit);
  document.addEventListener("input", (event) => { if (event.target.matches("main input, main select, main textarea")) event.target.dataset.typed = "1"; });
  document.addEventListener("click", (event) => { const button = event.target.closest("[data-add-row]"); if (button) addRow(button); });
  document.addEventListener("toggle", (event) => {
    if (!event.target.matches?.("details.menu") || !event.target.open) return;
    document.querySelectorAll("details.menu[open]").forEach((other) => { if (other !== event.target) other.open = false; });
    event.target.querySelector(".sheet input:not([type=hidden]), .sheet select, .sheet textarea")?.focus();
  }, true);
  document.addEventListener("click", (event) => {
    document.querySelectorAll("details.menu[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
  });
}
