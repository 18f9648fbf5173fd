// What others have done that concerns the reader: a bell with a number, and a list that opens beside the feed.

import { announce, byId, make, notify, timeElement } from "./dom.js";
import { words } from "./forms.js";
import { postAddress, userAddress } from "./router.js";

/** What was done, by type and what it was done to. */
const done = {
  follow: "followed you",
  follow_request: "asks to follow you",
  follow_accepted: "lets you follow",
  like: { post: "liked your post", comment: "liked your comment" },
  comment: "commented on your post",
  reply: "replied to you",
  mention: "mentioned you",
  poll_closed: "A poll has closed",
  post: "posted",
};

/** Of the list; the server keeps more. */
const shownAtMost = 50;

export class Notifications {
  #generation = 0;
  #groups = new Map();
  #unread = 0;
  /** Of the inbox, when the number was told. */
  #version = 0;
  /** `changed(type)`: something has happened of this type; `failed(device)`: nothing reaches it any more. */
  constructor(api, changed, failed) {
    Object.assign(this, { api, changed, failed });
    this.list = byId("notifications-list");
    byId("notifications-read").addEventListener("click", () => this.#readAll());
  }

  enter(live, user) {
    live.watch(`notifications:${user.id}`, {
      event: (event) => this.#take(event),
      read: () => this.load().then(() => this.#listens(true), () => this.#listens(false)),
      ended: () => this.#listens(false),
    });
  }

  /** Whether what happens comes by the live link, as long as that is up. */
  get isLive() {
    return "live" in byId("notifications").dataset;
  }

  #listens(isLive) {
    byId("notifications").toggleAttribute("data-live", isLive);
  }

  async load(isAgain = false) {
    const generation = ++this.#generation;
    const page = await this.api.notifications();
    if (generation !== this.#generation) return;
    // What was told meanwhile is newer.
    if (page.version < this.#version && !isAgain) return this.load(true);
    this.#groups = new Map(page.items.map((group) => [group.key, group]));
    this.#count(page);
    this.list.replaceChildren(...page.items.map((group) => this.#row(group)));
    this.#showNone();
  }

  clear() {
    this.#generation += 1;
    this.#groups.clear();
    this.#version = 0;
    this.#listens(false);
    this.#count({ unread: 0, version: 0 });
    this.list.replaceChildren();
  }

  /** What comes late changes nothing. */
  #take(event) {
    if (event.device) return this.failed(event.device);
    if (event.version < this.#version) return;
    if (event.group) this.#put(event.group);
    else if (event.key) this.#drop(event.key);
    else this.#markRead(Number(event.up_to));
    this.#count(event);
    this.#showNone();
    this.changed(event.group?.type ?? event.key?.split(":")[0]);
  }

  #put(group) {
    this.#drop(group.key);
    this.#groups.set(group.key, group);
    const older = [...this.list.children].find((row) => Number(this.#groups.get(row.dataset.key).id) < Number(group.id));
    this.list.insertBefore(this.#row(group), older ?? null);
    if (this.#groups.size > shownAtMost) this.#drop(this.list.lastElementChild.dataset.key);
  }

  #drop(key) {
    this.#groups.delete(key);
    this.#rowOf(key)?.remove();
  }

  #markRead(upTo) {
    for (const group of this.#groups.values()) {
      if (group.read || Number(group.id) > upTo) continue;
      group.read = true;
      this.#rowOf(group.key)?.replaceWith(this.#row(group));
    }
  }

  #rowOf(key) {
    return [...this.list.children].find((row) => row.dataset.key === key);
  }

  #showNone() {
    byId("notifications-none").hidden = this.#groups.size > 0;
  }

  #count({ unread, version }) {
    if (unread > this.#unread) announce(`${unread} unread notifications`);
    this.#unread = unread;
    this.#version = version;
    byId("notifications-count").textContent = unread.toLocaleString("en");
    byId("notifications").classList.toggle("has-unread", unread > 0);
    byId("notifications-read").hidden = unread === 0;
  }

  /** What has come since the list was read stays unread. */
  async #readAll() {
    const newest = this.#groups.get(this.list.firstElementChild?.dataset.key);
    if (newest) await this.#change(() => this.api.readNotifications(newest.id));
    byId("notifications-summary").focus();
  }

  async #change(call) {
    this.#generation += 1;
    try {
      await call();
      await this.load();
    } catch (error) {
      notify(`The notifications could not be changed: ${words(error)}`);
    }
  }

  #row(group) {
    const text = make("p", { className: "text", dir: "auto" }, ...this.#said(group));
    const row = make("li", { className: group.read ? "" : "unread", data: { key: group.key, testid: "notification" } }, text);
    const remove = make("button", { type: "button", className: "quiet" }, "Remove");
    remove.setAttribute("aria-label", `Remove: ${text.textContent}`);
    remove.addEventListener("click", () => this.#change(() => this.api.removeNotification(group.key)));
    row.append(remove);
    return row;
  }

  #said(group) {
    const what = done[group.type];
    const verb = typeof what === "string" ? what : what?.[group.object?.type] ?? "did something";
    const parts = [];
    if (!group.read) parts.push(make("span", { className: "visually-hidden" }, "Unread: "));
    const [first] = group.actors;
    if (first) parts.push(make("a", { href: userAddress(first.id) }, make("bdi", {}, first.display_name)));
    const others = group.count - 1;
    if (first && others > 0) parts.push(group.actors.length > 1 ? ` and ${others.toLocaleString("en")} more` : "");
    parts.push(first ? ` ${verb}` : verb);
    if (first && others > 0 && group.actors.length === 1) parts.push(` ${group.count.toLocaleString("en")} times`);
    const start = group.object?.text?.replace(/\s+/gu, " ");
    if (start) parts.push(": ", this.#linked(group.object, start));
    parts.push(" ", timeElement(group.created_at));
    return parts;
  }

  #linked(object, start) {
    const text = make("bdi", {}, start);
    return object.type === "post" ? make("a", { href: postAddress(object.id) }, text) : text;
  }
}
