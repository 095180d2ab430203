// Brings what is shown up to date: the page is asked for again, and only what differs is put in its place.

import { elementOf, load } from "./api.js";

const PRESS_MILLISECONDS = 2000;
const known = new WeakMap();

const signatureOf = (element) => element.outerHTML.replace(/name="key" value="[^"]*"/g, 'name="key"');

export function remember(root = document) {
  const parts = root.querySelectorAll("[data-live], [data-live-list] > [id]");
  for (const part of parts) known.set(part, signatureOf(part));
}

const isBeingTyped = (element) => {
  const active = document.activeElement;
  return element.contains(active) && active.matches("input:not([type=hidden]), textarea, select");
};

let isPressed = false;
addEventListener("pointerdown", () => (isPressed = true), true);
for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => setTimeout(() => (isPressed = false)), true);

// What changed under a pressed button would swallow the click.
async function released() {
  for (let waited = 0; isPressed && waited < PRESS_MILLISECONDS; waited += 30) {
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

// Puts `fresh` in the place of `old`; what has the focus or is unfolded stays so.
export function swap(old, fresh) {
  const signature = signatureOf(fresh);
  if (known.get(old) === signature || isBeingTyped(old)) return old;
  const active = old.contains(document.activeElement) ? document.activeElement : null;
  const opened = [...old.querySelectorAll("details")].map((each) => each.open);
  old.replaceWith(fresh);
  known.set(fresh, signature);
  fresh.querySelectorAll("details").forEach((each, place) => {
    if (opened[place]) each.open = true;
  });
  if (active === old) fresh.focus({ preventScroll: true });
  else if (active) {
    const same = [...fresh.querySelectorAll("button, a, summary")];
    (same.find((each) => each.textContent === active.textContent) ?? same[0])?.focus({ preventScroll: true });
  }
  fresh.classList.add("changed");
  return fresh;
}

// The children of a list by their ids: new ones come in where they belong, others change in place.
export function reconcile(list, fresh, { keeps = false } = {}) {
  const wanted = [...fresh.children].filter((each) => each.id);
  const ids = new Set(wanted.map((each) => each.id));
  if (!keeps) {
    for (const child of [...list.children]) if (!ids.has(child.id)) child.remove();
  }
  let next = null;
  for (const each of wanted.reverse()) {
    const here = document.getElementById(each.id) ?? provisionalOf(list, each);
    if (!here || !list.contains(here)) {
      bringIn(list, each, next);
      next = each;
      continue;
    }
    const place = swap(here, each);
    if (!keeps && place.nextElementSibling !== next) list.insertBefore(place, next);
    next = place;
  }
}

// What was shown already, before it had its id.
function provisionalOf(list, fresh) {
  const { key } = fresh.dataset;
  const kind = fresh.classList.contains("entry-said") ? ".entry-said" : ".entry-card";
  return key ? list.querySelector(`${kind}[data-provisional][data-key="${CSS.escape(key)}"]`) : null;
}

function bringIn(list, fresh, next) {
  known.set(fresh, signatureOf(fresh));
  fresh.classList.add("changed");
  list.insertBefore(fresh, next);
}

let running = null;
let isWanted = false;

export function refresh() {
  isWanted = true;
  running ??= run().finally(() => (running = null));
  return running;
}

async function run() {
  while (isWanted) {
    isWanted = false;
    let text;
    try {
      text = await load(location.href);
    } catch {
      return;
    }
    await released();
    const page = new DOMParser().parseFromString(text, "text/html");
    for (const part of page.querySelectorAll("[data-live][id]")) {
      const here = document.getElementById(part.id);
      if (here) swap(here, document.importNode(part, true));
    }
    for (const list of page.querySelectorAll("[data-live-list][id]")) {
      const here = document.getElementById(list.id);
      const keeps = list.dataset.liveList === "entries";
      if (here) reconcile(here, document.importNode(list, true), { keeps });
    }
    document.dispatchEvent(new CustomEvent("refreshed"));
  }
}

export async function refreshEntry(id, listId) {
  const list = document.getElementById(listId);
  if (!list) return null;
  let fresh;
  try {
    fresh = elementOf(await load(`/console/entries/${id}`));
  } catch (error) {
    if (error.status === 404) document.getElementById(`entry-${id}`)?.remove();
    return null;
  }
  await released();
  const old = document.getElementById(`entry-${id}`) ?? provisionalOf(list, fresh);
  if (old) return swap(old, fresh);
  bringIn(list, fresh, listId === "desk" ? list.firstElementChild : null);
  return fresh;
}
