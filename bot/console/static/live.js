// Hears what changed. Of all open tabs one keeps the connection and tells the others.

const EVENTS = ["hello", "ticket", "entry", "refresh", "bye"];
const FRESH_MILLISECONDS = 250;

export function listen(heard) {
  const channel = "BroadcastChannel" in window ? new BroadcastChannel("psa-live") : null;
  let isOn = false;

  const state = (on) => {
    isOn = on;
    for (const light of document.querySelectorAll("[data-live-state]")) {
      light.classList.toggle("is-on", on);
      light.title = on ? light.dataset.on : light.dataset.off;
      light.firstElementChild.textContent = light.title;
    }
  };

  const take = (message) => {
    if (message.name === "state") state(message.on);
    else heard(message.name, message.data);
  };

  const lead = () =>
    new Promise(() => {
      const tell = (message) => {
        take(message);
        channel?.postMessage(message);
      };
      const open = () => {
        const source = new EventSource("/console/live");
        for (const name of EVENTS) {
          source.addEventListener(name, (event) => {
            if (name === "hello") tell({ name: "state", on: true });
            if (name === "bye") source.close();
            tell({ name, data: JSON.parse(event.data) });
          });
        }
        source.addEventListener("error", () => {
          tell({ name: "state", on: false });
          // Refused, not cut off: the browser does not come back by itself.
          if (source.readyState === EventSource.CLOSED) setTimeout(open, 5000);
        });
      };
      open();
      if (channel) {
        channel.onmessage = ({ data }) => {
          if (data.name === "ask") channel.postMessage({ name: "state", on: isOn });
        };
      }
    });

  if (channel && navigator.locks) {
    channel.onmessage = ({ data }) => {
      if (data.name !== "ask") take(data);
    };
    setTimeout(() => channel.postMessage({ name: "ask" }), FRESH_MILLISECONDS);
    navigator.locks.request("psa-live", lead);
  } else {
    lead();
  }
}
