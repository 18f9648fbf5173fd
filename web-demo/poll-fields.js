// A poll that is written with a post: two to eight options, how long it is open, and who sees the votes.

import { byId, make } from "./dom.js";

const fewest = 2;
const most = 8;

export class PollFields {
  constructor() {
    this.fields = byId("poll-fields");
    this.options = byId("poll-options");
    byId("poll-toggle").addEventListener("click", () => this.#toggle(this.fields.hidden));
    byId("poll-add").addEventListener("click", () => this.#add().focus());
    this.#toggle(false);
  }

  /** As the contract has it; `undefined` where there is none. */
  get value() {
    if (this.fields.hidden) return undefined;
    const options = [...this.options.querySelectorAll("input")].map((input) => input.value.trim()).filter((text) => text !== "");
    return {
      options, multiple: byId("poll-multiple").checked, closes_in: Number(byId("poll-closes").value), results: byId("poll-results").value,
    };
  }

  clear() {
    this.#toggle(false);
  }

  #toggle(shown) {
    this.fields.hidden = !shown;
    byId("poll-toggle").setAttribute("aria-expanded", String(shown));
    byId("poll-toggle").textContent = shown ? "No poll" : "Poll";
    this.options.replaceChildren();
    for (let count = 0; count < fewest; count += 1) this.#add();
    if (shown) this.options.querySelector("input").focus();
  }

  #add() {
    const number = this.options.children.length + 1;
    const input = make("input", { maxLength: 80, autocomplete: "off", dir: "auto", placeholder: `Option ${number}`, data: { testid: "poll-option" }, aria: { label: `Option ${number} of the poll` } });
    this.options.append(input);
    byId("poll-add").hidden = number >= most;
    return input;
  }
}
