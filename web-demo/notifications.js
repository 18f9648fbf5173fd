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

export class Notifications {
  #generation = 0;
  #newest;
  #unread = 0;

  constructor(api) {
    this.api = api;
    this.list = byId("notifications-list");
    byId("notifications-read").addEventListener("click", () => this.#readAll());
  }

  async load() {
    const generation = ++this.#generation;
    const page = await this.api.notifications();
    if (generation !== this.#generation) return;
    this.#newest = page.items[0]?.id;
    this.#count(page.unread);
    this.list.replaceChildren(...page.items.map((group) => this.#row(group)));
    byId("notifications-none").hidden = page.items.length > 0;
  }

  clear() {
    this.#generation += 1;
    this.#newest = undefined;
    this.#count(0);
    this.list.replaceChildren();
  }

  #count(unread) {
    if (unread > this.#unread) announce(`${unread} unread notifications`);
    this.#unread = unread;
    byId("notifications-count").textContent = unread.toLocaleString("en");
    byId("notifications").classList.toggle("has-unread", unread > 0);
    byId("notifications-read").hidden = unread === 0;
  }

  /** What has come since the list was read stays unread. */
  async #readAll() {
    if (this.#newest) await this.#change(() => this.api.readNotifications(this.#newest));
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
