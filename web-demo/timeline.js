// Joins the feed's data with its elements: pages, live events, and the reader's place.

import { byId } from "./dom.js";
import { Feed } from "./feed.js";
import { tried, words } from "./forms.js";
import { PostList } from "./posts.js";

/** Beyond these, a page anew costs less than what has piled up. */
const heldAtMost = 200;
const shownAtMost = 400;
const retryMs = 3_000;
/** Who follows ten in a row reads once. */
const rearrangedMs = 200;
/** The height of the fixed bar: what is under it is out of sight. */
const topSlack = 60;

export class Timeline {
  #feed = new Feed();
  #held = new Map();
  /** What came live while a page is on its way, which may be older; `undefined`: none is. */
  #arrived;
  #fresh = new Set();
  #flooded = false;
  #unseen = 0;
  #generation = 0;
  #drawing = false;
  #loadingOlder = false;
  #trimming = false;
  #stuck = false;
  #reload;

  /** `onPage(live)` runs for each first page, `onDeleted()` for each delete of one's own. */
  onPage = () => {};
  onDeleted = () => {};

  constructor(api, cards) {
    this.api = api;
    this.list = new PostList(byId("feed"), cards, {
      remove: (post) => this.#delete(post),
      edit: (id, text) => this.#edit(id, text),
    });
    byId("new-posts").addEventListener("click", () => this.#goToTop());
    byId("older").addEventListener("click", () => this.#loadOlder());
    addEventListener("scroll", () => this.#held.size > 0 && this.#atTop() && this.#release(), { passive: true });
    document.addEventListener("visibilitychange", () => !document.hidden && this.#seen());
    const near = new IntersectionObserver(([entry]) => entry.isIntersecting && !this.#stuck && this.#loadOlder(),
      { rootMargin: "600px 0px" });
    near.observe(byId("older"));
  }

  clear() {
    this.#generation += 1;
    this.#feed = new Feed();
    this.#held.clear();
    this.#arrived = undefined;
    this.#fresh.clear();
    this.#flooded = this.#stuck = this.#loadingOlder = false;
    this.loaded = false;
    this.#seen();
    this.#draw();
  }

  /** Reads the first page until it is there, unless another load overtakes this one. */
  async load() {
    const generation = ++this.#generation;
    this.#arrived = new Map();
    byId("feed").setAttribute("aria-busy", "true");
    for (;;) {
      try {
        const page = await this.api.feed();
        if (generation === this.#generation) this.#replace(page);
        return;
      } catch (error) {
        if (generation !== this.#generation || !this.api.session.user) return;
        this.#note(`The feed could not be read: ${words(error)} Trying again.`);
        await new Promise((done) => setTimeout(done, (error.retryAfter ?? 0) * 1000 || retryMs));
        if (generation !== this.#generation) return;
      }
    }
  }

  /** One live event; says whether it was news. */
  take(event) {
    if (event.type === "post.created") return this.#created(event.post);
    if (event.type === "post.updated") return this.#edited(event.post);
    if (event.type === "post.deleted") return this.#gone(event.post_id);
    if (event.type === "feed.changed") this.#rearranged(event);
    return false;
  }

  /** A post of one's own is shown at once, wherever the reader is. */
  addOwn(post) {
    this.#held.delete(post.id);
    this.#arrived?.set(post.id, post);
    if (this.#feed.add(post)) this.#fresh.add(post.id);
    this.#release();
  }

  dropAuthor(id) {
    this.#feed.removeAuthor(id);
    for (const posts of [this.#held, this.#arrived ?? new Map()]) {
      for (const post of posts.values()) if (post.author.id === id) posts.delete(post.id);
    }
    this.#changed();
  }

  /** Posts with the tag may be there by their authors, too: what is read next says which. */
  #dropHeld(tag) {
    for (const posts of [this.#held, this.#arrived ?? new Map()]) {
      for (const post of posts.values()) if (post.tags?.includes(tag)) posts.delete(post.id);
    }
  }

  #replace(page) {
    const arrived = new Map([...this.#held, ...this.#arrived]);
    this.#held.clear();
    this.#arrived = undefined;
    this.#flooded = this.#stuck = false;
    this.#feed.replace(page);
    // What came live while the page was on its way is newer than the page.
    for (const post of arrived.values()) this.#feed.add(post);
    this.loaded = true;
    byId("feed").setAttribute("aria-busy", "false");
    this.#note("");
    this.#changed();
    this.onPage(page.live);
  }

  #created(post) {
    if (this.#arrived?.size < shownAtMost) this.#arrived.set(post.id, post);
    if (this.#feed.knows(post.id) || this.#held.has(post.id)) return false;
    if (document.hidden) this.#unseen += 1;
    if (!this.loaded || !this.#atTop()) this.#hold(post);
    else if (this.#feed.add(post)) this.#fresh.add(post.id);
    else return false;
    this.#changed();
    return true;
  }

  #hold(post) {
    if (this.#held.size >= heldAtMost) this.#flooded = true;
    else this.#held.set(post.id, post);
  }

  #edited(post) {
    if (this.#held.has(post.id)) this.#held.set(post.id, post);
    else if (!this.#feed.knows(post.id)) return this.#created(post);
    else if (!this.#feed.update(post)) return false;
    this.#changed();
    return true;
  }

  /** Here or in another window the reader has followed, left, blocked or muted somebody, was let in, or has left a tag. */
  #rearranged({ reason, user_id: id, tag }) {
    if (reason === "tag") this.#dropHeld(tag);
    else if (reason !== "follow" && reason !== "accept") this.dropAuthor(id);
    // Who is left may still come in by a tag. Nothing comes back of all others.
    if (!["follow", "accept", "unfollow", "tag"].includes(reason)) return;
    clearTimeout(this.#reload);
    this.#reload = setTimeout(() => this.api.session.user && this.load(), rearrangedMs);
  }

  #gone(id) {
    this.#held.delete(id);
    const news = this.#feed.remove(id);
    if (news) this.#changed();
    return news;
  }

  #release() {
    if (this.#flooded) return void this.load();
    for (const post of this.#held.values()) if (this.#feed.add(post)) this.#fresh.add(post.id);
    this.#held.clear();
    this.#changed();
  }

  #goToTop() {
    this.#release();
    // Not smooth: rows that come in meanwhile would stop the ride halfway.
    byId("feed-title").scrollIntoView({ block: "start", behavior: "instant" });
    byId("feed-title").focus({ preventScroll: true });
  }

  /** On a phone the composer and people are above the feed: what counts is whether its head is in sight. */
  #atTop() {
    return byId("feed-title").getBoundingClientRect().bottom > topSlack;
  }

  async #loadOlder() {
    const { next } = this.#feed;
    if (next === undefined || this.#loadingOlder) return;
    const generation = this.#generation;
    this.#loadingOlder = true;
    byId("older").setAttribute("aria-disabled", "true");
    try {
      const page = await this.api.feed(next);
      if (generation !== this.#generation) return;
      this.#feed.append(page);
      this.#stuck = false;
      this.#note("");
      this.#changed();
    } catch (error) {
      // No automatic second try: it would run as fast as the server refuses.
      this.#stuck = true;
      if (generation === this.#generation) this.#note(words(error));
    } finally {
      this.#loadingOlder = false;
      byId("older").removeAttribute("aria-disabled");
    }
  }

  /** Says whether the server took it. */
  #edit(id, text) {
    return tried(async () => this.#edited(await this.api.editPost(id, text)));
  }

  #delete(post) {
    return tried(async () => {
      await this.api.deletePost(post.id);
      this.#gone(post.id);
      this.onDeleted();
    });
  }

  /** Many events, one drawing. A hidden tab gets no animation frames, so it draws by the clock. */
  #changed() {
    if (this.#drawing) return;
    this.#drawing = true;
    const draw = () => this.#draw();
    if (document.hidden) setTimeout(draw, 50);
    else requestAnimationFrame(draw);
  }

  #draw() {
    this.#drawing = false;
    this.list.sync(this.#feed.posts, this.#fresh, this.api.session.user?.id);
    this.#fresh.clear();
    this.#drawButtons();
    document.title = this.#unseen > 0 ? `(${this.#unseen}) Martlet` : "Martlet";
    // A tab left open for days would grow without end; at the top nobody sees the tail go.
    if (this.#feed.posts.length > shownAtMost && !this.#trimming && this.#atTop()) this.#trim();
  }

  #trim() {
    this.#trimming = true;
    this.load().finally(() => (this.#trimming = false));
  }

  #drawButtons() {
    const waiting = this.#held.size;
    const button = byId("new-posts");
    button.hidden = waiting === 0;
    button.textContent = `${waiting}${this.#flooded ? "+" : ""} new ${waiting === 1 ? "post" : "posts"}`;
    const empty = this.loaded && this.#feed.posts.length === 0 && waiting === 0;
    byId("empty").hidden = !empty;
    byId("older").hidden = this.#feed.next === undefined;
  }

  #note(text) {
    byId("feed-note").textContent = text;
    byId("feed-note").hidden = text === "";
  }

  #seen() {
    this.#unseen = 0;
    document.title = "Martlet";
  }
}
