// What is said of a post by numbers: a like button, comments and views below each card, the same everywhere it is shown.

import { counted, make, notify } from "./dom.js";
import { words } from "./forms.js";
import { postAddress } from "./router.js";

/** Beyond these the oldest are forgotten: they come again with their post. */
const rememberedAtMost = 2_000;
const none = { likes: 0, comments: 0, views: 0, version: 0 };

export class Reactions {
  #known = new Map();

  constructor(api) {
    this.api = api;
  }

  clear() {
    this.#known.clear();
  }

  /** What a post says of itself. Numbers older than those known change nothing, and an event does not know who reads. */
  know(post) {
    if (!post.counts) return;
    this.#keep(post.id, post.counts, post.liked);
  }

  /** A `post.counts` event. */
  take({ post_id: id, likes, comments, views, version }) {
    this.#keep(id, { likes, comments, views, version });
  }

  /** The row below a post; `which` names the post to who can't see it. */
  row(post, which) {
    this.know(post);
    const like = make("button", { type: "button", className: "quiet like", data: { testid: "like" }, aria: { label: `Like ${which}` } },
      make("span", { className: "heart", aria: { hidden: "true" } }), make("span", { data: { testid: "likes" } }));
    like.addEventListener("click", () => this.#toggle(post.id));
    const comments = make("a", { className: "comments-link", href: postAddress(post.id), data: { testid: "comments-link" } });
    const row = make("div", { className: "reactions", data: { reactions: post.id, which } }, like, comments,
      make("span", { className: "hint views", data: { testid: "views" } }));
    this.#show(row);
    return row;
  }

  #keep(id, counts, liked) {
    const before = this.#known.get(id);
    const after = { ...(before ?? none), liked: liked ?? before?.liked ?? false };
    if (!before || counts.version >= before.version) Object.assign(after, counts);
    this.#known.delete(id);
    this.#known.set(id, after);
    if (this.#known.size > rememberedAtMost) this.#known.delete(this.#known.keys().next().value);
    this.#redraw(id);
  }

  async #toggle(id) {
    const state = this.#known.get(id) ?? none;
    const liked = !state.liked;
    // Pressed at once; the number is the server's.
    this.#keep(id, state, liked);
    try {
      await (liked ? this.api.like(id) : this.api.unlike(id));
      this.know(await this.api.onePost(id));
    } catch (error) {
      this.#keep(id, this.#known.get(id) ?? none, !liked);
      notify(words(error));
    }
  }

  #redraw(id) {
    document.querySelectorAll(`[data-reactions="${id}"]`).forEach((row) => this.#show(row));
  }

  #show(row) {
    const state = this.#known.get(row.dataset.reactions) ?? none;
    const [like, comments, views] = row.children;
    like.setAttribute("aria-pressed", String(state.liked === true));
    like.setAttribute("aria-label", `Like ${row.dataset.which}: ${counted(state.likes, "like")}`);
    like.firstElementChild.textContent = state.liked ? "♥" : "♡";
    like.lastElementChild.textContent = state.likes.toLocaleString("en");
    comments.textContent = counted(state.comments, "comment");
    comments.setAttribute("aria-label", `${counted(state.comments, "comment")} on ${row.dataset.which}`);
    views.textContent = state.views > 0 ? counted(state.views, "view") : "";
  }
}
