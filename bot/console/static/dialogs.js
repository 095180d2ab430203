// The one dialog of a page: forms, previews, questions. Escape and the cross close it, the focus goes back.

import { elementOf, texts } from "./api.js";

const dialog = () => document.querySelector("[data-dialog]");
let origin = null;
let settle = null;

export function startDialogs() {
  for (const each of document.querySelectorAll("dialog")) {
    each.addEventListener("click", (event) => {
      if (event.target === each || event.target.closest("[data-close]")) each.close();
    });
  }
  dialog()?.addEventListener("close", () => {
    settle?.(false);
    settle = null;
    const back = origin?.isConnected ? origin : document.querySelector("[data-line]");
    back?.focus({ preventScroll: true });
  });
}

export function showDialog(heading, html, { returnTo = null } = {}) {
  const box = dialog();
  if (returnTo) origin = returnTo;
  box.querySelector("[data-dialog-title]").textContent = heading;
  const body = box.querySelector("[data-dialog-body]");
  body.replaceChildren(typeof html === "string" ? elementOf(html) : html);
  if (!box.open) box.showModal();
  const first = body.querySelector("input:not([type=hidden]), textarea, select") ?? body.querySelector("button, a");
  first?.focus();
}

export function closeDialog() {
  if (dialog()?.open) dialog().close();
}

// Asks before something is done; resolves to whether it shall be.
export function ask(heading, question) {
  return new Promise((resolve) => {
    const box = document.createElement("div");
    const text = document.createElement("p");
    text.textContent = question;
    const yes = document.createElement("button");
    yes.className = "button button-danger";
    yes.textContent = heading;
    yes.addEventListener("click", () => {
      settle = null;
      closeDialog();
      resolve(true);
    });
    box.className = "question";
    box.append(text, yes);
    settle?.(false);
    settle = resolve;
    showDialog(heading, box, { returnTo: document.activeElement });
  });
}

export function showHelp() {
  document.querySelector("[data-help-dialog]")?.showModal();
}

export const nothingFound = () => texts.nothing;
