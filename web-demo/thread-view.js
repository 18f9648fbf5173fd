// Comments as elements: made once, kept by id, and refreshed in place, so that the keyboard stays where it is.

import { deleteButton, editInPlace, startOf } from "./acts.js";
import { avatar, counted, make, preciseTime, refreshTime, timeElement } from "./dom.js";
import { textOf } from "./entities.js";
import { reportButton } from "./report.js";

export class ThreadView {
  #rows = new Map();
  #shown = new Map();

  /** `on` has `like(id)`, `reply(comment)`, `edit(id, text)`, `remove(id)`, `more(id)`, `person(id)`; `api` for reports. */
  constructor(list, api, on) {
    Object.assign(this, { list, api, on });
    setInterval(() => this.list.querySelectorAll("time").forEach((time) => refreshTime(time, Date.now())), 20_000);
  }

  clear() {
    this.#rows.clear();
    this.#shown.clear();
    this.list.replaceChildren();
  }

  /** Shows `comments`; `reader` and `postAuthor` are ids. */
  sync(comments, reader, postAuthor) {
    const wanted = new Set();
    const rowOf = (comment) => {
      wanted.add(comment.id);
      return this.#row(comment, comments, reader, postAuthor);
    };
    place(this.list, comments.top.map((comment) => {
      const row = rowOf(comment);
      const replies = comments.replies(comment.id).map(rowOf);
      const below = row.querySelector(":scope > ol");
      place(below, replies);
      below.hidden = replies.length === 0;
      row.querySelector(":scope > .more-replies").hidden = !comments.hasMore(comment.id);
      return row;
    }));
    for (const id of this.#rows.keys()) if (!wanted.has(id)) this.#rows.delete(id);
  }

  #row(comment, comments, reader, postAuthor) {
    let row = this.#rows.get(comment.id);
    if (!row) {
      row = make("li", { data: { commentId: comment.id, testid: "comment" } }, make("div", { className: "comment", tabIndex: -1 }));
      if (!comment.parent_id) row.append(make("ol", { className: "replies", role: "list", hidden: true }), this.#moreButton(comment.id));
      this.#rows.set(comment.id, row);
    }
    const box = row.firstElementChild;
    const kind = comment.deleted ? "deleted" : "comment";
    if (box.dataset.kind !== kind) {
      const held = box.contains(document.activeElement);
      box.dataset.kind = kind;
      box.replaceChildren(...(comment.deleted
        ? [make("p", { className: "hint" }, "This comment was deleted.")]
        : this.#parts(comment, comments, reader, postAuthor)));
      if (held) box.focus();
    }
    if (!comment.deleted) this.#refresh(box, comment);
    this.#shown.set(comment.id, comment);
    return row;
  }

  #parts(comment, comments, reader, postAuthor) {
    const { id, author } = comment;
    const which = `${startOf(comment.text)} by @${author.handle}`;
    const name = make("button", { type: "button", className: "name-button", aria: { haspopup: "dialog" } }, make("bdi", {}, author.display_name));
    name.addEventListener("click", () => this.on.person(author.id));
    const by = make("p", { className: "by" }, make("span", { className: "handle" }, `@${author.handle}`), timeElement(comment.created_at));
    const parent = comments.get(comment.parent_id);
    if (parent?.parent_id && parent.author) by.append(make("span", { className: "handle" }, `to @${parent.author.handle}`));
    const text = make("p", { className: "text", dir: "auto" });
    const like = this.#button("", "like", which, "like-comment", () => this.on.like(id));
    const acts = make("div", { className: "acts" }, like, this.#button("Reply", "", `Reply to ${which}`, "reply", () => this.on.reply(this.#shown.get(id))));
    if (author.id === reader) {
      const edit = this.#button("Edit", "edit", `Edit ${which}`, "edit-comment", () =>
        editInPlace(text, this.#shown.get(id).text, "The comment's text", edit, (value) => this.on.edit(id, value)));
      acts.append(edit);
    } else acts.append(reportButton(this.api, { type: "comment", id }, which));
    if (author.id === reader || postAuthor === reader) acts.append(deleteButton(which, "delete-comment", () => this.on.remove(id)));
    like.dataset.which = which;
    return [avatar(author), make("div", { className: "comment-head" }, name, by), make("div", { className: "comment-body" }, text, acts)];
  }

  #refresh(box, comment) {
    const like = box.querySelector(".like");
    like.setAttribute("aria-pressed", String(comment.liked === true));
    like.setAttribute("aria-label", `Like ${like.dataset.which}: ${counted(comment.counts.likes, "like")}`);
    like.textContent = `${comment.liked ? "♥" : "♡"} ${comment.counts.likes.toLocaleString("en")}`;
    const state = `${comment.edited_at ?? ""}`;
    if (box.dataset.editedAt === state) return;
    box.dataset.editedAt = state;
    box.querySelector(".text").replaceChildren(...textOf(comment));
    if (!comment.edited_at) return;
    box.querySelector(".edited")?.remove();
    box.querySelector(".by").append(make("span", { className: "edited", title: preciseTime(comment.edited_at) }, "edited"));
  }

  #button(label, className, name, testid, action) {
    const button = make("button", { type: "button", className: `quiet ${className}`, data: { testid }, aria: { label: name } }, label);
    button.addEventListener("click", action);
    return button;
  }

  #moreButton(id) {
    const button = make("button", { type: "button", className: "quiet more-replies", hidden: true, data: { testid: "more-replies" } }, "More replies");
    button.addEventListener("click", () => this.on.more(id));
    return button;
  }
}

/** Makes `list` have exactly these rows, in this order, and moves none that is where it belongs. */
function place(list, rows) {
  const wanted = new Set(rows);
  for (const row of [...list.children]) if (!wanted.has(row)) row.remove();
  let here = list.firstElementChild;
  for (const row of rows) {
    if (row === here) here = here.nextElementSibling;
    else list.insertBefore(row, here);
  }
}
