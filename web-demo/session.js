// Who this tab is. sessionStorage, so that two tabs are two people.

import { Problem, send } from "./http.js";

/** A token is renewed this long before its end, or in its last third if it is short. */
const leadMs = 60_000;

export class Session {
  #origin;
  #key;
  #state;
  #flight;
  #timer;
  #channel;
  onEnd = () => {};

  constructor(origin) {
    this.#origin = origin;
    // The server's name is in the key: a token never goes to another server than the one that gave it.
    this.#key = `martlet.session ${origin}`;
    this.#state = load(this.#key);
    this.#channel = "BroadcastChannel" in globalThis ? new BroadcastChannel(this.#key) : undefined;
    if (this.#channel) this.#channel.onmessage = ({ data }) => this.#follow(data);
    this.#schedule();
  }

  get user() {
    return this.#state?.user;
  }

  /** The account is about to be deleted: this session may only take that back. */
  get isLeaving() {
    return this.#state?.leaving === true;
  }

  /** Takes tokens as the account is now. */
  renew() {
    return this.#refresh();
  }

  get refreshToken() {
    return this.#state?.refresh_token;
  }

  /** By which this session was begun, if by one. */
  get provider() {
    return this.#state?.provider;
  }

  /** Takes what signup, login, recovery or refresh answered. Returns the recovery code, if any, which is not kept. */
  adopt({ recovery_code: code, ...reply }, provider = this.#state?.provider) {
    const lifeMs = (reply.expires_in ?? 900) * 1000;
    this.#state = { ...reply, provider, endsAt: Date.now() + lifeMs, lead: Math.min(leadMs, lifeMs / 3) };
    store(this.#key, this.#state);
    this.#schedule();
    return code;
  }

  updateUser(user) {
    if (this.#state?.user.id !== user.id) return;
    this.#state.user = user;
    store(this.#key, this.#state);
  }

  /** Forgets the session; `reason` is for the person and undefined when they asked for it. */
  end(reason) {
    if (!this.#state) return;
    this.#state = undefined;
    clearTimeout(this.#timer);
    store(this.#key, undefined);
    this.onEnd(reason);
  }

  /** An access token that is good for a while yet. */
  async token() {
    const state = this.#state;
    if (!state) throw new Problem(401, { code: "unauthenticated", detail: "Not logged in." });
    return Date.now() < state.endsAt - state.lead ? state.access_token : this.#refresh();
  }

  /** A token other than the one that was refused or is about to end. */
  async tokenAfter(old) {
    return this.#state && this.#state.access_token !== old ? this.#state.access_token : this.#refresh();
  }

  #refresh() {
    this.#flight ??= this.#exchange().finally(() => (this.#flight = undefined));
    return this.#flight;
  }

  #exchange() {
    const before = this.#state?.refresh_token;
    return alone(`${this.#key} refresh`, async () => {
      if (!this.#state) throw new Problem(401, { code: "unauthenticated", detail: "Not logged in." });
      if (this.#state.refresh_token !== before) return this.#state.access_token;
      const reply = await this.#spend(before);
      if (this.#state?.refresh_token !== before) throw new Problem(401, { detail: "Logged out meanwhile." });
      this.adopt(reply);
      this.#channel?.postMessage({ spent: before, reply });
      // The lock is held until a duplicate of this tab has heard of the new token: it would spend the old
      // one again, and the server would take that for theft and end the session of both.
      if (navigator.locks && this.#channel) await new Promise((done) => setTimeout(done, 200));
      return reply.access_token;
    });
  }

  async #spend(refreshToken) {
    try {
      return await send(this.#origin, "POST", "/v1/auth/refresh", { body: { refresh_token: refreshToken } });
    } catch (error) {
      if (error instanceof Problem && error.status === 401) this.end("Your session has ended. Please log in again.");
      throw error;
    }
  }

  /** "Duplicate tab" copies sessionStorage, so another tab may hold the same refresh token. */
  #follow({ spent, reply }) {
    if (spent && this.#state?.refresh_token === spent) this.adopt(reply);
  }

  /** Keeps an idle page's token fresh; the spread keeps duplicated tabs from renewing in the same instant. */
  #schedule() {
    clearTimeout(this.#timer);
    if (!this.#state) return;
    const { endsAt, lead } = this.#state;
    const wait = endsAt - lead * (1 + Math.random() / 2) - Date.now();
    this.#timer = setTimeout(() => this.#refresh().catch(() => {}), Math.max(wait, 1000));
  }
}

function alone(name, work) {
  // Locks exist in secure contexts only (https and localhost).
  return navigator.locks ? navigator.locks.request(name, work) : work();
}

function load(key) {
  try {
    const state = JSON.parse(sessionStorage.getItem(key));
    return state?.user?.id && state.refresh_token ? state : undefined;
  } catch {
    return undefined;
  }
}

function store(key, state) {
  try {
    if (state) sessionStorage.setItem(key, JSON.stringify(state));
    else sessionStorage.removeItem(key);
  } catch {
    // Without storage the session lasts as long as the page.
  }
}
