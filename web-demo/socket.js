// One WebSocket connection in the Centrifugo client protocol (JSON, v2), from the upgrade to its end.
// It never reconnects: live.js decides that.

const answerMs = 10_000;
const graceMs = 10_000;
const invalidToken = 3500;
const expired = 3005;
/** From this code of an unsubscribe push on. */
const subscribeAgain = 2500;
const againMs = 2_000;

export class SocketLink {
  #socket;
  #commands = 0;
  #waiting = new Map();
  #timers = {};
  #silenceMs = 0;
  #pong = false;
  #token;
  #spoken = false;
  #over = false;
  #ready = false;

  /**
   * `channels` are others to subscribe to, by name: `{on, position?}` with `on` as `Live.watch` has it. `resume` is `{epoch, offset}` of an earlier connection, or `{since}` of a REST page or an SSE stream.
   * `on` has `connected(verdict)`, `event(event) -> was it news`, `position({epoch, offset})`, `lost(end)`.
   */
  constructor({ url, channel, channels, session, resume, on }) {
    Object.assign(this, { url, channel, channels, session, resume, on });
  }

  async open() {
    try {
      this.#token = await this.session.token();
    } catch (error) {
      // Not the socket's fault, so it does not count as a refused upgrade.
      return this.#end({ opened: true, reason: error.message });
    }
    if (this.#over) return;
    this.#socket = new WebSocket(this.url, "centrifuge-json");
    this.#socket.onopen = () => this.#connect();
    this.#socket.onmessage = ({ data }) => this.#frame(data);
    this.#socket.onclose = ({ code, reason }) => this.#closed(code, reason);
    this.#arm("answer", answerMs, () => this.#end({ opened: this.#spoken, reason: "no answer" }));
  }

  close() {
    this.#over = true;
    Object.values(this.#timers).forEach(clearTimeout);
    this.#waiting.clear();
    if (!this.#socket) return;
    // A dead link takes minutes to finish the closing handshake; nobody waits for it.
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close(1000);
  }

  #connect() {
    const connect = { token: this.#token, name: "martlet-web" };
    const { epoch, offset, since } = this.resume;
    if (epoch !== undefined) connect.subs = { [this.channel]: { recover: true, epoch, offset } };
    else if (since !== undefined) connect.data = { since };
    this.#request({ connect }, (error, reply) => (error ? this.#refused(error) : this.#connected(reply)));
  }

  #connected({ subs = {}, ping = 0, pong = false, expires = false, ttl = 0 }) {
    clearTimeout(this.#timers.answer);
    this.#pong = pong;
    this.#silenceMs = ping > 0 ? ping * 1000 + graceMs : 0;
    this.#listen();
    const verdict = this.#takeOver(subs[this.channel]);
    this.on.connected(verdict);
    if (expires) this.#planRefresh(ttl);
    this.#ready = true;
    for (const name of this.channels.keys()) this.subscribe(name);
  }

  subscribe(name) {
    const channel = this.channels.get(name);
    if (!this.#ready || this.#over || !channel) return;
    const subscribe = { channel: name, ...(channel.position && { recover: true, ...channel.position }) };
    this.#request({ subscribe }, (error, reply) => {
      if (this.channels.get(name) !== channel) return;
      if (!error) this.#subscribed(channel, reply);
      else if (error.code === 100 || error.temporary) setTimeout(() => this.subscribe(name), againMs);
      else channel.on.ended();
    });
  }

  unsubscribe(name) {
    if (this.#ready && !this.#over) this.#request({ unsubscribe: { channel: name } }, () => {});
  }

  #subscribed(channel, { recovered = false, publications = [], epoch, offset = 0 }) {
    const held = channel.position !== undefined;
    publications.forEach((publication) => channel.on.event(publication.data));
    channel.position = { epoch, offset };
    if (!held || !recovered) channel.on.read();
  }

  #told(name, { pub, unsubscribe }) {
    const channel = this.channels.get(name);
    if (!channel) return;
    if (unsubscribe && unsubscribe.code >= subscribeAgain) return this.subscribe(name);
    if (unsubscribe) return channel.on.ended();
    if (!pub) return;
    channel.on.event(pub.data);
    if (pub.offset !== undefined && channel.position) channel.position = { ...channel.position, offset: pub.offset };
  }

  /** Takes what was missed, then the position, in this order: a crash between the two repeats, never skips. */
  #takeOver(sub = {}) {
    const { recovered = false, publications = [], epoch, offset } = sub;
    const asked = this.resume.epoch !== undefined || this.resume.since !== undefined;
    const news = publications.filter((publication) => this.on.event(publication.data)).length;
    if (epoch !== undefined) this.on.position({ epoch, offset: offset ?? 0 });
    this.resume = { epoch };
    if (!asked) return { kind: "live" };
    return recovered ? { kind: "resumed", missed: news } : { kind: "reset" };
  }

  #frame(data) {
    this.#spoken = true;
    this.#listen();
    for (const line of data.split("\n")) {
      if (line.trim() === "" || this.#over) continue;
      this.#message(JSON.parse(line));
    }
  }

  #message(message) {
    if (message.push) return this.#push(message.push);
    if (message.id) return this.#reply(message);
    if (this.#pong) this.#send("{}");
  }

  #reply({ id, error, ...results }) {
    const done = this.#waiting.get(id);
    this.#waiting.delete(id);
    done?.(error, Object.values(results)[0] ?? {});
  }

  #push({ channel, pub, disconnect, unsubscribe }) {
    if (disconnect) return this.#closed(disconnect.code, disconnect.reason);
    if (channel !== this.channel) return this.#told(channel, { pub, unsubscribe });
    // The server cannot vouch for the subscription any more: a new connection recovers.
    if (unsubscribe) return this.#end({ opened: true, reason: unsubscribe.reason });
    if (!pub) return;
    this.on.event(pub.data);
    if (pub.offset !== undefined) this.on.position({ epoch: this.resume.epoch, offset: pub.offset });
  }

  #planRefresh(ttl) {
    const lead = Math.min(30, ttl / 3);
    this.#arm("refresh", (ttl - lead) * 1000, async () => {
      try {
        this.#token = await this.session.tokenAfter(this.#token);
      } catch {
        return; // The server closes with 3005 at the end, and reconnecting asks again.
      }
      if (this.#over) return;
      this.#request({ refresh: { token: this.#token } }, (error, reply) => {
        if (error) this.#refused(error);
        else if (reply.expires) this.#planRefresh(reply.ttl);
      });
    });
  }

  /** An error reply: 101 and 109 are about the token, below 100 is temporary, the rest would only repeat. */
  #refused({ code, message, temporary = false }) {
    const token = code === 101 || code === 109;
    this.#end({ opened: true, reason: message, badToken: token && this.#token, final: !(code < 100 || temporary || code === 109) });
  }

  #closed(code, reason) {
    const final = (code >= 3500 && code < 4000) || (code >= 4500 && code < 5000);
    const token = code === invalidToken || code === expired;
    this.#end({ opened: this.#spoken, reason, badToken: token && this.#token, final });
  }

  #end(end) {
    if (this.#over) return;
    this.close();
    this.on.lost(end);
  }

  #request(command, done) {
    const id = ++this.#commands;
    this.#waiting.set(id, done);
    this.#send(JSON.stringify({ id, ...command }));
  }

  #send(text) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(text);
  }

  /** Silence of a ping interval and its grace is a dead link; TCP alone would say so after minutes. */
  #listen() {
    if (this.#silenceMs > 0) this.#arm("silence", this.#silenceMs, () => this.#end({ opened: true, reason: "silence" }));
  }

  #arm(name, ms, action) {
    clearTimeout(this.#timers[name]);
    this.#timers[name] = setTimeout(action, ms);
  }
}
