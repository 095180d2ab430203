// Inputs that find customers, tickets and people as one types (combobox of the ARIA authoring practices).

import { loadJson } from "./api.js";
import { nothingFound } from "./dialogs.js";

const PAUSE_MILLISECONDS = 150;
const LEAVE_MILLISECONDS = 250;
let counter = 0;

export function startLookups() {
  document.addEventListener("input", (event) => {
    const input = event.target;
    const box = input.closest?.("[data-lookup]");
    if (!box) return;
    hiddenOf(box).value = input.value;
    // What was offered for less is not for this: Enter must not choose from it.
    close(box);
    clearTimeout(box.pause);
    box.pause = setTimeout(() => find(box, input), PAUSE_MILLISECONDS);
  });
  document.addEventListener("focusin", (event) => {
    const box = event.target.closest?.("[data-lookup]");
    if (box && !event.target.value) find(box, event.target);
  });
  document.addEventListener("focusout", (event) => {
    const box = event.target.closest?.("[data-lookup]");
    // Later: what moves while a button is pressed is missed by the pointer.
    if (box) setTimeout(() => box.contains(document.activeElement) || close(box), LEAVE_MILLISECONDS);
  });
  document.addEventListener("keydown", (event) => {
    const box = event.target.closest?.("[data-lookup]");
    const list = box?.querySelector("[role=listbox]");
    if (list) move(event, box, list);
  });
}

const hiddenOf = (box) => box.querySelector("input[type=hidden]");

async function find(box, input) {
  const typed = input.value;
  const query = new URLSearchParams({ source: box.dataset.lookup, q: typed });
  let options;
  try {
    ({ options } = await loadJson(`/console/options?${query}`));
  } catch {
    return;
  }
  if (input.value !== typed || document.activeElement !== input) return;
  close(box);
  const list = document.createElement("ul");
  list.setAttribute("role", "listbox");
  list.className = "options";
  list.id = `options-${++counter}`;
  for (const [place, option] of options.entries()) {
    const item = document.createElement("li");
    item.setAttribute("role", "option");
    item.id = `${list.id}-${place}`;
    item.textContent = option.label;
    item.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      choose(box, option);
    });
    item.option = option;
    list.append(item);
  }
  if (!options.length) {
    const none = document.createElement("li");
    none.className = "options-none";
    none.textContent = nothingFound();
    list.append(none);
  }
  box.append(list);
  input.setAttribute("aria-expanded", "true");
  input.setAttribute("aria-controls", list.id);
}

function move(event, box, list) {
  const items = [...list.querySelectorAll("[role=option]")];
  const at = items.findIndex((each) => each.ariaSelected === "true");
  if (event.key === "Escape") {
    event.preventDefault();
    event.stopPropagation();
    close(box);
  } else if ((event.key === "Enter" || event.key === "Tab") && at >= 0) {
    if (event.key === "Enter") event.preventDefault();
    choose(box, items[at].option);
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    const next = items.at((at + (event.key === "ArrowDown" ? 1 : at < 0 ? 0 : -1)) % items.length);
    for (const each of items) each.ariaSelected = String(each === next);
    next?.scrollIntoView({ block: "nearest" });
    if (next) event.target.setAttribute("aria-activedescendant", next.id);
  }
}

function choose(box, option) {
  box.querySelector("[role=combobox]").value = option.label;
  hiddenOf(box).value = option.value;
  close(box);
}

function close(box) {
  const input = box.querySelector("[role=combobox]");
  box.querySelector("[role=listbox]")?.remove();
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
}
