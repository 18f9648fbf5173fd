// Which page is in sight: the feed, a post's own, or a tag's; and where the reader was in the feed.

import { byId } from "./dom.js";
import { onRoute } from "./router.js";

export class Pages {
  #page = "home";
  #hash = "#/";
  #place = 0;

  /** `parts`: `{post, tag}`, each with `open(key)` and `close()`; `person(id)` shows a card above the page. */
  constructor(parts, person) {
    Object.assign(this, { parts, person, isOpen: false });
    this.go = onRoute((route) => this.isOpen && this.#show(route));
  }

  /** Somebody is signed in: the page that the address names. */
  enter() {
    this.isOpen = true;
    this.#page = undefined;
    this.go();
    if (this.#page === undefined) this.#show({ page: "home" });
  }

  leave() {
    this.isOpen = false;
    this.#close();
    for (const page of ["home", "thread", "tag"]) byId(page).hidden = true;
  }

  #show({ page, key }) {
    if (page === "user") {
      // A card is no page: the one below it stays, and so does its address.
      if (this.#page === undefined) this.#show({ page: "home" });
      history.replaceState(null, "", this.#hash);
      return void this.person(key);
    }
    if (page === "home" && this.#page === "home") return;
    const isFirst = this.#page === undefined;
    if (this.#page === "home") this.#place = scrollY;
    this.#close();
    this.#page = page;
    this.#hash = page === "home" ? "#/" : location.hash;
    byId("home").hidden = page !== "home";
    byId("thread").hidden = page !== "post";
    byId("tag").hidden = page !== "tag";
    if (page !== "home") this.parts[page].open(key);
    scrollTo({ top: page === "home" ? this.#place : 0, behavior: "instant" });
    if (!isFirst || page !== "home") byId({ home: "feed-title", post: "thread-title", tag: "tag-title" }[page]).focus({ preventScroll: true });
  }

  #close() {
    this.parts[this.#page]?.close();
  }
}
