// The feed as elements: rows are made once, kept by post id, and moved in and out.

import { avatar, byId, make, preciseTime, refreshTime, timeElement } from "./dom.js";
import { linked } from "./links.js";

const freshMs = 6_000;
const sureMs = 5_000;
/** So much of a post names it to who can't see it. */
const namedBy = 60;
/** More than this at once is a burst: sliding each one in would only blur. */
const slideAtMost = 4;

export class PostList {
  #rows = new Map();
  #texts = new Map();

  /** `on` has `remove(post)`, `edit(id, text)`, `history(id)`, `card(userId)` and `bookmark(post, which)`, which makes a button. */
  constructor(on) {
    this.list = byId("feed");
    this.on = on;
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
    const row = make("li", {}, make("div", { className: "row" }, this.#article(post, ownId)));
    if (isFresh) this.#mark(row, slide);
    this.#rows.set(post.id, row);
    return row;
  }

  /** Only what an edit changes: the buttons keep the focus. */
  #refresh(row, post) {
    const article = row.querySelector("article");
    this.#texts.set(post.id, post.text);
    if (article.dataset.editedAt === (post.edited_at ?? "")) return;
    article.dataset.editedAt = post.edited_at ?? "";
    article.querySelector(".text").replaceChildren(...linked(post.text));
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
    button.addEventListener("click", () => this.on.history(post.id));
    return make("span", { className: "edited" }, button);
  }

  #mark(row, slide) {
    row.classList.add("fresh");
    row.classList.toggle("slide", slide);
    setTimeout(() => row.classList.remove("fresh", "slide"), freshMs);
  }

  #drop(id, row) {
    const held = row.contains(document.activeElement);
    row.remove();
    this.#rows.delete(id);
    this.#texts.delete(id);
    // Else the keyboard would be thrown back to the top of the page.
    if (held) byId("feed-title").focus({ preventScroll: true });
  }

  #article(post, ownId) {
    const { author } = post;
    const nameId = `by-${post.id}`;
    const name = make("button", { type: "button", className: "name-button", id: nameId, aria: { haspopup: "dialog" } },
      make("bdi", {}, author.display_name));
    name.addEventListener("click", () => this.on.card(author.id));
    const by = make("p", { className: "by" },
      make("span", { className: "handle" }, `@${author.handle}`), timeElement(post.created_at));
    const head = make("header", {}, make("h3", {}, name), by);
    const which = naming(post);
    const acts = make("div", { className: "acts" }, this.on.bookmark(post, which));
    if (author.id === ownId) acts.append(this.#editButton(post.id, which), this.#deleteButton(post, which));
    head.append(acts);
    return make("article", { data: { postId: post.id }, aria: { labelledby: nameId } },
      avatar(author), head, make("p", { className: "text", dir: "auto" }));
  }

  #editButton(id, which) {
    const button = make("button", { type: "button", className: "quiet edit", data: { testid: "edit-post" }, aria: { label: `Edit ${which}` } }, "Edit");
    button.addEventListener("click", () => this.#edit(id, button));
    return button;
  }

  /** In the text's place, until it is saved or given up. */
  #edit(id, button) {
    const article = this.#rows.get(id).querySelector("article");
    if (article.querySelector("form")) return;
    const text = article.querySelector(".text");
    const area = make("textarea", { value: this.#texts.get(id), rows: 3, dir: "auto", name: "text", aria: { label: "The post's text" }, data: { testid: "edit-text" } });
    const give = make("button", { type: "button", className: "quiet" }, "Cancel");
    const form = make("form", { className: "editing", method: "post" }, area,
      make("div", { className: "acts" }, make("button", { type: "submit", className: "plain", data: { testid: "save-edit" } }, "Save"), give));
    const end = () => {
      form.remove();
      text.hidden = false;
      button.focus();
    };
    give.addEventListener("click", end);
    form.addEventListener("keydown", (event) => event.key === "Escape" && end());
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (await this.on.edit(id, area.value)) end();
    });
    text.hidden = true;
    text.after(form);
    area.focus();
  }

  /** Asks by its own label: the first press arms it, the second deletes. */
  #deleteButton(post, which) {
    const button = make("button", { type: "button", className: "quiet delete", data: { testid: "delete-post" } });
    // Seen beside its post; heard in a list of buttons, where each must say what it deletes.
    const say = (words) => {
      button.textContent = words;
      button.setAttribute("aria-label", `${words} ${which}`);
    };
    const disarm = () => {
      delete button.dataset.armed;
      say("Delete");
    };
    disarm();
    button.addEventListener("blur", disarm);
    button.addEventListener("click", () => {
      if (button.dataset.armed) return this.on.remove(post);
      button.dataset.armed = "true";
      say("Really delete?");
      setTimeout(disarm, sureMs);
    });
    return button;
  }

  #refreshTimes() {
    const now = Date.now();
    this.list.querySelectorAll("time").forEach((time) => refreshTime(time, now));
  }
}

function naming(post) {
  const start = [...post.text.replace(/\s+/gu, " ")];
  return `“${start.slice(0, namedBy).join("")}${start.length > namedBy ? "…" : ""}”, ${preciseTime(post.created_at)}`;
}
