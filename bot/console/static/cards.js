// Cards: their buttons and forms go to the desk, and its answer is shown where it was asked for.

import { elementOf, load, newKey, send, texts, toast } from "./api.js";
import { ask, closeDialog, showDialog } from "./dialogs.js";
import { refresh, remember } from "./refreshing.js";

const keys = new Map();
const busy = new WeakSet();

export function startCards() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-card-form]")) return;
    event.preventDefault();
    const button = event.submitter ?? form.querySelector("button[name=value]");
    if (button && !busy.has(form)) press(form, button);
  });
  document.addEventListener(
    "toggle",
    (event) => {
      const details = event.target;
      if (!(details instanceof HTMLDetailsElement) || !details.open) return;
      if (details.dataset.html) showMail(details);
      if (details.dataset.cardSource) showCard(details);
      if (details.matches(".card-more")) closeOtherMenus(details);
    },
    true,
  );
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll(".card-more[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
}

async function press(form, button) {
  const fields = new FormData(form, button);
  fields.set("value", button.value);
  button.closest(".card-more")?.removeAttribute("open");
  if (button.dataset.confirm && !(await ask(button.textContent, button.dataset.confirm))) return;
  // One attempt has one key, however often it is sent: only an answer ends it.
  const attempt = [...fields].filter(([name]) => name !== "key").map((pair) => pair.join("=")).join("&");
  if (!keys.has(attempt)) keys.set(attempt, newKey());
  fields.set("key", keys.get(attempt));
  mark(form, button, true);
  try {
    if (button.hasAttribute("data-opens-form")) {
      const opened = await send("/console/form", fields);
      showDialog(opened.heading, opened.html, { returnTo: button });
    } else {
      const answer = await send("/console/press", fields);
      showAnswer(answer, form, button);
    }
    keys.delete(attempt);
  } catch (error) {
    if (error.status) keys.delete(attempt);
    if (error.problems) showProblems(form, error.problems);
    else toast(error.message, "danger");
  } finally {
    mark(form, button, false);
  }
}

function mark(form, button, isBusy) {
  if (isBusy) busy.add(form);
  else busy.delete(form);
  form.setAttribute("aria-busy", String(isBusy));
  button.classList.toggle("is-working", isBusy);
}

const isRefusal = (answer) => !answer.view && ["warning", "danger"].includes(answer.tone);

function showAnswer(answer, form, button) {
  if (isRefusal(answer) && form.closest("dialog")) {
    // What was put in stays there to be mended.
    showProblems(form, { "": answer.summary });
    return;
  }
  const isOnPage = new FormData(form).get("on") === "page";
  if (isOnPage) showOnPage(answer, form, button);
  else {
    closeDialog();
    document.dispatchEvent(new CustomEvent("answered", { detail: answer }));
  }
}

function showOnPage(answer, form, button) {
  const page = document.querySelector("[data-ticket]");
  const view = document.querySelector("[data-view]");
  if (button.dataset.command === "new" && answer.view === "ticket") {
    location.assign(`/console/tickets/${encodeURIComponent(answer.ticket)}`);
    return;
  }
  const isHere = answer.view === "ticket" && page?.dataset.ticket === answer.ticket;
  if (!answer.html || isHere || !answer.is_dialog) {
    closeDialog();
    toast(answer.summary || texts.done, isRefusal(answer) ? "danger" : "good");
    refresh();
  } else if (view && answer.view === view.dataset.view) {
    closeDialog();
    view.replaceChildren(elementOf(answer.html));
    remember(view.parentElement);
    view.querySelector(".card-heading")?.scrollIntoView({ block: "nearest" });
  } else {
    showDialog(answer.heading, answer.html, { returnTo: form.closest("dialog") ? null : button });
    refresh();
  }
  if (form.dataset.writeForm && answer.view !== "reply_preview") form.reset();
  else if (form.dataset.writeForm) form.dataset.isPreviewed = "1";
  if (button.dataset.command === "send") {
    for (const each of document.querySelectorAll("[data-is-previewed]")) {
      each.reset();
      delete each.dataset.isPreviewed;
    }
  }
}

function showProblems(form, problems) {
  for (const old of form.querySelectorAll(".field-error")) old.remove();
  for (const old of form.querySelectorAll("[aria-invalid]")) old.removeAttribute("aria-invalid");
  let first = null;
  for (const [name, text] of Object.entries(problems)) {
    const named = form.elements.namedItem(name);
    const control = named?.type === "hidden" ? named.closest("[data-lookup]")?.querySelector("input") : named;
    const note = document.createElement("span");
    note.className = "field-error";
    note.id = `problem-${name}`;
    note.textContent = text;
    if (!control?.setAttribute) {
      note.setAttribute("role", "alert");
      form.prepend(note);
      continue;
    }
    control.setAttribute("aria-invalid", "true");
    control.setAttribute("aria-describedby", note.id);
    (control.closest(".field") ?? control).append(note);
    first ??= control;
  }
  first?.focus();
}

function closeOtherMenus(opened) {
  for (const menu of document.querySelectorAll(".card-more[open]")) if (menu !== opened) menu.open = false;
}

function showMail(details) {
  if (details.querySelector("iframe")) return;
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "allow-popups allow-popups-to-escape-sandbox");
  frame.title = details.querySelector("summary").textContent;
  frame.src = details.dataset.html;
  details.append(frame);
}

async function showCard(details) {
  if (details.querySelector("[data-card]")) return;
  try {
    details.append(elementOf(await load(details.dataset.cardSource)));
  } catch (error) {
    toast(error.message, "danger");
    details.open = false;
  }
}
