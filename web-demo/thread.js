// A post's own page: the post, what is said of it, and a form to say something; live by the post's channel.

import { newKey, readBehind } from "./http.js";
import { announce, byId } from "./dom.js";
import { Comments } from "./comments.js";
import { onSubmit, tried, words } from "./forms.js";
import { PostList } from "./posts.js";
import { ThreadView } from "./thread-view.js";

/** So many pages and threads are read again when the live link can't tell what was missed. */
const againAtMost = 5;

export class Thread {
  #post;
  #comments = new Comments();
  #channel;
  #listener;
  /** What comes while pages are read: they may be older. */
  #heard;
  #parent;
  #draft = {};

  constructor(api, live, cards) {
    Object.assign(this, { api, live, cards });
    this.list = new PostList(byId("thread-post"), cards, {
      remove: (post) => tried(async () => {
        await this.api.deletePost(post.id);
        this.#ended("The post is deleted.");
      }),
      edit: (id, text) => tried(async () => this.#showPost(await this.api.editPost(id, text))),
    });
    this.view = new ThreadView(byId("comments"), api, {
      like: (id) => this.#like(id),
      reply: (comment) => this.#answer(comment),
      edit: (id, text) => tried(async () => this.#put(await this.api.editComment(id, text))),
      remove: (id) => tried(async () => {
        await this.api.deleteComment(id);
        this.#take({ type: "comment.deleted", comment_id: id });
      }),
      more: (id) => tried(() => this.#more(id)),
      person: (id) => cards.person(id),
    });
    byId("more-comments").addEventListener("click", () => tried(() => this.#older()));
    byId("comment-cancel").addEventListener("click", () => this.#answer(undefined));
    onSubmit(byId("comment-form"), ({ text }) => this.#say(text));
  }

  open(id) {
    this.close();
    this.#channel = `post:${id}`;
    const listener = (this.#listener = {
      event: (event) => this.#listener === listener && this.#event(event),
      read: () => this.#listener === listener && this.#read(id, listener),
      ended: () => this.#listener === listener && this.#ended("This post is not there any more."),
    });
    this.#note("Reading…");
    this.live.watch(this.#channel, listener);
    // Where the live link is not up yet, the page need not wait for it.
    this.#read(id, listener);
  }

  close() {
    if (this.#channel !== undefined) this.live.unwatch(this.#channel, this.#listener);
    this.#channel = this.#listener = this.#post = this.#heard = undefined;
    this.#comments = new Comments();
    this.list.sync([], new Set());
    this.view.clear();
    this.#answer(undefined);
    byId("comment-form").reset();
    byId("comment-form").hidden = byId("more-comments").hidden = true;
    this.#note("");
  }

  async #read(id, listener) {
    const heard = (this.#heard = []);
    try {
      const [post, comments] = await Promise.all([this.api.onePost(id), this.#readComments(id)]);
      if (this.#listener !== listener || this.#heard !== heard) return;
      // Also what was unfolded while they were read.
      for (let left = againAtMost, folded; (folded = this.#folded(comments).slice(0, left)).length > 0; left -= folded.length) {
        await Promise.all(folded.map(async (top) => comments.appendReplies(top, await this.api.replies(top))));
        if (this.#listener !== listener || this.#heard !== heard) return;
      }
      this.#heard = undefined;
      this.#comments = comments;
      for (const event of heard) comments.take(event);
      byId("comment-form").hidden = false;
      this.#showPost(post);
      this.#draw();
    } catch (error) {
      if (this.#listener !== listener || this.#heard !== heard) return;
      if (error.status === 404) this.#ended("There is no such post, or it is not for you to see.");
      else this.#note(words(error));
    }
  }

  /** As far as they were shown before, within reason. */
  async #readComments(id) {
    const before = this.#comments;
    const comments = new Comments();
    comments.append(await this.api.comments(id));
    for (let pages = 1; pages < againAtMost && comments.next !== undefined && comments.top.length < before.top.length; pages += 1) {
      comments.append(await this.api.comments(id, comments.next));
    }
    return comments;
  }

  /** The threads of which all replies are shown and would not be any more. */
  #folded(comments) {
    const shown = this.#comments;
    return comments.top.map(({ id }) => id).filter((top) => comments.hasMore(top) && shown.get(top) && !shown.hasMore(top));
  }

  async #more(id) {
    const listener = this.#listener;
    // There is no place to name before the first page.
    const place = () => this.#listener === listener && this.#comments.hasMore(id) ? this.#comments.cursor(id) ?? "" : undefined;
    const page = await readBehind(place, (from) => this.api.replies(id, from || undefined));
    if (!page) return;
    this.#comments.appendReplies(id, page);
    this.#draw();
  }

  async #older() {
    const listener = this.#listener;
    const place = () => this.#listener === listener ? this.#comments.next : undefined;
    const page = await readBehind(place, (from) => this.api.comments(this.#post.id, from));
    if (!page) return;
    this.#comments.append(page);
    this.#draw();
  }

  #event(event) {
    if (event.type === "post.deleted") return this.#ended("The post is deleted.");
    if (event.type === "post.updated" && this.#post) return this.#showPost(event.post);
    this.#heard?.push(event);
    this.cards.take(event);
    this.#take(event);
  }

  #take(event) {
    if (this.#comments.take(event)) this.#draw();
  }

  #put(comment) {
    this.#comments.put(comment);
    this.#draw();
  }

  #showPost(post) {
    this.#post = post;
    this.list.sync([post], new Set(), this.api.session.user?.id);
  }

  #ended(text) {
    this.close();
    this.#note(text);
    byId("thread-title").focus({ preventScroll: true });
  }

  #draw() {
    this.view.sync(this.#comments, this.api.session.user?.id, this.#post?.author.id);
    byId("more-comments").hidden = this.#comments.next === undefined;
    this.#note(this.#comments.top.length === 0 ? "Nobody has said anything yet." : "");
  }

  #note(text) {
    byId("thread-note").textContent = text;
    byId("thread-note").hidden = text === "";
  }

  async #say(text) {
    const post = this.#post.id;
    const parent = this.#parent?.id;
    if (this.#draft.text !== text || this.#draft.parent !== parent) this.#draft = { text, parent, key: newKey() };
    const comment = await this.api.comment(post, text, parent, this.#draft.key);
    this.#draft = {};
    if (this.#post?.id !== post) return;
    byId("comment-text").value = "";
    this.#answer(undefined);
    this.#put(comment);
    announce(parent ? "Your reply is there." : "Your comment is there.");
  }

  /** The next comment is a reply to this one; `undefined`: to the post. */
  #answer(comment) {
    this.#parent = comment;
    byId("comment-cancel").hidden = comment === undefined;
    byId("comment-label").textContent = comment ? `Reply to @${comment.author.handle}` : "Comment";
    if (comment) byId("comment-text").focus();
  }

  #like(id) {
    const { liked } = this.#comments.get(id);
    return tried(async () => {
      await (liked ? this.api.unlikeComment(id) : this.api.likeComment(id));
      this.#put(await this.api.oneComment(id));
    });
  }
}
