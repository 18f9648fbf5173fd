// The feed as elements: rows are made once, kept by post id, and moved in and out.

import { deleteButton, editInPlace, startOf } from "./acts.js";
import { avatar, make, preciseTime, refreshTime, timeElement } from "./dom.js";
import { textOf } from "./entities.js";
import { postAddress } from "./router.js";

const freshMs = 6_000;
/** More than this at once is a burst: sliding each one in would only blur. */
const slideAtMost = 4;

export class PostList {
  #rows = new Map();
  #texts = new Map();

  /** `cards` is what all lists have in common; `on` has `remove(post)` and `edit(id, text)`. */
  constructor(list, cards, on) {
    Object.assign(this, { list, cards, on });
    setInterval(() => this.#refreshTimes(), 20_000);
  }

  /** Makes the list show `posts`; those whose ids are in `fresh` are marked as new for a moment. */
  sync(posts, fresh, ownId) {
    const wanted = new Set(posts.map((post) => post.id));
    for (const [id, row] of this.#rows) if (!wanted.has(id)) this.#drop(id, row);
    const slide = fresh.size <= slideAtMost;
    let place = this.list.firstElementChild;
    for (const post of posts) {
      const row = this.#rows.get(post.id) ?? this.#add(post, ownId, fresh.has(post.id), slide);
      this.#refresh(row, post);
      if (row === place) place = place.nextElementSibling;
      else this.list.insertBefore(row, place);
    }
  }

  #add(post, ownId, isFresh, slide) {
    const article = this.#article(post, ownId);
    const row = make("li", {}, make("div", { className: "row" }, article));
    this.cards.shown(article, post);
    if (isFresh) this.#mark(row, slide);
    this.#rows.set(post.id, row);
    return row;
  }

  /** Only what an edit changes: the buttons keep the focus. */
  #refresh(row, post) {
    this.cards.know(post);
    const article = row.querySelector("article");
    this.#texts.set(post.id, post.text);
    if (article.dataset.editedAt === (post.edited_at ?? "")) return;
    article.dataset.editedAt = post.edited_at ?? "";
    article.querySelector(".text").replaceChildren(...textOf(post));
    if (!post.edited_at) return;
    article.querySelector(".edited")?.remove();
    article.querySelector(".by").append(
      this.#historyButton(post));
  }

  #historyButton(post) {
    const button = make("button", {
      type: "button", className: "name-button", title: preciseTime(post.edited_at), data: { testid: "edits" },
      aria: { haspopup: "dialog", label: `edited ${preciseTime(post.edited_at)}: what it said before` },
    }, "edited");
    button.addEventListener("click", () => this.cards.history(post.id));
    return make("span", { className: "edited" }, button);
  }

  #mark(row, slide) {
    row.classList.add("fresh");
    row.classList.toggle("slide", slide);
    setTimeout(() => row.classList.remove("fresh", "slide"), freshMs);
  }

  #drop(id, row) {
    const held = row.contains(document.activeElement);
    this.cards.gone(row.querySelector("article"));
    row.remove();
    this.#rows.delete(id);
    this.#texts.delete(id);
    // Else the keyboard would be thrown back to the top of the page.
    if (held) this.list.closest("section").querySelector("h2").focus({ preventScroll: true });
  }

  #article(post, ownId) {
    const { author } = post;
    const nameId = `${this.list.id}-by-${post.id}`;
    const name = make("button", { type: "button", className: "name-button", id: nameId, aria: { haspopup: "dialog" } },
      make("bdi", {}, author.display_name));
    name.addEventListener("click", () => this.cards.person(author.id));
    const by = make("p", { className: "by" },
      make("span", { className: "handle" }, `@${author.handle}`), make("a", { className: "when", href: postAddress(post.id) }, timeElement(post.created_at)));
    const head = make("header", {}, make("h3", {}, name), by);
    const which = naming(post);
    const acts = make("div", { className: "acts" }, this.cards.bookmark(post, which));
    if (author.id === ownId) {
      acts.append(this.#editButton(post.id, which), deleteButton(which, "delete-post", () => this.on.remove(post)));
    } else acts.append(this.cards.report(post, which));
    head.append(acts);
    return make("article", { data: { postId: post.id }, aria: { labelledby: nameId } },
      avatar(author), head, make("div", { className: "body" }, make("p", { className: "text", dir: "auto" }), ...this.cards.around(post, which)));
  }

  #editButton(id, which) {
    const button = make("button", { type: "button", className: "quiet edit", data: { testid: "edit-post" }, aria: { label: `Edit ${which}` } }, "Edit");
    button.addEventListener("click", () => {
      const text = this.#rows.get(id).querySelector(".text");
      editInPlace(text, this.#texts.get(id), "The post's text", button, (value) => this.on.edit(id, value));
    });
    return button;
  }

  #refreshTimes() {
    const now = Date.now();
    this.list.querySelectorAll("time").forEach((time) => refreshTime(time, now));
  }
}

function naming(post) {
  return `${startOf(post.text)}, ${preciseTime(post.created_at)}`;
}
