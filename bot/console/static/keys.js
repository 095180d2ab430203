// The keyboard: / to type, j and k through what is listed, Enter to open, g and a letter to go, ? for help.

import { showHelp } from "./dialogs.js";

const PLACES = { c: "/console", t: "/console/tickets", q: "/console/quarantine", a: "/console/account" };
const CHORD_MILLISECONDS = 1200;
let chordAt = 0;

export function startKeys() {
  const help = document.querySelector("[data-help]");
  if (help) {
    help.hidden = false;
    help.addEventListener("click", showHelp);
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const isTyping = event.target.matches("input, textarea, select");
    if (event.key === "Escape" && isTyping && !event.target.closest("dialog")) event.target.blur();
    if (isTyping || document.querySelector("dialog[open]")) return;
    if (event.timeStamp - chordAt < CHORD_MILLISECONDS && PLACES[event.key]) {
      location.assign(PLACES[event.key]);
    } else if (event.key === "g") {
      chordAt = event.timeStamp;
      return;
    } else {
      act(event);
    }
    chordAt = 0;
  });
}

function act(event) {
  if (event.key === "/") {
    event.preventDefault();
    (document.querySelector("[data-slash-first]") ?? document.querySelector("[data-slash]"))?.focus();
  } else if (event.key === "?") {
    event.preventDefault();
    showHelp();
  } else if (event.key === "j" || event.key === "k") {
    step(event.key === "j" ? 1 : -1);
  } else if (event.key === "Enter" && event.target.matches("[data-item]")) {
    event.target.querySelector("a[href]")?.click();
  } else if (event.key === "r" || event.key === "n") {
    write(event, event.key === "r" ? "reply" : "note");
  }
}

function step(by) {
  const items = [...document.querySelectorAll("[data-item]")].filter((each) => each.offsetParent);
  if (!items.length) return;
  const at = items.findIndex((each) => each.contains(document.activeElement));
  const next = items[at < 0 ? (by > 0 ? 0 : items.length - 1) : Math.min(Math.max(at + by, 0), items.length - 1)];
  if (!next.hasAttribute("tabindex")) next.tabIndex = -1;
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

function write(event, kind) {
  const field = document.querySelector(`[data-write-form=${kind}] textarea`);
  if (!field) return;
  event.preventDefault();
  showWriting(kind);
  field.focus();
}

export function showWriting(kind) {
  for (const form of document.querySelectorAll("[data-write-form]")) form.hidden = form.dataset.writeForm !== kind;
  for (const tab of document.querySelectorAll("[data-write]")) tab.ariaPressed = String(tab.dataset.write === kind);
}
