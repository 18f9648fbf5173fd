// Keeps one live link up: which transport, when to try again, from which position.

import { isLoopback, socketUrl } from "./config.js";
import { ChannelStream } from "./channels.js";
import { SocketLink } from "./socket.js";
import { StreamLink } from "./stream.js";

const shortestMs = 200;
const longestMs = 20_000;
/** A link that held this long was a good one: the next loss starts the delays anew. */
const steadyMs = 5_000;
const refusalsBeforeFallback = 3;

/** Full jitter: a thousand pages that lost the same server come back spread out. */
export function backoff(attempt, random = Math.random()) {
  const ceiling = Math.min(longestMs, shortestMs * 2 ** (attempt + 1));
  return Math.round(shortestMs + random * (ceiling - shortestMs));
}

export class Live {
  #link;
  #timer;
  #running = false;
  #cursor;
  #position;
  #attempt = 0;
  #upSince = 0;
  #wasLive = false;
  #refused = 0;
  #blocked = 0;
  #socketWorked = false;
  #renewed = false;
  #paused = false;
  #closed = false;
  #channels = new Map();
  #side;
  transport = "websocket";

  /** `on` has `status(status)`, `event(event) -> was it news`, `reset()`. */
  constructor({ api, session, on }) {
    Object.assign(this, { api, session, on });
    this.#side = new ChannelStream(api, this.#channels);
  }

  /** Goes live from a REST page's `live`; later pages change nothing, for the link keeps its own position. */
  start(cursor) {
    if (this.#running) return;
    this.#running = true;
    this.#cursor = cursor;
    this.#position = undefined;
    this.#wasLive = this.#renewed = false;
    this.#attempt = this.#refused = this.#blocked = 0;
    this.#connect();
  }

  stop() {
    this.#running = false;
    clearTimeout(this.#timer);
    this.#link?.close();
    this.#link = undefined;
    this.#channels.clear();
    this.#side.use(false);
  }

  /**
   * Subscribes to a channel, over reconnects from the position in it. `on` has `event(event)`, `read()` (the subscription begins
   * here, or what was missed can't be told) and `ended()`. Several may listen to one.
   */
  watch(name, on) {
    const channel = this.#channels.get(name);
    if (channel) {
      channel.listeners.add(on);
      return on.read();
    }
    const listeners = new Set([on]);
    const all = (action) => (...told) => [...listeners].forEach((one) => one[action](...told));
    this.#channels.set(name, { listeners, on: { event: all("event"), read: all("read"), ended: all("ended") } });
    if (this.transport === "websocket") this.#link?.subscribe(name);
    else this.#side.changed();
  }

  unwatch(name, on) {
    const channel = this.#channels.get(name);
    channel?.listeners.delete(on);
    if (!channel || channel.listeners.size > 0) return;
    this.#channels.delete(name);
    if (this.transport === "websocket") this.#link?.unsubscribe(name);
    else this.#side.changed();
  }

  use(transport) {
    if (transport === this.transport) return;
    this.transport = transport;
    this.#refused = this.#blocked = this.#attempt = 0;
    if (this.#running) this.#connect();
  }

  /** Somebody looks, or the network is back: no point in sitting out the delay. */
  nudge() {
    if (this.#running && !this.#link && !this.#paused && !this.#closed) this.#connect();
  }

  /** After a final close the person decides, never a timer. */
  again() {
    if (this.#running && !this.#link) this.#connect();
  }

  /** Loses the link on purpose, for the show. */
  pause(ms) {
    if (!this.#running) return;
    this.#link?.close();
    this.#link = undefined;
    this.#paused = true;
    this.#schedule(ms);
  }

  #connect() {
    clearTimeout(this.#timer);
    this.#paused = this.#closed = false;
    this.#link?.close();
    this.#side.use(this.transport === "sse");
    const link = this.transport === "websocket" ? this.#socketLink() : this.#streamLink();
    this.#link = link;
    this.#report(this.#wasLive ? "reconnecting" : "connecting");
    link.open();
  }

  #socketLink() {
    const link = new SocketLink({
      url: socketUrl(this.api.origin),
      channel: `feed:${this.session.user.id}`,
      session: this.session,
      channels: this.#channels,
      resume: this.#position ?? { since: this.#cursor },
      on: this.#handlers(() => link),
    });
    return link;
  }

  /**
   * A WebSocket position cannot be written as a cursor, so after a switch the last cursor serves: it is
   * older, and what comes twice is dropped by its id.
   */
  #streamLink() {
    const link = new StreamLink({
      origin: this.api.origin,
      api: this.api,
      resume: { since: this.#cursor },
      on: this.#handlers(() => link),
    });
    return link;
  }

  /** What a replaced link still says is not heard. */
  #handlers(own) {
    const current = () => this.#link === own();
    return {
      connected: (verdict) => current() && this.#connected(verdict),
      event: (event) => current() && this.on.event(event),
      position: (position) => current() && this.#moved(position),
      wavering: (retryAt) => current() && this.#report("reconnecting", { retryAt }),
      lost: (end) => current() && this.#lost(end),
    };
  }

  #moved({ cursor, ...position }) {
    if (cursor === undefined) {
      this.#position = position;
    } else {
      this.#cursor = cursor;
      this.#position = undefined;
    }
  }

  #connected(verdict) {
    this.#upSince = Date.now();
    this.#refused = this.#blocked = 0;
    this.#renewed = false;
    if (this.transport === "websocket") this.#socketWorked = true;
    // The first link of a page resumes from the page just read; that is no story unless something came between.
    const story = verdict.kind === "resumed" || verdict.kind === "reset";
    const note = story && (this.#wasLive || verdict.missed > 0) ? verdict : undefined;
    if (verdict.kind !== "resuming") this.#wasLive = true;
    this.#report("live", { note });
    if (verdict.kind === "reset") this.on.reset();
  }

  #lost({ opened, final, badToken, reason, retryAfter }) {
    this.#link = undefined;
    if (this.#upSince && Date.now() - this.#upSince > steadyMs) this.#attempt = 0;
    this.#upSince = 0;
    if (badToken) return this.#renew(badToken, final, reason);
    if (final) return this.#giveUp(reason);
    if (this.transport === "websocket") this.#refused = opened ? 0 : this.#refused + 1;
    if (this.#refused >= refusalsBeforeFallback) this.#considerStream();
    else this.#schedule(retryAfter === undefined ? undefined : retryAfter * 1000);
  }

  #giveUp(reason) {
    this.#closed = true;
    this.#report("offline", { reason, final: true });
  }

  /** A refused token is renewed once; refused again, the server means it. */
  async #renew(badToken, final, reason) {
    if (this.#renewed && final) return this.#giveUp(reason);
    this.#report("reconnecting");
    try {
      await this.session.tokenAfter(badToken);
      this.#renewed = true;
    } catch {
      // Ended sessions stop this object; for an unreachable server the delay below does.
    }
    if (this.#running && !this.#link) this.#schedule();
  }

  /**
   * WebSocket is blocked only if plain HTTP gets through meanwhile; else the server is merely away. A socket
   * that worked before gets one try more, for the server may just have come back.
   */
  async #considerStream() {
    this.#report("reconnecting");
    const answers = await this.api.me().then(() => true, () => false);
    if (!this.#running || this.#link) return;
    if (!answers) return this.#schedule();
    this.#blocked += 1;
    if (this.#blocked > (this.#socketWorked ? 1 : 0)) this.transport = "sse";
    this.#connect();
  }

  #schedule(ms = backoff(this.#attempt++)) {
    clearTimeout(this.#timer);
    this.#report("reconnecting", { retryAt: Date.now() + ms });
    this.#timer = setTimeout(() => this.#connect(), ms);
  }

  #report(state, more = {}) {
    // A server on this machine is reached without any network.
    const cut = state === "reconnecting" && navigator.onLine === false && !isLoopback(this.api.origin);
    this.on.status({ state: cut ? "offline" : state, transport: this.transport, ...more });
  }
}
