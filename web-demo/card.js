// The card behind a name: who it is, and what the reader has to do with them. On one's own: settings and sessions.

import { deletionForm, exportForm, profileForm } from "./account.js";
import { devicesSection } from "./devices.js";
import { avatar, byId, countLabel, make, notify, preciseTime } from "./dom.js";
import { words } from "./forms.js";
import { preferencesSection } from "./preferences.js";
import { ProfilePosts } from "./profile.js";
import { codeForm, namingForm } from "./recovery.js";

export class Card {
  /** `on` has `follow(user, followed)`, which takes it to the server, `hid(user)`, `showed(user)`, `changed(user)` and
   * `deleted(deletion)`; `live` as `ProfilePosts`'. */
  constructor(api, live, on) {
    this.api = api;
    this.on = on;
    this.posts = new ProfilePosts(api, live);
    this.dialog = byId("card");
    this.dialog.addEventListener("close", () => this.posts.close());
    // A click on the backdrop is a click on the dialog itself.
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
  }

  close() {
    this.dialog.close();
  }

  async show(id) {
    try {
      const user = await this.api.user(id);
      await this.#fill(user);
      if (!this.dialog.open) this.dialog.showModal();
    } catch (error) {
      notify(words(error));
    }
  }

  async #fill(user) {
    const mine = user.id === this.api.session.user.id;
    const sessions = mine ? await this.#sessions() : undefined;
    const since = new Date(user.created_at).toLocaleDateString("en", { dateStyle: "medium" });
    const hints = [`Here since ${since}`];
    if (user.private) hints.push(mine ? "private: only followers see your posts" : "private: only followers see the posts");
    if (user.follows_you) hints.push("follows you");
    this.dialog.replaceChildren(
      make("div", { className: "card-head" }, avatar(user),
        make("div", {}, make("h2", { id: "card-name", dir: "auto" }, user.display_name),
          make("p", { className: "handle" }, `@${user.handle}${mine ? ", that is you" : ""}`))),
      ...(user.bio ? [make("p", { className: "text", dir: "auto" }, user.bio)] : []),
      make("dl", { className: "counts" }, ...["posts", "followers", "following"].map((name) =>
        make("div", {}, make("dt", {}, countLabel(name, user[name])), make("dd", {}, user[name].toLocaleString("en"))))),
      make("p", { className: "hint" }, hints.join(" · ")),
      ...(mine ? [this.#privacy(user), ...this.#account(user), preferencesSection(this.api), devicesSection(this.api),
        sessions, exportForm(this.api), deletionForm(this.api, user, this.on.deleted)] : []),
      ...(user.blocked ? [] : [this.posts.open(user)]),
      make("div", { className: "card-end" }, ...(mine ? [] : this.#acts(user)), this.#button("Close", "plain", () => this.close())),
    );
  }

  #button(label, className, action, testid) {
    const button = make("button", { type: "button", className, data: testid ? { testid } : {} }, label);
    button.addEventListener("click", action);
    return button;
  }

  // What one may do with others

  #acts(user) {
    if (user.blocked) return [this.#act(user, "Unblock", "unblocked", "card-block", () => this.api.unblock(user.id))];
    return [
      this.#follow(user),
      this.#bell(user),
      user.muted
        ? this.#act(user, "Unmute", "unmuted", "card-mute", () => this.api.unmute(user.id))
        : this.#act(user, "Mute", "muted", "card-mute", () => this.api.mute(user.id)),
      this.#act(user, "Block", "blocked", "card-block", () => this.api.block(user.id)),
    ];
  }

  #follow(user) {
    const leaves = user.followed || user.requested;
    const label = user.followed ? "Unfollow" : user.requested ? "Take the request back" : user.private ? "Ask to follow" : "Follow";
    return this.#button(label, leaves ? "plain" : "main-button", async () => {
      try {
        await this.on.follow(user, !leaves);
        this.close();
      } catch (error) {
        notify(words(error));
      }
    }, "card-follow");
  }

  #bell(user) {
    const bell = this.#button(user.bell ? "Bell off" : "Bell on", "plain", async () => {
      try {
        await (user.bell ? this.api.unring(user.id) : this.api.ring(user.id));
        notify(user.bell ? `You are notified of posts of @${user.handle} no more.` : `You are notified of each post of @${user.handle}.`);
        this.close();
      } catch (error) {
        notify(words(error));
      }
    }, "card-bell");
    bell.title = "Notifications of each post";
    return bell;
  }

  #act(user, label, done, testid, call) {
    return this.#button(label, "plain", async () => {
      try {
        await call();
      } catch (error) {
        return notify(words(error));
      }
      if (label.startsWith("Un")) this.on.showed(user);
      else this.on.hid(user);
      notify(`@${user.handle} is ${done}.`);
      this.close();
    }, testid);
  }

  // One's own

  #account(user) {
    const profile = profileForm(this.api, user, this.on.changed);
    const code = codeForm(this.api, user);
    if (!user.anonymous) return [profile, code];
    const naming = namingForm(this.api, async () => {
      const named = await this.api.me();
      this.on.changed(named);
      await this.#fill(named);
    });
    // Without a provider it has one already, which opens it.
    return this.api.session.provider ? [naming, profile, code] : [naming, profile];
  }

  #privacy(user) {
    const box = make("input", { type: "checkbox", checked: user.private, data: { testid: "private" } });
    box.addEventListener("change", async () => {
      try {
        await this.api.update({ private: box.checked });
        notify(box.checked ? "Only followers see your posts now." : "Everybody sees your public posts now; who asked follows you.");
      } catch (error) {
        box.checked = !box.checked;
        notify(words(error));
      }
    });
    return make("label", { className: "choice" }, box, " Private account");
  }

  async #sessions() {
    const { items } = await this.api.sessions();
    const rows = items.map((session) => {
      const row = make("li", {}, make("bdi", {}, session.client ?? "An unknown client"), " ",
        make("span", { className: "hint" }, session.current ? "this one" : `used ${preciseTime(session.seen_at)}`));
      if (!session.current) {
        row.append(this.#button("End", "quiet", async () => {
          try {
            await this.api.endSession(session.id);
            row.remove();
          } catch (error) {
            notify(words(error));
          }
        }, "end-session"));
      }
      return row;
    });
    return make("details", { className: "following" }, make("summary", {}, `Sessions ${items.length}`),
      make("ul", { role: "list", className: "sessions" }, ...rows));
  }
}
