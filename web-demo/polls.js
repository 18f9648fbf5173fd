// Polls on cards: a form until one has voted, bars that move afterwards.

import { counted, make, notify } from "./dom.js";
import { words } from "./forms.js";

const rememberedAtMost = 500;
const tickMs = 10_000;
const units = [[86_400, "day"], [3_600, "hour"], [60, "minute"], [1, "second"]];

export class Polls {
  #known = new Map();

  constructor(api) {
    this.api = api;
    setInterval(() => document.querySelectorAll("[data-poll]").forEach((element) => this.#state(element)), tickMs);
  }

  clear() {
    this.#known.clear();
  }

  /** A poll as REST or an event has it. What is older than what is known changes nothing, and an event does not know who reads. */
  know(poll) {
    const before = this.#known.get(poll.id);
    const voted = poll.voted ?? before?.voted;
    const isOlder = before && (poll.version < before.version || (before.closed && !poll.closed));
    this.#known.delete(poll.id);
    this.#known.set(poll.id, { ...(isOlder ? before : poll), voted });
    if (this.#known.size > rememberedAtMost) this.#known.delete(this.#known.keys().next().value);
    document.querySelectorAll(`[data-poll="${poll.id}"]`).forEach((element) => this.#show(element));
  }

  /** Of a post's poll. */
  element(poll) {
    this.know(poll);
    const element = make("div", { className: "poll", data: { poll: poll.id, testid: "poll" }, role: "group", aria: { label: "Poll" } });
    this.#show(element);
    return element;
  }

  #show(element) {
    const poll = this.#known.get(element.dataset.poll);
    if (!poll) return;
    const isOpen = !poll.closed && !poll.voted?.length;
    const shows = isOpen ? "form" : "bars";
    if (element.dataset.shows !== shows) {
      const held = element.contains(document.activeElement);
      element.dataset.shows = shows;
      element.replaceChildren(isOpen ? this.#form(poll) : bars(poll), make("p", { className: "hint poll-state", tabIndex: -1, data: { testid: "poll-state" } }));
      // The button that was pressed is gone.
      if (held) element.lastElementChild.focus({ preventScroll: true });
    }
    if (!isOpen) refreshBars(element.firstElementChild, poll);
    this.#state(element);
  }

  #state(element) {
    const poll = this.#known.get(element.dataset.poll);
    const line = element.querySelector(".poll-state");
    if (!poll || !line) return;
    const parts = [];
    if (poll.voters !== undefined) parts.push(counted(poll.voters, "voter"));
    else if (!poll.closed) parts.push("results come later");
    parts.push(poll.closed ? "closed" : left(poll.closes_at));
    const text = parts.join(" · ");
    if (line.textContent !== text) line.textContent = text;
  }

  #form(poll) {
    const name = `poll-${poll.id}-${Math.random().toString(36).slice(2)}`;
    const type = poll.multiple ? "checkbox" : "radio";
    const choices = poll.options.map(({ text }, index) => make("label", { className: "choice" },
      make("input", { type, name, value: index }), make("span", { dir: "auto" }, text)));
    const form = make("form", { method: "post", data: { testid: "poll-form" }, aria: { label: "Vote" } },
      make("fieldset", {}, make("legend", { className: "visually-hidden" }, poll.multiple ? "Choose some" : "Choose one"), ...choices),
      make("button", { type: "submit", className: "plain" }, "Vote"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#vote(poll.id, new FormData(form).getAll(name).map(Number));
    });
    return form;
  }

  async #vote(id, options) {
    if (options.length === 0) return notify("Choose an option first.");
    try {
      this.know(await this.api.vote(id, options));
    } catch (error) {
      notify(words(error));
      // Another window may have voted, or the time is up.
      if (error.status === 409) await this.api.poll(id).then((poll) => this.know(poll), () => {});
    }
  }
}

function bars(poll) {
  return make("ul", { role: "list", className: "bars", data: { testid: "poll-bars" } }, ...poll.options.map(({ text }) =>
    make("li", {}, make("span", { className: "bar-fill", aria: { hidden: "true" } }),
      make("span", { className: "bar-text", dir: "auto" }, text), make("span", { className: "bar-count" }))));
}

function refreshBars(list, poll) {
  poll.options.forEach(({ votes }, index) => {
    const [fill, text, count] = list.children[index].children;
    const share = votes === undefined ? 0 : votes / Math.max(1, poll.voters ?? poll.votes ?? 0);
    // Through the object model: the policy takes no style attribute.
    fill.style.inlineSize = `${Math.round(share * 100)}%`;
    const isOwn = poll.voted?.includes(index) ?? false;
    text.textContent = isOwn ? `✓ ${poll.options[index].text}` : poll.options[index].text;
    count.textContent = votes === undefined ? "" : `${votes.toLocaleString("en")} (${Math.round(share * 100)} %)`;
  });
}

function left(iso) {
  const seconds = Math.ceil((new Date(iso) - Date.now()) / 1000);
  if (seconds <= 0) return "closing";
  const [size, noun] = units.find(([size]) => seconds >= size);
  return `${counted(Math.floor(seconds / size), noun)} left`;
}
