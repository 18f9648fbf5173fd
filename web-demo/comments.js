// The comments of a post as data: each once, oldest first, a thread below each top-level one, and events applied as they come.

import { compareIds } from "./feed.js";

const byId = (a, b) => compareIds(a.id, b.id);

export class Comments {
  /** Where the next page of top-level comments is. */
  next;
  #all = new Map();
  #deleted = new Set();
  /** By top-level comment: whether there are replies that were not read, and where they go on. */
  #more = new Map();

  get(id) {
    return this.#all.get(id);
  }

  get top() {
    return [...this.#all.values()].filter((comment) => !comment.parent_id).sort(byId);
  }

  /** All that is below a top-level comment and known. */
  replies(id) {
    return [...this.#all.values()].filter((comment) => comment.parent_id && comment.thread_id === id).sort(byId);
  }

  hasMore(id) {
    return this.#more.has(id);
  }

  cursor(id) {
    return this.#more.get(id)?.cursor;
  }

  /** A page of top-level comments with previews. */
  append({ items, next }) {
    this.next = next;
    for (const { replies_preview: preview = [], ...comment } of items) {
      const isNew = !this.#all.has(comment.id);
      this.put(comment);
      preview.forEach((reply) => this.put(reply));
      const shown = preview.filter((reply) => !reply.deleted).length;
      if (isNew && comment.counts.replies > shown) this.#more.set(comment.id, {});
    }
  }

  appendReplies(id, { items, next }) {
    items.forEach((reply) => this.put(reply));
    if (next === undefined) this.#more.delete(id);
    else this.#more.set(id, { cursor: next });
  }

  /** What REST said: newer than what is known, but for a deletion. */
  put(comment) {
    if (!this.#deleted.has(comment.id)) this.#all.set(comment.id, comment);
  }

  /** One live event; says whether it changed what is shown. */
  take(event) {
    switch (event.type) {
      case "comment.created": return this.#created(event.comment);
      case "comment.updated": return this.#updated(event.comment);
      case "comment.deleted": return this.#gone(event.comment_id);
      default: return false;
    }
  }

  #created(comment) {
    if (this.#all.has(comment.id) || this.#deleted.has(comment.id)) return false;
    if (!comment.parent_id) {
      // It belongs on a page that is not there yet.
      if (this.next !== undefined) return false;
    } else if (!this.#all.has(comment.thread_id)) {
      return false;
    } else if (this.#more.has(comment.thread_id)) {
      // Likewise: what comes before it was not read.
      return false;
    }
    this.#all.set(comment.id, comment);
    return true;
  }

  /** An event does not know who reads, so it does not say whether they like it. */
  #updated(comment) {
    const before = this.#all.get(comment.id);
    if (!before || before.deleted) return false;
    this.#all.set(comment.id, { ...comment, liked: before.liked });
    return true;
  }

  /** With replies it stays, without author and text; the last reply of such a one takes it along. */
  #gone(id) {
    const comment = this.#all.get(id);
    if (!comment) {
      this.#deleted.add(id);
      return false;
    }
    if (this.#hasReplies(comment)) {
      const { post_id, thread_id, parent_id, counts } = comment;
      this.#all.set(id, { id, post_id, thread_id, ...(parent_id && { parent_id }), deleted: true, counts });
      return true;
    }
    this.#deleted.add(id);
    this.#all.delete(id);
    const parent = this.#all.get(comment.parent_id);
    if (parent?.deleted && !this.#hasReplies(parent)) this.#gone(parent.id);
    return true;
  }

  #hasReplies(comment) {
    if (this.#more.has(comment.thread_id)) return true;
    return [...this.#all.values()].some((other) => other.parent_id === comment.id);
  }
}
