// One SSE stream and its own reconnects. It ends when EventSource gives up: live.js then asks for a new ticket.

const openMs = 20_000;
/** How long the events that were missed may take to come. */
const catchUpMs = 2_000;

export class StreamLink {
  #source;
  #over = false;
  #opened = false;
  #drainMs;
  #catchUp;
  #timer;

  /** As SocketLink, with `position({cursor})`, and `wavering(retryAt?)` while EventSource reconnects by itself. */
  constructor({ origin, api, resume, on }) {
    Object.assign(this, { origin, api, resume, on });
  }

  async open() {
    let ticket;
    try {
      ({ ticket } = await this.api.ticket());
    } catch (error) {
      return this.#end({ opened: false, reason: error.message, retryAfter: error.retryAfter });
    }
    if (this.#over) return;
    const query = new URLSearchParams({ ticket });
    if (this.resume.since !== undefined) query.set("since", this.resume.since);
    this.#source = new EventSource(`${this.origin}/v1/live/sse?${query}`);
    this.#listen("live", () => this.#verdict({ kind: "live" }));
    this.#listen("resumed", ({ missed = 0 }) => this.#resumed(missed));
    this.#listen("reset", () => this.#verdict({ kind: "reset" }));
    for (const type of ["post.created", "post.updated", "post.deleted", "feed.changed"]) {
      this.#listen(type, (event) => this.#event(event));
    }
    this.#listen("drain", ({ retry_after_ms: ms }) => (this.#drainMs = ms));
    this.#source.onerror = () => this.#failed();
    this.#timer = setTimeout(() => this.#end({ opened: false, reason: "no answer" }), openMs);
  }

  close() {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#source?.close();
  }

  #listen(name, action) {
    this.#source.addEventListener(name, (message) => {
      if (this.#over) return;
      action(message.data ? JSON.parse(message.data) : {});
      // After the action: a position is kept once its event is in the page.
      if (message.lastEventId) this.on.position({ cursor: message.lastEventId });
    });
  }

  #verdict(verdict) {
    clearTimeout(this.#timer);
    this.#opened = true;
    this.#catchUp = undefined;
    this.#drainMs = undefined;
    this.on.connected(verdict);
  }

  /**
   * The verdict counts from the cursor that was sent, and after a switch from WebSocket that is an old one:
   * what the page has already is not news, so the note waits for the events that follow.
   */
  #resumed(missed) {
    this.#verdict(missed === 0 ? { kind: "resumed", missed: 0 } : { kind: "resuming" });
    if (missed === 0) return;
    this.#catchUp = { left: missed, news: 0 };
    // Events of kinds that this page does not know are told, and never come here.
    this.#timer = setTimeout(() => this.#caughtUp(), catchUpMs);
  }

  #caughtUp() {
    if (this.#catchUp) this.#verdict({ kind: "resumed", missed: this.#catchUp.news });
  }

  #event(event) {
    const news = this.on.event(event);
    if (!this.#catchUp) return;
    if (news) this.#catchUp.news += 1;
    this.#catchUp.left -= 1;
    if (this.#catchUp.left === 0) this.#caughtUp();
  }

  #failed() {
    if (this.#over) return;
    // A server that has us wait ends the stream, too, and has said to EventSource for how long.
    if (this.#source.readyState === EventSource.CLOSED) return this.#end({ opened: this.#opened, reason: "stream refused" });
    clearTimeout(this.#timer);
    this.on.wavering(this.#drainMs === undefined ? undefined : Date.now() + this.#drainMs);
  }

  #end(end) {
    if (this.#over) return;
    this.close();
    this.on.lost(end);
  }
}
