// The newest posts of whoever's card is open, live: what is posted, edited and deleted meanwhile comes by the channel.

import { make, preciseTime, timeElement } from "./dom.js";
import { Feed } from "./feed.js";
import { words } from "./forms.js";
import { textOf } from "./entities.js";

const shownAtMost = 20;

export class ProfilePosts {
  #feed = new Feed();
  #channel;
  #listener;
  /** What comes while a page is read: the page may be older. */
  #heard;

  /** `live` has `watch(channel, on)` and `unwatch(channel, on)`. */
  constructor(api, live) {
    Object.assign(this, { api, live });
  }

  /** An element that shows them until `close`. */
  open(user) {
    this.close();
    this.#feed = new Feed();
    this.#channel = `user:${user.id}`;
    this.note = make("p", { className: "hint", role: "status" });
    this.list = make("ol", { className: "card-posts", role: "list", data: { testid: "card-posts" } });
    const channel = this.#channel;
    const isOpen = () => this.#channel === channel;
    this.#listener = {
      event: (event) => isOpen() && this.#event(event),
      read: () => isOpen() && this.#read(user, isOpen),
      ended: () => isOpen() && this.#say("These posts can't be followed any more."),
    };
    this.live.watch(channel, this.#listener);
    return make("section", { aria: { label: `Posts by @${user.handle}` } }, make("h3", {}, "Posts"), this.note, this.list);
  }

  close() {
    if (this.#channel !== undefined) this.live.unwatch(this.#channel, this.#listener);
    this.#channel = undefined;
    this.#heard = undefined;
  }

  async #read(user, isOpen) {
    const heard = (this.#heard = []);
    try {
      const page = await this.api.posts(user.id);
      if (!isOpen() || heard !== this.#heard) return;
      this.#heard = undefined;
      this.#feed.replace(page);
      for (const event of heard) this.#apply(event);
      this.#draw();
    } catch (error) {
      if (isOpen()) this.#say(words(error));
    }
  }

  #event(event) {
    this.#heard?.push(event);
    if (this.#apply(event)) this.#draw();
  }

  #apply(event) {
    switch (event.type) {
      case "post.created": return this.#feed.add(event.post);
      case "post.updated": return this.#feed.update(event.post);
      case "post.deleted": return this.#feed.remove(event.post_id);
      default: return false;
    }
  }

  #draw() {
    this.#say(this.#feed.posts.length === 0 ? "Nothing yet." : "");
    this.list.replaceChildren(...this.#feed.posts.slice(0, shownAtMost).map((post) => this.#row(post)));
  }

  #row(post) {
    const by = make("p", { className: "hint" }, timeElement(post.created_at));
    if (post.edited_at) by.append(" ", make("span", { className: "edited", title: preciseTime(post.edited_at) }, "edited"));
    return make("li", { data: { postId: post.id } }, make("p", { className: "text", dir: "auto" }, ...textOf(post)), by);
  }

  #say(text) {
    this.note.textContent = text;
    this.note.hidden = text === "";
  }
}
