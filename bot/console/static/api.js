// Talks to our own server. What it refuses is thrown as Refused; who is logged out is sent to the log-in.

export const texts = document.querySelector("[data-texts]")?.dataset ?? {};

export class Refused extends Error {
  constructor(status, body) {
    super([body.problem, body.text].filter(Boolean).join(": ") || texts.failed);
    this.status = status;
    this.problems = body.problems ?? null;
  }
}

export async function send(path, fields) {
  const token = document.querySelector('meta[name="csrf-token"]').content;
  const response = await ask(path, {
    method: "POST",
    headers: { "X-Console": "1", "X-CSRF-Token": token },
    body: new URLSearchParams(fields),
  });
  return response.json();
}

export async function load(path) {
  const response = await ask(path, { headers: { "X-Console": "1" } });
  return response.text();
}

export async function loadJson(path) {
  return JSON.parse(await load(path));
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, { credentials: "same-origin", redirect: "error", ...options });
  } catch {
    throw new Refused(0, { problem: texts.away });
  }
  if (response.status === 401) {
    location.assign("/console/login");
    await new Promise(() => {});
  }
  if (!response.ok) {
    let body = {};
    try {
      body = await response.json();
    } catch {
      // A proxy's own page says nothing to people here.
    }
    throw new Refused(response.status, body);
  }
  return response;
}

export function elementOf(html) {
  const template = document.createElement("template");
  template.innerHTML = html.trim();
  return template.content.firstElementChild;
}

export function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

export function toast(text, tone = "normal") {
  const box = document.querySelector("[data-toasts]");
  if (!text || !box) return;
  const note = document.createElement("p");
  note.className = `toast toast-${tone}`;
  note.textContent = text;
  box.append(note);
  setTimeout(() => note.remove(), tone === "danger" ? 12000 : 6000);
}
