// Who asks to follow a private account: a list beside the feed, with an answer for each.

import { avatar, byId, make, notify } from "./dom.js";
import { words } from "./forms.js";

export class Requests {
  /** `onAccept()` runs when there is a follower more. */
  constructor(api, onAccept) {
    this.api = api;
    this.onAccept = onAccept;
  }

  clear() {
    this.#draw([], false);
  }

  async load() {
    const { items, next } = await this.api.requests();
    this.#draw(items, next !== undefined);
  }

  #draw(items, hasMore) {
    byId("requests").hidden = items.length === 0;
    byId("requests-count").textContent = `${items.length}${hasMore ? "+" : ""}`;
    byId("requests-list").replaceChildren(...items.map(({ user }) => this.#row(user)));
  }

  #row(user) {
    return make("li", { data: { userId: user.id } }, avatar(user),
      make("span", {}, make("bdi", {}, user.display_name), make("span", { className: "handle" }, ` @${user.handle}`)),
      this.#button("Accept", "plain", user, () => this.api.accept(user.id)),
      this.#button("Refuse", "quiet", user, () => this.api.refuse(user.id)));
  }

  #button(label, className, user, call) {
    const button = make("button", {
      type: "button", className, data: { testid: label.toLowerCase() }, aria: { label: `${label} @${user.handle}` },
    }, label);
    button.addEventListener("click", async () => {
      try {
        await call();
        if (label === "Accept") this.onAccept();
        await this.load();
      } catch (error) {
        notify(words(error));
      }
      // The button that was pressed is gone.
      if (document.activeElement === document.body) byId("follow-input").focus();
    });
    return button;
  }
}
