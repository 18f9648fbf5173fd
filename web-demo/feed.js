// The feed as data: each post once, newest first, and nothing that was deleted.

const rememberedDeletes = 2_000;

/** Ids are decimal numbers up to 2^53 in strings without leading zeros: the longer one is the larger one. */
export function compareIds(a, b) {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

export class Feed {
  posts = [];
  next = undefined;
  #ids = new Set();
  #deleted = new Set();

  /** Shown, or deleted before. */
  knows(id) {
    return this.#ids.has(id) || this.#deleted.has(id);
  }

  /** The first page anew. A page may be older than a delete that has come meanwhile. */
  replace({ items, next }) {
    this.posts = items.filter((post) => !this.#deleted.has(post.id)).sort((a, b) => compareIds(b.id, a.id));
    this.#ids = new Set(this.posts.map((post) => post.id));
    this.next = next;
  }

  /** The page after the last one. */
  append({ items, next }) {
    this.next = undefined;
    items.forEach((post) => this.add(post));
    this.next = next;
  }

  /** False if the post is there, was deleted, or belongs on a page that is not loaded yet. */
  add(post) {
    if (this.knows(post.id)) return false;
    const oldest = this.posts.at(-1);
    if (this.next !== undefined && oldest && compareIds(post.id, oldest.id) < 0) return false;
    this.#ids.add(post.id);
    this.posts.splice(this.#placeOf(post.id), 0, post);
    return true;
  }

  /** The text of a post that is shown is another one; false if it is not shown, or is as it was. */
  update(post) {
    const place = this.posts.findIndex(({ id }) => id === post.id);
    if (place < 0 || this.posts[place].edited_at === post.edited_at) return false;
    this.posts[place] = post;
    return true;
  }

  /** False if it was known to be deleted. Remembered, for its creation may come after it or again. */
  remove(id) {
    if (this.#deleted.has(id)) return false;
    this.#deleted.add(id);
    if (this.#deleted.size > rememberedDeletes) this.#deleted.delete(this.#deleted.values().next().value);
    if (this.#ids.delete(id)) this.posts = this.posts.filter((post) => post.id !== id);
    return true;
  }

  /** The post is not of this list any more, but may come back. */
  leave(id) {
    if (!this.#ids.delete(id)) return false;
    this.posts = this.posts.filter((post) => post.id !== id);
    return true;
  }

  removeAuthor(id) {
    this.posts = this.posts.filter((post) => post.author.id !== id);
    this.#ids = new Set(this.posts.map((post) => post.id));
  }

  #placeOf(id) {
    let low = 0;
    let high = this.posts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareIds(this.posts[middle].id, id) > 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
