// Puts the parts together: who is logged in decides what is on the page.

import { farewell } from "./account.js";
import { Api } from "./api.js";
import { setUpAuth } from "./auth.js";
import { Bookmarks } from "./bookmarks.js";
import { Cards } from "./cards.js";
import { setUpComposer } from "./composer.js";
import { serverFrom } from "./config.js";
import { Connection } from "./connection.js";
import { showFailing } from "./devices.js";
import { byId, countLabel, notify } from "./dom.js";
import { Live } from "./live.js";
import { Notifications } from "./notifications.js";
import { Pages } from "./pages.js";
import { People } from "./people.js";
import { Requests } from "./requests.js";
import { Session } from "./session.js";
import { TagPage } from "./tag.js";
import { Thread } from "./thread.js";
import { Timeline } from "./timeline.js";

/** Follows of others do not come over the live link: they are read now and then, as is the rest while that is down. */
const countersMs = 30_000;

let counting = false;
let isLive = false;
const server = serverFrom(location.search, location.origin);
const session = new Session(server.origin);
const api = new Api(server.origin, session);
const live = new Live({
  api,
  session,
  on: {
    status: (status) => {
      isLive = status.state === "live";
      connection.show(status);
    },
    event: (event) => heard(event),
    reset: () => timeline.load(),
  },
});
const people = new People(api, live, followChanged, {
  hid: (user) => timeline.dropAuthor(user.id),
  showed: () => timeline.load(),
  changed: (user) => {
    session.updateUser(user);
    showMe(user);
  },
  deleted: (deletion) => {
    session.end();
    farewell(api, deletion);
  },
});
const requests = new Requests(api, refreshCounters);
const bookmarks = new Bookmarks(api);
const notifications = new Notifications(
  api, (type) => type === "follow_request" && requests.load().catch(() => {}), showFailing);
const cards = new Cards(api, live, people, bookmarks);
const timeline = new Timeline(api, cards);
const thread = new Thread(api, live, cards);
const tag = new TagPage(api, live, cards);
const pages = new Pages({ post: thread, tag }, (id) => people.showCard(id));
const connection = new Connection(live);

session.onEnd = leave;
timeline.onDeleted = refreshCounters;
timeline.onPage = (cursor) => live.start(cursor);
setUpAuth(api, () => {
  enter();
  focusOn("composer");
});
setUpComposer(api, (post) => {
  timeline.addOwn(post);
  refreshCounters();
});
byId("me-name").addEventListener("click", () => people.showCard(session.user.id));
addEventListener("online", () => live.nudge());
document.addEventListener("visibilitychange", () => {
  if (document.hidden || !session.user) return;
  live.nudge();
  refreshCounters();
});
setInterval(() => !document.hidden && refreshCounters(), countersMs);

showServer();
if (session.user) enter();
else showDoors(true);

function enter() {
  byId("farewell").hidden = true;
  showDoors(false);
  showMe(session.user);
  people.load().catch(() => {});
  bookmarks.load().catch(() => {});
  requests.load().catch(() => {});
  notifications.enter(live, session.user);
  refreshCounters();
  pages.enter();
  timeline.load();
}

function leave(reason) {
  pages.leave();
  live.stop();
  connection.hide();
  timeline.clear();
  cards.clear();
  people.clear();
  bookmarks.clear();
  requests.clear();
  notifications.clear();
  byId("composer-form").reset();
  showDoors(true);
  if (reason) notify(reason);
  focusOn("login-handle");
}

/** The focused element is gone with its view. On a touch screen a field would raise the keyboard. */
function focusOn(field) {
  const target = matchMedia("(pointer: fine)").matches ? byId(field) : byId("main");
  target.focus({ preventScroll: true });
}

function showDoors(open) {
  byId("welcome").hidden = !open;
  if (open) byId("home").hidden = true;
  byId("me").hidden = open;
  document.body.dataset.view = open ? "welcome" : "home";
  if (open) connection.hide();
}

function heard(event) {
  if (event.type === "post.deleted") bookmarks.drop(event.post_id);
  const news = timeline.take(event);
  const own = event.type === "post.created" ? event.post.author.id === session.user?.id : event.type === "post.deleted";
  if (news && own) refreshCounters();
  return news;
}

function followChanged(user, followed) {
  if (!followed) timeline.dropAuthor(user.id);
  refreshCounters();
  timeline.load();
}

/** One read for a burst of changes. */
function refreshCounters() {
  if (counting || !session.user) return;
  counting = true;
  setTimeout(async () => {
    counting = false;
    if (!session.user) return;
    await api.me().then(showMe, () => {});
    await Promise.allSettled([requests.load(), ...(isLive && notifications.isLive ? [] : [notifications.load()])]);
  }, 200);
}

function showMe(user) {
  if (session.user?.id !== user.id) return;
  byId("me-name").textContent = `@${user.handle}`;
  byId("me-name").setAttribute("aria-label", `@${user.handle}, your card`);
  for (const name of ["posts", "followers", "following"]) {
    const number = byId(`count-${name}`);
    number.textContent = user[name].toLocaleString("en");
    number.previousElementSibling.textContent = countLabel(name, user[name]);
  }
  people.showCount(user.following);
}

/** A link can name any server, so whoever types a password is told which one gets it. */
function showServer() {
  if (server.error) {
    byId("server-warning").textContent = server.error;
    byId("server-warning").hidden = false;
  }
  if (server.origin !== location.origin) byId("server-name").textContent = `The server is ${server.origin}`;
}
