// Following: by handle, from the list, and from the card behind a name.

import { Card } from "./card.js";
import { avatar, byId, make, notify } from "./dom.js";
import { onSubmit, words } from "./forms.js";
import { Problem, readBehind } from "./http.js";

export class People {
  #next;
  #known = new Map();

  /** `onChange(user, followed)` runs after the server took it; `live` and `on` as `Card`'s, `on` without `follow`. */
  constructor(api, live, onChange, on) {
    this.api = api;
    this.onChange = onChange;
    this.card = new Card(api, live, {
      follow: (user, followed) => this.set(user, followed),
      showed: on.showed,
      changed: on.changed,
      deleted: on.deleted,
      hid: (user) => {
        this.#forget(user);
        on.hid(user);
      },
    });
    // On a phone the list would be between the composer and the feed.
    byId("following").open = matchMedia("(min-width: 58rem)").matches;
    onSubmit(byId("follow-form"), (values) => this.#followByHandle(values.handle));
    byId("following-more").addEventListener("click", () => this.#loadMore());
  }

  clear() {
    this.#known.clear();
    this.#next = undefined;
    this.card.close();
    byId("follow-form").reset();
    this.#render();
  }

  async load() {
    const page = await this.api.following(this.api.session.user.id);
    this.#known = new Map(page.items.map((user) => [user.id, user]));
    this.#next = page.next;
    this.#render();
  }

  async #loadMore() {
    try {
      const page = await readBehind(() => this.#next, (from) => this.api.following(this.api.session.user.id, from));
      if (!page) return;
      page.items.forEach((user) => this.#known.set(user.id, user));
      this.#next = page.next;
      this.#render();
    } catch (error) {
      notify(words(error));
    }
  }

  async #followByHandle(text) {
    const handle = text.trim().replace(/^@/, "").toLowerCase();
    if (handle === "") throw new Problem(400, { field: "handle", detail: "Whom? Type a handle." });
    const user = await this.api.userByHandle(handle).catch((error) => {
      if (error.status !== 404) throw error;
      throw new Problem(404, { field: "handle", detail: `Nobody here is called @${handle}.` });
    });
    if (user.id === this.api.session.user.id) {
      throw new Problem(400, { field: "handle", detail: "That is you. Your own posts are in your feed already." });
    }
    await this.set(user, true);
    byId("follow-input").value = "";
  }

  /** Follows or unfollows, on the server first; a private account is asked. */
  async set(user, followed) {
    const answer = await (followed ? this.api.follow(user.id) : this.api.unfollow(user.id));
    if (answer?.requested) return notify(`@${user.handle} is asked: the account is private.`);
    if (followed) this.#known = new Map([[user.id, user], ...this.#known]);
    else this.#known.delete(user.id);
    this.#render();
    notify(followed ? `You follow @${user.handle}.` : `You no longer follow @${user.handle}.`);
    this.onChange(user, followed);
  }

  /** Who is blocked is not followed any more; who is muted may be. */
  async #forget(user) {
    const now = await this.api.user(user.id).catch(() => undefined);
    if (!now?.followed && this.#known.delete(user.id)) this.#render();
  }

  showCount(number) {
    byId("following-count").textContent = number;
  }

  #render() {
    const rows = [...this.#known.values()].map((user) => this.#row(user));
    byId("following-list").replaceChildren(...rows);
    byId("following").hidden = rows.length === 0;
    byId("following-more").hidden = this.#next === undefined;
  }

  #row(user) {
    const name = make("button", { type: "button", className: "name-button", aria: { haspopup: "dialog" } },
      make("bdi", {}, user.display_name), make("span", { className: "handle" }, `@${user.handle}`));
    name.addEventListener("click", () => this.showCard(user.id));
    const leave = make("button", {
      type: "button", className: "quiet", data: { testid: "unfollow" }, aria: { label: `Unfollow @${user.handle}` },
    }, "Unfollow");
    leave.addEventListener("click", async () => {
      await this.set(user, false).catch((error) => notify(words(error)));
      if (document.activeElement === document.body) byId("follow-input").focus();
    });
    return make("li", { data: { userId: user.id } }, avatar(user), name, leave);
  }

  showCard(id) {
    return this.card.show(id);
  }
}
