// What is on the screen: those cards are live by their own channels, and have been seen.

/** A card that only flies past is neither subscribed to nor seen. */
const restsMs = 700;
const watchedAtMost = 32;
const viewsMs = 10_000;
const viewsAtMost = 100;
const rememberedAtMost = 2_000;

export class Sight {
  #inSight = new Map();
  #watched = new Map();
  #views = new Set();
  #viewed = new Set();
  #timer;
  #sent = 0;

  /** `on(event)` is told each event of a card's post and poll; `live` as `ProfilePosts`'. */
  constructor(api, live, on) {
    Object.assign(this, { api, live, on });
    this.observer = new IntersectionObserver((entries) => this.#moved(entries), { threshold: 0.3 });
    setInterval(() => this.#sendViews(), 1_000);
    document.addEventListener("visibilitychange", () => this.#soon());
  }

  /** `article` shows the post from now on. One's own posts are not seen: their author is no viewer. */
  add(article, post) {
    const channels = [`post:${post.id}`];
    if (post.poll) channels.push(`poll:${post.poll.id}`);
    const isOwn = post.author.id === this.api.session.user?.id;
    this.observer.observe(Object.assign(article, { sight: { id: isOwn ? undefined : post.id, channels } }));
  }

  drop(article) {
    this.observer.unobserve(article);
    if (this.#inSight.delete(article)) this.#soon();
  }

  clear() {
    this.#inSight.clear();
    this.#views.clear();
    this.#viewed.clear();
    for (const [channel, listener] of this.#watched) this.live.unwatch(channel, listener);
    this.#watched.clear();
  }

  #moved(entries) {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) this.#inSight.delete(target);
      else if (!this.#inSight.has(target)) this.#inSight.set(target, Date.now());
    }
    this.#soon();
  }

  #soon() {
    this.#timer ??= setTimeout(() => this.#rest(), restsMs);
  }

  /** Subscribes to what rests on the screen, the topmost first, and leaves what has gone. */
  #rest() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const now = Date.now();
    const wanted = new Set();
    let waits = false;
    let cards = 0;
    for (const [article, since] of this.#inSight) {
      const rests = now - since >= restsMs - 50;
      waits ||= !rests;
      if (!rests || document.hidden || cards++ >= watchedAtMost) continue;
      article.sight.channels.forEach((channel) => wanted.add(channel));
      this.#see(article.sight.id);
    }
    for (const [channel, listener] of this.#watched) {
      // A tab in the background goes on to listen: it comes back to what it left.
      if (wanted.has(channel) || document.hidden) continue;
      this.#watched.delete(channel);
      this.live.unwatch(channel, listener);
    }
    for (const channel of wanted) {
      if (this.#watched.has(channel)) continue;
      // The newest state comes by itself, and a deleted post leaves its list.
      const listener = { event: (event) => this.on(event), read: () => {}, ended: () => {} };
      this.#watched.set(channel, listener);
      this.live.watch(channel, listener);
    }
    if (waits) this.#soon();
  }

  #see(id) {
    if (id === undefined || this.#viewed.has(id) || this.#views.size >= viewsAtMost) return;
    this.#viewed.add(id);
    this.#views.add(id);
    if (this.#viewed.size > rememberedAtMost) this.#viewed.delete(this.#viewed.values().next().value);
  }

  /** A view that could not be told is no loss. */
  #sendViews() {
    if (this.#views.size === 0 || Date.now() - this.#sent < viewsMs || !this.api.session.user) return;
    this.#sent = Date.now();
    const posts = [...this.#views];
    this.#views.clear();
    this.api.view(posts).catch(() => {});
  }
}
