// What all cards of posts have, in whatever list they are: buttons, numbers, a poll; and that they are live while they are seen.

import { showHistory } from "./history.js";
import { Polls } from "./polls.js";
import { Reactions } from "./reactions.js";
import { reportButton } from "./report.js";
import { Sight } from "./sight.js";

export class Cards {
  constructor(api, live, people, bookmarks) {
    Object.assign(this, { api, people, bookmarks });
    this.reactions = new Reactions(api);
    this.polls = new Polls(api);
    this.sight = new Sight(api, live, (event) => this.take(event));
  }

  clear() {
    this.reactions.clear();
    this.polls.clear();
    this.sight.clear();
  }

  /** A state that came live. */
  take(event) {
    if (event.type === "post.counts") this.reactions.take(event);
    if (event.type === "poll.updated") this.polls.know(event.poll);
  }

  know(post) {
    this.reactions.know(post);
    if (post.poll) this.polls.know(post.poll);
  }

  /** Below the text. */
  around(post, which) {
    return [...(post.poll ? [this.polls.element(post.poll)] : []), this.reactions.row(post, which)];
  }

  shown(article, post) {
    this.sight.add(article, post);
  }

  gone(article) {
    this.sight.drop(article);
  }

  history(id) {
    return showHistory(this.api, id);
  }

  person(id) {
    return this.people.showCard(id);
  }

  bookmark(post, which) {
    return this.bookmarks.button(post, which);
  }

  report(post, which) {
    return reportButton(this.api, { type: "post", id: post.id }, which);
  }
}
