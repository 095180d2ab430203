// The conversation with the desk: the command line with suggestions and history, and entries as they come.

import { elementOf, load, newKey, send, toast } from "./api.js";
import { refreshEntry, remember } from "./refreshing.js";

const field = document.querySelector("[data-line]");
const form = document.querySelector("[data-say]");
const talk = document.getElementById("talk");
const desk = document.getElementById("desk");
const scroller = document.querySelector("[data-scroll]");
const listbox = document.getElementById("suggestions");
const columns = document.querySelector("[data-columns]");
let past = null;
let draft = "";
let unseen = 0;

export function startChat() {
  if (!form) return;
  field.addEventListener("keydown", keys);
  field.addEventListener("input", () => {
    past = null;
    grow();
    suggest();
  });
  field.addEventListener("blur", () => setTimeout(hide, 150));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    say(field.value.trim());
  });
  document.addEventListener("answered", ({ detail }) => showAnswer(detail));
  document.addEventListener("refreshed", () => markEmpty());
  document.querySelector("[data-older]")?.addEventListener("click", older);
  for (const tab of document.querySelectorAll("[data-tab]")) tab.addEventListener("click", () => show(tab.dataset.tab));
  document.querySelector("[data-tabs]")?.removeAttribute("hidden");
  toEnd();
  if (matchMedia("(hover: hover)").matches) field.focus({ preventScroll: true });
}

export async function entryChanged({ id, in: where }) {
  const isNear = isAtEnd();
  const entry = await refreshEntry(id, where);
  if (!entry) return;
  if (where === "talk" && isNear) showWhole(entry);
  if (where === "desk") {
    markEmpty();
    if (columns.dataset.shown !== "desk") count(1);
  }
  if (document.hidden) document.title = document.title.replace(/^(\(•\) )?/, "(•) ");
}

export function ticketChanged({ id }) {
  for (const entry of document.querySelectorAll(`[data-tickets~="${CSS.escape(id)}"]`)) {
    refreshEntry(entry.id.replace("entry-", ""), entry.closest("[data-entries]").id);
  }
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) document.title = document.title.replace(/^\(•\) /, "");
});

async function say(text, key = newKey()) {
  if (!text) return;
  hide();
  const said = elementOf('<li class="entry entry-said" data-provisional><p class="said"></p></li>');
  said.firstElementChild.textContent = text;
  said.dataset.key = key;
  talk.append(said);
  field.value = "";
  past = null;
  grow();
  toEnd();
  form.setAttribute("aria-busy", "true");
  try {
    showAnswer(await send("/console/say", { text, key }));
  } catch (error) {
    toast(error.message, "danger");
    said.classList.add("entry-failed");
    if (!field.value) field.value = text;
    if (!error.status) offerAgain(said, text, key);
    else said.remove();
  } finally {
    form.setAttribute("aria-busy", "false");
  }
}

// What may have arrived all the same is sent again under its own key.
function offerAgain(said, text, key) {
  const { again } = document.querySelector("[data-texts]").dataset;
  const button = elementOf('<button type="button" class="button"></button>');
  button.textContent = again;
  button.addEventListener("click", () => {
    said.remove();
    field.value = "";
    say(text, key);
  });
  said.append(button);
}

function showAnswer(answer) {
  if (!answer.html) return;
  const replaced = answer.replaces && document.getElementById(`entry-${answer.replaces}`);
  const here = talk.querySelector(`.entry-card[data-key="${CSS.escape(answer.key)}"]`);
  if (here) return;
  if (replaced) {
    replaced.querySelector("[data-card]")?.replaceWith(elementOf(answer.html));
    replaced.classList.add("changed");
    replaced.querySelector("button, a")?.focus({ preventScroll: true });
    return;
  }
  const entry = elementOf('<li class="entry entry-card" data-provisional data-item data-tickets=""></li>');
  entry.dataset.key = answer.key;
  entry.append(elementOf(answer.html));
  talk.append(entry);
  if (columns.dataset.shown === "desk") show("talk");
  showWhole(entry);
  const input = entry.querySelector(".card input:not([type=hidden]), .card textarea, .card select");
  (input ?? field).focus({ preventScroll: true });
}

async function older(event) {
  event.preventDefault();
  const link = event.currentTarget;
  const page = new DOMParser().parseFromString(await load(link.href), "text/html");
  const before = scroller.scrollHeight;
  talk.prepend(...page.querySelectorAll("#talk > li"));
  remember(talk.parentElement);
  const more = page.querySelector("[data-older]");
  if (more) link.href = more.href;
  else link.remove();
  scroller.scrollTop += scroller.scrollHeight - before;
}

const isAtEnd = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 120;

function toEnd() {
  scroller.scrollTop = scroller.scrollHeight;
}

// The end of the conversation, or the beginning of what is longer than can be seen at once.
function showWhole(entry) {
  if (entry.offsetHeight > scroller.clientHeight) entry.scrollIntoView({ block: "start" });
  else toEnd();
}

function show(name) {
  columns.dataset.shown = name;
  for (const tab of document.querySelectorAll("[data-tab]")) tab.ariaPressed = String(tab.dataset.tab === name);
  if (name === "desk") count(-unseen);
  else toEnd();
}

function count(more) {
  unseen = Math.max(0, unseen + more);
  const badge = document.querySelector("[data-count]");
  badge.hidden = unseen === 0;
  badge.textContent = String(unseen);
}

function markEmpty() {
  const empty = document.querySelector("[data-empty-of=desk]");
  if (empty) empty.hidden = desk.children.length > 0;
}

function grow() {
  field.rows = Math.min(8, Math.max(1, field.value.split("\n").length));
}

function keys(event) {
  const options = [...listbox.children];
  const at = options.findIndex((each) => each.ariaSelected === "true");
  const isListed = !listbox.hidden && options.length > 0;
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    if (isListed && at >= 0) choose(options[at]);
    else form.requestSubmit();
  } else if (event.key === "Tab" && isListed && !event.shiftKey) {
    event.preventDefault();
    choose(options[Math.max(at, 0)]);
  } else if (event.key === "Escape" && isListed) {
    event.stopPropagation();
    hide();
  } else if (event.key === "ArrowDown" && isListed) {
    event.preventDefault();
    mark(options, (at + 1) % options.length);
  } else if (event.key === "ArrowUp" && isListed && at > 0) {
    event.preventDefault();
    mark(options, at - 1);
  } else if (event.key === "ArrowUp" && !field.value.slice(0, field.selectionStart).includes("\n")) {
    recall(event, 1);
  } else if (event.key === "ArrowDown" && past !== null) {
    recall(event, -1);
  }
}

function recall(event, step) {
  const said = [...talk.querySelectorAll(".said")].map((each) => each.textContent).reverse();
  if (past === null) draft = field.value;
  const next = (past ?? -1) + step;
  if (next >= said.length) return;
  event.preventDefault();
  past = next < 0 ? null : next;
  field.value = past === null ? draft : said[past];
  grow();
  hide();
}

function suggest() {
  const typed = field.value.toLowerCase().replace(/^[/!]/, "");
  const commands = document.querySelector("[data-commands]").content.children;
  const wordOf = (each) => each.dataset.words.split(" ").find((word) => word.startsWith(typed));
  const found = typed && !/\s/.test(typed) ? [...commands].filter(wordOf) : [];
  listbox.replaceChildren(...found.slice(0, 8).map((each, place) => {
    const item = each.cloneNode(true);
    item.id = `suggestion-${place}`;
    item.dataset.word = item.querySelector("b").textContent = wordOf(each);
    item.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      choose(item);
    });
    return item;
  }));
  listbox.hidden = found.length === 0;
  field.ariaExpanded = String(found.length > 0);
  field.removeAttribute("aria-activedescendant");
}

function mark(options, at) {
  options.forEach((each, place) => (each.ariaSelected = String(place === at)));
  field.setAttribute("aria-activedescendant", options[at].id);
  options[at].scrollIntoView({ block: "nearest" });
}

function choose(item) {
  field.value = `${item.dataset.word} `;
  hide();
  field.focus();
}

function hide() {
  listbox.hidden = true;
  field.ariaExpanded = "false";
}
