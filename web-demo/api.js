// The calls of the public contract that this page makes.

import { newKey, Problem, send } from "./http.js";

export class Api {
  /** Keys of requests that were not answered, by what they ask for. */
  #unanswered = new Map();

  constructor(origin, session) {
    this.origin = origin;
    this.session = session;
  }

  async signup(fields) {
    this.session.adopt(await send(this.origin, "POST", "/v1/auth/signup", { body: fields }));
  }

  async login(fields) {
    this.session.adopt(await send(this.origin, "POST", "/v1/auth/login", { body: fields }));
  }

  /** Makes an account without a name. Returns its recovery code. */
  async signUpAnonymously() {
    return this.session.adopt(await this.#once("/v1/auth/anonymous", {}));
  }

  /** Returns the next recovery code. */
  async recover(fields) {
    return this.session.adopt(await this.#once("/v1/auth/recover", fields));
  }

  providers() {
    return send(this.origin, "GET", "/v1/auth/oidc");
  }

  /** Where the provider is, and the `state` that it sends back. */
  startLogIn(provider, redirect) {
    return send(this.origin, "POST", `/v1/auth/oidc/${encodeURIComponent(provider)}/start`, { body: { redirect } });
  }

  async finishLogIn(provider, code, state) {
    const path = `/v1/auth/oidc/${encodeURIComponent(provider)}/finish`;
    this.session.adopt(await send(this.origin, "POST", path, { body: { code, state }, key: newKey() }), provider);
  }

  /** Ends the session here at once, and on the server if it can be reached. */
  async logout() {
    const body = { refresh_token: this.session.refreshToken };
    this.session.end();
    await send(this.origin, "POST", "/v1/auth/logout", { body }).catch(() => {});
  }

  async me() {
    const user = await this.#call("GET", "/v1/me");
    this.session.updateUser(user);
    return user;
  }

  user(id) {
    return this.#call("GET", `/v1/users/${encodeURIComponent(id)}`);
  }

  userByHandle(handle) {
    return this.#call("GET", `/v1/users/@${encodeURIComponent(handle)}`);
  }

  follow(id) {
    return this.#call("PUT", `/v1/users/${encodeURIComponent(id)}/follow`);
  }

  unfollow(id) {
    return this.#call("DELETE", `/v1/users/${encodeURIComponent(id)}/follow`);
  }

  block(id) {
    return this.#call("PUT", `/v1/users/${encodeURIComponent(id)}/block`);
  }

  unblock(id) {
    return this.#call("DELETE", `/v1/users/${encodeURIComponent(id)}/block`);
  }

  mute(id) {
    return this.#call("PUT", `/v1/users/${encodeURIComponent(id)}/mute`, { body: {} });
  }

  unmute(id) {
    return this.#call("DELETE", `/v1/users/${encodeURIComponent(id)}/mute`);
  }

  requests() {
    return this.#call("GET", "/v1/me/requests");
  }

  accept(id) {
    return this.#call("PUT", `/v1/me/requests/${encodeURIComponent(id)}`);
  }

  refuse(id) {
    return this.#call("DELETE", `/v1/me/requests/${encodeURIComponent(id)}`);
  }

  update(change) {
    return this.#call("PATCH", "/v1/me", { body: change });
  }

  changeCredentials(fields) {
    return this.#call("PUT", "/v1/me/credentials", { body: fields });
  }

  /** `confirmation`: as `deleteAccount` takes it. */
  recoveryCode(confirmation) {
    return this.#call("POST", "/v1/me/recovery-code", { body: confirmation });
  }

  /** `confirmation`: `password`, `recovery_code`, or nothing after a log-in by a provider; `days`: in which it can be taken back. */
  deleteAccount(confirmation, days) {
    return this.#call("POST", `/v1/me/deletion${query({ grace: days })}`, { body: confirmation });
  }

  exportAccount() {
    return this.#call("POST", "/v1/me/export", { key: newKey() });
  }

  /** Newest first. */
  exports() {
    return this.#call("GET", "/v1/me/exports?limit=1");
  }

  /** The address of an archive: who has it needs no token. */
  archive({ url }) {
    return `${this.origin}${url}`;
  }

  keepAccount() {
    return this.#call("DELETE", "/v1/me/deletion");
  }

  /** The address at which everybody who knows it can read how far a deletion is. */
  receipt({ id, key }) {
    return `${this.origin}/v1/deletions/${encodeURIComponent(id)}${query({ key })}`;
  }

  sessions() {
    return this.#call("GET", "/v1/me/sessions");
  }

  endSession(id) {
    return this.#call("DELETE", `/v1/me/sessions/${encodeURIComponent(id)}`);
  }

  following(id, cursor) {
    return this.#call("GET", `/v1/users/${encodeURIComponent(id)}/following${query({ cursor })}`);
  }

  feed(cursor) {
    return this.#call("GET", `/v1/feed${query({ cursor })}`);
  }

  posts(id) {
    return this.#call("GET", `/v1/users/${encodeURIComponent(id)}/posts`);
  }

  /** `poll` as the contract has it, or none. */
  post(text, poll, key) {
    return this.#call("POST", "/v1/posts", { body: { text, ...(poll && { poll }) }, key });
  }

  onePost(id) {
    return this.#call("GET", `/v1/posts/${encodeURIComponent(id)}`);
  }

  like(id) {
    return this.#call("PUT", `/v1/posts/${encodeURIComponent(id)}/like`);
  }

  unlike(id) {
    return this.#call("DELETE", `/v1/posts/${encodeURIComponent(id)}/like`);
  }

  /** Tells which posts were on the screen. */
  view(posts) {
    return this.#call("POST", "/v1/views", { body: { posts } });
  }

  comments(post, cursor) {
    return this.#call("GET", `/v1/posts/${encodeURIComponent(post)}/comments${query({ cursor })}`);
  }

  replies(comment, cursor) {
    return this.#call("GET", `/v1/comments/${encodeURIComponent(comment)}/replies${query({ cursor })}`);
  }

  comment(post, text, parent, key) {
    return this.#call("POST", `/v1/posts/${encodeURIComponent(post)}/comments`, { body: { text, ...(parent && { parent }) }, key });
  }

  oneComment(id) {
    return this.#call("GET", `/v1/comments/${encodeURIComponent(id)}`);
  }

  editComment(id, text) {
    return this.#call("PATCH", `/v1/comments/${encodeURIComponent(id)}`, { body: { text } });
  }

  deleteComment(id) {
    return this.#call("DELETE", `/v1/comments/${encodeURIComponent(id)}`);
  }

  likeComment(id) {
    return this.#call("PUT", `/v1/comments/${encodeURIComponent(id)}/like`);
  }

  unlikeComment(id) {
    return this.#call("DELETE", `/v1/comments/${encodeURIComponent(id)}/like`);
  }

  poll(id) {
    return this.#call("GET", `/v1/polls/${encodeURIComponent(id)}`);
  }

  vote(id, options) {
    return this.#call("POST", `/v1/polls/${encodeURIComponent(id)}/votes`, { body: { options } });
  }

  tag(name) {
    return this.#call("GET", `/v1/tags/${encodeURIComponent(name)}`);
  }

  followTag(name) {
    return this.#call("PUT", `/v1/tags/${encodeURIComponent(name)}/follow`);
  }

  unfollowTag(name) {
    return this.#call("DELETE", `/v1/tags/${encodeURIComponent(name)}/follow`);
  }

  tagPosts(name, cursor) {
    return this.#call("GET", `/v1/tags/${encodeURIComponent(name)}/posts${query({ cursor })}`);
  }

  report(target, reason, text) {
    return this.#call("POST", "/v1/reports", { body: { target, reason, ...(text && { text }) }, key: newKey() });
  }

  editPost(id, text) {
    return this.#call("PATCH", `/v1/posts/${encodeURIComponent(id)}`, { body: { text } });
  }

  history(id) {
    return this.#call("GET", `/v1/posts/${encodeURIComponent(id)}/history`);
  }

  deletePost(id) {
    return this.#call("DELETE", `/v1/posts/${encodeURIComponent(id)}`);
  }

  bookmarks() {
    return this.#call("GET", "/v1/me/bookmarks?limit=100");
  }

  bookmark(id) {
    return this.#call("PUT", `/v1/posts/${encodeURIComponent(id)}/bookmark`);
  }

  unbookmark(id) {
    return this.#call("DELETE", `/v1/posts/${encodeURIComponent(id)}/bookmark`);
  }

  ring(id) {
    return this.#call("PUT", `/v1/users/${encodeURIComponent(id)}/bell`);
  }

  unring(id) {
    return this.#call("DELETE", `/v1/users/${encodeURIComponent(id)}/bell`);
  }

  notifications() {
    return this.#call("GET", "/v1/notifications?limit=50");
  }

  readNotifications(upTo) {
    return this.#call("PUT", "/v1/notifications/read", { body: { up_to: upTo } });
  }

  removeNotification(key) {
    return this.#call("DELETE", `/v1/notifications/${encodeURIComponent(key)}`);
  }

  /** `{value, tag}` */
  preferences() {
    return this.#call("GET", "/v1/me/preferences", { tagged: true });
  }

  setPreferences(body, match) {
    return this.#call("PUT", "/v1/me/preferences", { body, match, tagged: true });
  }

  devices() {
    return this.#call("GET", "/v1/devices?limit=100");
  }

  addDevice(device) {
    return this.#call("POST", "/v1/devices", { body: device, key: newKey() });
  }

  /** Sends it a test push. */
  testDevice(id) {
    return this.#call("POST", `/v1/devices/${encodeURIComponent(id)}/test`, { key: newKey() });
  }

  /** What was sent to it, newest first. */
  deliveries(id) {
    return this.#call("GET", `/v1/devices/${encodeURIComponent(id)}/deliveries?limit=20`);
  }

  removeDevice(id) {
    return this.#call("DELETE", `/v1/devices/${encodeURIComponent(id)}`);
  }

  pushKey() {
    return this.#call("GET", "/v1/push/key");
  }

  ticket() {
    return this.#call("POST", "/v1/live/ticket");
  }

  /** Asks for what can't be asked for twice: after a lost answer the same request gets it by the same key. */
  async #once(path, body) {
    const request = path + JSON.stringify(body);
    const key = this.#unanswered.get(request) ?? newKey();
    this.#unanswered.set(request, key);
    const answer = await send(this.origin, "POST", path, { body, key });
    this.#unanswered.delete(request);
    return answer;
  }

  /** A call as this person; a refused access token is renewed once. */
  async #call(method, path, options = {}) {
    const token = await this.session.token();
    try {
      return await send(this.origin, method, path, { ...options, token });
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 401) throw error;
      return send(this.origin, method, path, { ...options, token: await this.session.tokenAfter(token) });
    }
  }
}

function query(values) {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
}
