// Channels beside the feed where the page is live by server-sent events: one stream for all of them, opened anew when they change.

/** What a stream may have. */
const channelsAtMost = 16;
/** Who scrolls changes many at once. */
const settledMs = 500;
const againMs = 5_000;
/** As a stream calls the reader's own. */
const inStream = (name) => (name.startsWith("notifications:") ? "notifications" : name);
const told = [
  "notification.created", "notification.updated", "notification.removed", "notifications.read", "device.failing",
  "post.created", "post.updated", "post.deleted", "post.counts", "comment.created", "comment.updated", "comment.deleted", "poll.updated",
];

export class ChannelStream {
  #source;
  #timer;
  #isOn = false;
  #names = "";
  #generation = 0;
  /** Where the last stream was in all of its channels. */
  #position;

  /** `channels` as `Live` keeps them: `{on}` by name. */
  constructor(api, channels) {
    Object.assign(this, { api, channels });
    // A browser has few connections to a server: a tab that nobody sees needs none for this.
    document.addEventListener("visibilitychange", () => this.changed());
  }

  use(isOn) {
    if (isOn === this.#isOn) return;
    this.#isOn = isOn;
    this.#position = undefined;
    this.changed();
  }

  changed() {
    clearTimeout(this.#timer);
    if (this.#isOn || this.#source) this.#timer = setTimeout(() => this.#open(), settledMs);
  }

  async #open() {
    const all = this.#isOn && !document.hidden ? [...this.channels.keys()] : [];
    const [own, others] = [true, false].map((isOwn) => all.filter((name) => (inStream(name) !== name) === isOwn));
    const names = [...own, ...others.slice(-channelsAtMost)];
    const joined = names.map(inStream).join(",");
    if (joined === this.#names && (this.#source || names.length === 0)) return;
    const generation = ++this.#generation;
    this.#close();
    if (names.length === 0) return;
    try {
      const { ticket } = await this.api.ticket();
      if (generation !== this.#generation) return;
      this.#names = joined;
      const query = new URLSearchParams({ ticket, channels: joined, ...(this.#position && { since: this.#position }) });
      this.#source = new EventSource(`${this.api.origin}/v1/live/sse?${query}`);
    } catch {
      return this.#again();
    }
    const source = this.#source;
    const listen = (type, action) => source.addEventListener(type, ({ data, lastEventId }) => {
      const event = JSON.parse(data);
      const channel = this.channels.get(names.find((name) => inStream(name) === event.channel));
      if (source !== this.#source) return;
      if (channel) action(channel, event);
      if (lastEventId) this.#position = lastEventId;
    });
    const read = (channel) => {
      channel.isBegun = true;
      channel.on.read();
    };
    listen("live", read);
    listen("reset", read);
    // Who has just come to it has read nothing.
    listen("resumed", (channel) => channel.isBegun || read(channel));
    listen("unsubscribed", (channel) => channel.on.ended());
    for (const type of told) listen(type, (channel, event) => channel.on.event(event));
    source.onerror = () => {
      if (source !== this.#source || source.readyState !== EventSource.CLOSED) return;
      this.#close();
      // One of them may be gone, which only a read tells.
      for (const name of names) this.channels.get(name)?.on.read();
      this.#again();
    };
  }

  #again() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#open(), againMs);
  }

  #close() {
    this.#source?.close();
    this.#source = undefined;
    this.#names = "";
  }
}
