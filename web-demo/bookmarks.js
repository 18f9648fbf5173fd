// The posts that the reader wants to find again: a button on each post, and a list beside the feed.

import { announce, byId, make, notify } from "./dom.js";
import { words } from "./forms.js";

/** So much of a post tells which one it is. */
const shownOf = 80;

export class Bookmarks {
  #posts = new Map();
  #generation = 0;

  constructor(api) {
    this.api = api;
    this.list = byId("bookmarks-list");
  }

  async load() {
    const generation = ++this.#generation;
    const page = await this.api.bookmarks();
    if (generation !== this.#generation) return;
    this.#posts = new Map(page.items.map((post) => [post.id, post]));
    this.#draw();
  }

  clear() {
    this.#generation += 1;
    this.#posts.clear();
    this.#draw();
  }

  /** A post that was deleted leaves the bookmarks. */
  drop(id) {
    if (this.#posts.delete(id)) this.#draw();
  }

  /** A button whose state is the bookmark's; `which` names the post to who can't see it. */
  button(post, which) {
    const button = make("button", { type: "button", className: "quiet bookmark", data: { bookmark: post.id, testid: "bookmark" } });
    button.setAttribute("aria-label", `Bookmark ${which}`);
    this.#show(button);
    button.addEventListener("click", () => this.#toggle(post));
    return button;
  }

  async #toggle(post) {
    const adds = !this.#posts.has(post.id);
    this.#generation += 1;
    try {
      await (adds ? this.api.bookmark(post.id) : this.api.unbookmark(post.id));
    } catch (error) {
      return notify(`The bookmark could not be changed: ${words(error)}`);
    }
    if (adds) this.#posts = new Map([[post.id, post], ...this.#posts]);
    else this.#posts.delete(post.id);
    announce(adds ? "Bookmarked" : "Bookmark removed");
    this.#draw();
  }

  #draw() {
    byId("bookmarks-count").textContent = this.#posts.size.toLocaleString("en");
    this.list.replaceChildren(...[...this.#posts.values()].map((post) => this.#row(post)));
    document.querySelectorAll("button[data-bookmark]").forEach((button) => this.#show(button));
  }

  #row(post) {
    const text = [...post.text.replace(/\s+/gu, " ")];
    const start = text.slice(0, shownOf).join("") + (text.length > shownOf ? "…" : "");
    const remove = make("button", { type: "button", className: "quiet" }, "Remove");
    remove.setAttribute("aria-label", `Remove the bookmark of “${start}”`);
    remove.addEventListener("click", () => this.#toggle(post));
    return make("li", {}, make("p", { className: "text", dir: "auto" },
      make("bdi", { className: "by" }, `${post.author.display_name}: `), start), remove);
  }

  #show(button) {
    const isOn = this.#posts.has(button.dataset.bookmark);
    button.setAttribute("aria-pressed", String(isOn));
    button.textContent = isOn ? "★" : "☆";
  }
}
