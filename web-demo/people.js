// Following: by handle, from the list, and from the card behind a name.

import { avatar, byId, countLabel, make, notify } from "./dom.js";
import { onSubmit, words } from "./forms.js";
import { Problem } from "./http.js";

export class People {
  #next;
  #known = new Map();

  /** `onChange(user, followed)` runs after the server took it. */
  constructor(api, onChange) {
    this.api = api;
    this.onChange = onChange;
    // On a phone the list would be between the composer and the feed.
    byId("following").open = matchMedia("(min-width: 58rem)").matches;
    onSubmit(byId("follow-form"), (values) => this.#followByHandle(values.handle));
    byId("following-more").addEventListener("click", () => this.#loadMore());
    // A click on the backdrop is a click on the dialog itself.
    byId("card").addEventListener("click", (event) => event.target === byId("card") && byId("card").close());
  }

  clear() {
    this.#known.clear();
    this.#next = undefined;
    byId("card").close();
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
      const page = await this.api.following(this.api.session.user.id, this.#next);
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

  /** Follows or unfollows, on the server first. */
  async set(user, followed) {
    await (followed ? this.api.follow(user.id) : this.api.unfollow(user.id));
    if (followed) this.#known = new Map([[user.id, user], ...this.#known]);
    else this.#known.delete(user.id);
    this.#render();
    notify(followed ? `You follow @${user.handle}.` : `You no longer follow @${user.handle}.`);
    this.onChange(user, followed);
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

  async showCard(id) {
    try {
      const user = await this.api.user(id);
      this.#fillCard(user);
      if (!byId("card").open) byId("card").showModal();
    } catch (error) {
      notify(words(error));
    }
  }

  #fillCard(user) {
    const close = make("button", { type: "button", className: "plain" }, "Close");
    close.addEventListener("click", () => byId("card").close());
    const mine = user.id === this.api.session.user.id;
    const since = new Date(user.created_at).toLocaleDateString("en", { dateStyle: "medium" });
    byId("card").replaceChildren(
      make("div", { className: "card-head" }, avatar(user),
        make("div", {}, make("h2", { id: "card-name", dir: "auto" }, user.display_name),
          make("p", { className: "handle" }, `@${user.handle}${mine ? ", that is you" : ""}`))),
      make("dl", { className: "counts" }, ...["posts", "followers", "following"].map((name) =>
        make("div", {}, make("dt", {}, countLabel(name, user[name])), make("dd", {}, user[name].toLocaleString("en"))))),
      make("p", { className: "hint" }, `Here since ${since}`),
      make("div", { className: "card-end" }, ...(mine ? [] : [this.#cardFollow(user)]), close),
    );
  }

  #cardFollow(user) {
    const button = make("button", {
      type: "button", className: user.followed ? "plain" : "main-button", data: { testid: "card-follow" },
    }, user.followed ? "Unfollow" : "Follow");
    button.addEventListener("click", async () => {
      try {
        await this.set(user, !user.followed);
        byId("card").close();
      } catch (error) {
        notify(words(error));
      }
    });
    return button;
  }
}
