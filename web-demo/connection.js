// The pill that says how the live link is, and the settings beside it.

import { announce, byId } from "./dom.js";

const names = { websocket: "WebSocket", sse: "SSE" };
const noteMs = 8_000;
const pauseMs = 8_000;

export class Connection {
  #status;
  #ticking;
  #noteTimer;
  #spoken = "";

  constructor(live) {
    this.live = live;
    this.#setUpTransport();
    this.#setUpTheme();
    byId("pause").addEventListener("click", () => {
      byId("settings").hidePopover?.();
      live.pause(pauseMs);
    });
    byId("connect-again").addEventListener("click", () => live.again());
  }

  hide() {
    clearInterval(this.#ticking);
    clearTimeout(this.#noteTimer);
    this.#spoken = "";
    byId("connection").hidden = true;
    byId("pause-block").hidden = true;
    byId("closed").hidden = true;
  }

  show(status) {
    this.#status = status;
    const pill = byId("connection");
    pill.hidden = byId("pause-block").hidden = false;
    pill.dataset.state = status.state;
    pill.dataset.transport = status.transport;
    this.#note(status.note);
    byId("closed").hidden = !status.final;
    const why = status.reason ? ` (${status.reason})` : "";
    byId("closed-reason").textContent = `The server closed the live connection for good${why}.`;
    document.querySelector(`#transport-choice [value=${status.transport}]`).checked = true;
    clearInterval(this.#ticking);
    if (status.retryAt) this.#ticking = setInterval(() => this.#write(), 500);
    this.#write();
    this.#speak();
  }

  /** A note stays a while, then the pill goes back to saying plainly that it is live. */
  #note(note) {
    clearTimeout(this.#noteTimer);
    const pill = byId("connection");
    delete pill.dataset.note;
    delete pill.dataset.missed;
    if (!note) return;
    pill.dataset.note = note.kind;
    if (note.missed !== undefined) pill.dataset.missed = note.missed;
    this.#noteTimer = setTimeout(() => {
      delete pill.dataset.note;
      delete pill.dataset.missed;
      this.#status = { ...this.#status, note: undefined };
      this.#write();
    }, noteMs);
  }

  #write() {
    const text = this.#words(this.#status);
    if (byId("connection-text").textContent !== text) byId("connection-text").textContent = text;
  }

  #words({ state, transport, retryAt, note }) {
    if (state === "live" && note) return note.kind === "reset" ? "Feed reloaded" : `Resumed, ${note.missed} missed`;
    if (state === "live") return `Live (${names[transport]})`;
    if (state === "connecting") return "Connecting";
    if (state === "offline") return "Offline";
    const seconds = retryAt ? Math.ceil((retryAt - Date.now()) / 1000) : 0;
    return seconds > 0 ? `Reconnecting in ${seconds} s` : "Reconnecting";
  }

  /** Speaks changes of state, not the countdown, and nothing for the first connection of a page. */
  #speak() {
    const { state, transport, note } = this.#status;
    if (state === "connecting") return;
    const text = note ? this.#noteWords(note)
      : state === "live" ? `Live over ${names[transport]}.`
        : state === "offline" ? "Offline." : "Connection lost, reconnecting.";
    const first = this.#spoken === "" && state === "live";
    if (text !== this.#spoken && !first) announce(text);
    this.#spoken = text;
  }

  #noteWords({ kind, missed }) {
    if (kind === "reset") return "Connected again. Too much was missed, the feed was read anew.";
    return missed === 0 ? "Connected again, nothing missed." : `Connected again, ${missed} missed ${missed === 1 ? "change" : "changes"} caught up.`;
  }

  /** In sessionStorage, like the session: one tab can show WebSocket and the other SSE. */
  #setUpTransport() {
    const saved = read(() => sessionStorage.getItem("martlet.transport"));
    if (saved in names) this.live.use(saved);
    const choice = byId("transport-choice");
    choice.querySelector(`[value=${this.live.transport}]`).checked = true;
    choice.addEventListener("change", ({ target }) => {
      read(() => sessionStorage.setItem("martlet.transport", target.value));
      this.live.use(target.value);
    });
  }

  #setUpTheme() {
    const root = document.documentElement;
    const radios = document.querySelectorAll("#settings [name=theme]");
    for (const radio of radios) {
      radio.checked = radio.value === (root.dataset.theme ?? "auto");
      radio.addEventListener("change", () => {
        if (radio.value === "auto") delete root.dataset.theme;
        else root.dataset.theme = radio.value;
        read(() => localStorage.setItem("martlet.theme", radio.value));
      });
    }
  }
}

/** Storage may be forbidden; then a choice lasts as long as the page. */
function read(access) {
  try {
    return access();
  } catch {
    return undefined;
  }
}
