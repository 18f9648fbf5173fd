// A tag's page: its posts as they come.

import { byId, counted, notify } from "./dom.js";
import { Feed } from "./feed.js";
import { tried, words } from "./forms.js";
import { readBehind } from "./http.js";
import { PostList } from "./posts.js";

const shownAtMost = 200;

export class TagPage {
  #feed = new Feed();
  #tag;
  #channel;
  #listener;
  #heard;

  constructor(api, live, cards) {
    Object.assign(this, { api, live });
    this.list = new PostList(byId("tag-posts"), cards, {
      remove: (post) => tried(async () => {
        await this.api.deletePost(post.id);
        this.#take({ type: "post.deleted", post_id: post.id });
      }),
      edit: (id, text) => tried(async () => this.#take({ type: "post.updated", post: await this.api.editPost(id, text) })),
    });
    byId("tag-follow").addEventListener("click", () => tried(() => this.#setFollowed(!this.#tag.followed)));
    byId("tag-older").addEventListener("click", () => tried(() => this.#older()));
  }

  open(name) {
    this.close();
    byId("tag-count").textContent = "";
    byId("tag-title").textContent = `#${name}`;
    this.#channel = `tag:${name}`;
    const listener = (this.#listener = {
      event: (event) => this.#listener === listener && this.#event(event),
      read: () => this.#listener === listener && this.#read(name, listener),
      // The name may have another spelling, which the read brings.
      ended: () => {},
    });
    this.live.watch(this.#channel, listener);
    this.#read(name, listener);
  }

  close() {
    if (this.#channel !== undefined) this.live.unwatch(this.#channel, this.#listener);
    this.#channel = this.#listener = this.#tag = this.#heard = undefined;
    this.#feed = new Feed();
    byId("tag-older").hidden = byId("tag-follow").hidden = true;
    this.list.sync([], new Set());
    this.#note("");
  }

  async #read(name, listener) {
    const heard = (this.#heard = []);
    try {
      const [tag, page] = await Promise.all([this.api.tag(name), this.api.tagPosts(name)]);
      if (this.#listener !== listener || this.#heard !== heard) return;
      // An address may spell it in another way; its channel has one name.
      if (tag.name !== name) return this.open(tag.name);
      this.#heard = undefined;
      this.#feed.replace(page);
      heard.forEach((event) => this.#apply(event));
      this.#showTag(tag);
      this.#draw();
    } catch (error) {
      if (this.#listener === listener && this.#heard === heard) this.#note(words(error));
    }
  }

  async #older() {
    const listener = this.#listener;
    const place = () => this.#listener === listener ? this.#feed.next : undefined;
    const page = await readBehind(place, (from) => this.api.tagPosts(this.#tag.name, from));
    if (!page) return;
    this.#feed.append(page);
    this.#draw();
  }

  #event(event) {
    this.#heard?.push(event);
    this.#take(event);
  }

  #take(event) {
    if (this.#apply(event)) this.#draw();
  }

  /** An edit may have brought the tag to a post, or taken it away. */
  #apply(event) {
    if (event.type === "post.created") return this.#feed.add(event.post);
    if (event.type === "post.deleted") return this.#feed.remove(event.post_id);
    if (event.type !== "post.updated") return false;
    const has = event.post.tags?.includes(this.#tag?.name ?? this.#channel.slice("tag:".length));
    if (!has) return this.#feed.leave(event.post.id);
    return this.#feed.add(event.post) || this.#feed.update(event.post);
  }

  #showTag(tag) {
    this.#tag = tag;
    byId("tag-title").textContent = `#${tag.display}`;
    byId("tag-count").textContent = counted(tag.posts, "post");
    this.#drawFollow();
  }

  /** The feed hears of it by its own connection, here and in other windows. */
  async #setFollowed(followed) {
    const tag = this.#tag;
    await (followed ? this.api.followTag(tag.name) : this.api.unfollowTag(tag.name));
    tag.followed = followed;
    if (this.#tag === tag) this.#drawFollow();
    notify(followed ? `You follow #${tag.display}.` : `You no longer follow #${tag.display}.`);
  }

  #drawFollow() {
    const button = byId("tag-follow");
    const { display, followed } = this.#tag;
    button.hidden = followed === undefined;
    button.textContent = followed ? "Unfollow" : "Follow";
    button.setAttribute("aria-label", `${button.textContent} #${display}`);
  }

  #draw() {
    const posts = this.#feed.posts.slice(0, shownAtMost);
    this.list.sync(posts, new Set(), this.api.session.user?.id);
    byId("tag-older").hidden = this.#feed.next === undefined || posts.length >= shownAtMost;
    this.#note(posts.length === 0 ? "Nothing yet." : "");
  }

  #note(text) {
    byId("tag-note").textContent = text;
    byId("tag-note").hidden = text === "";
  }
}
