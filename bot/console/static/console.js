// Starts what the page at hand needs. Without any of this, forms and links still work.

import { send } from "./api.js";
import { startCards } from "./cards.js";
import { entryChanged, startChat, ticketChanged } from "./chat.js";
import { startDialogs } from "./dialogs.js";
import { showWriting, startKeys } from "./keys.js";
import { listen } from "./live.js";
import { startLookups } from "./lookups.js";
import { refresh, remember } from "./refreshing.js";

const isChat = Boolean(document.querySelector("[data-say]"));
const ticketPage = document.querySelector("[data-ticket]");
const showsAny = Boolean(document.querySelector("[data-every-ticket]"));

remember();
startDialogs();
startCards();
startLookups();
startKeys();
startChat();
startWriting();
startTheme();

// Held mails tell nobody when they come.
if (document.querySelector("[data-poll]")) setInterval(() => document.hidden || refresh(), 30_000);

listen((name, data) => {
  if (name === "bye") location.assign("/console/login?left=1");
  else if (name === "hello" || name === "refresh") refresh();
  else if (name === "entry" && isChat) entryChanged(data);
  else if (name === "ticket") {
    if (isChat) ticketChanged(data);
    if (showsAny || ticketPage?.dataset.ticket === String(data.number)) refresh();
  }
});

function startWriting() {
  const tabs = document.querySelector("[data-write-tabs]");
  if (!tabs) return;
  tabs.hidden = false;
  showWriting("reply");
  tabs.addEventListener("click", (event) => {
    const { write } = event.target.dataset;
    if (write) showWriting(write);
  });
}

function startTheme() {
  const form = document.querySelector("[data-theme-form]");
  form?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const root = document.documentElement;
    const isDark =
      root.dataset.theme === "dark" || (root.dataset.theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
    const theme = isDark ? "light" : "dark";
    root.dataset.theme = theme;
    try {
      await send("/console/theme", { theme });
    } catch {
      // It holds for this page at least.
    }
  });
}
