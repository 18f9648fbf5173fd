// Small helpers for the page. Text always goes in as text, never as markup.

export const byId = (id) => document.getElementById(id);

/** An element with properties and children; `data` and `aria` are objects, a string child is text. */
export function make(tag, { data = {}, aria = {}, ...properties } = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  Object.assign(element.dataset, data);
  for (const [name, value] of Object.entries(aria)) element.setAttribute(`aria-${name}`, value);
  element.append(...children);
  return element;
}

/** Says something to screen readers only. Setting the same words again would not be spoken. */
export function announce(text) {
  const region = byId("announcer");
  region.textContent = "";
  setTimeout(() => (region.textContent = text), 60);
}

let noticeTimer;

/** A passing word to everybody, for what has no place of its own. */
export function notify(text) {
  const notice = byId("notice");
  clearTimeout(noticeTimer);
  notice.hidden = false;
  notice.textContent = text;
  noticeTimer = setTimeout(() => (notice.hidden = true), 6_000);
}

/** The first letter in a tinted circle. The tint follows the id's time: its low bits are nearly always 0. */
export function avatar(user) {
  const letter = [...(user.display_name || user.handle)][0].toUpperCase();
  const tint = Number((BigInt(user.id) >> 12n) % 6n);
  return make("span", { className: `avatar tint-${tint}`, aria: { hidden: "true" } }, letter);
}

/** `posts`, `followers`, `following` as the label of a number. */
export function countLabel(name, number) {
  return number === 1 ? name.replace(/s$/, "") : name;
}

/** `1 comment`, `1,024 comments`. */
export function counted(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

const units = [
  [60, 1, "second"],
  [3600, 60, "minute"],
  [86_400, 3600, "hour"],
  [604_800, 86_400, "day"],
];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "always", style: "short" });
const absolute = new Intl.DateTimeFormat("en", { dateStyle: "medium" });
const precise = new Intl.DateTimeFormat("en", { dateStyle: "full", timeStyle: "medium" });

export function preciseTime(iso) {
  return precise.format(new Date(iso));
}

export function timeElement(iso) {
  const time = make("time", { dateTime: iso, title: preciseTime(iso) });
  refreshTime(time, Date.now());
  return time;
}

export function refreshTime(time, now) {
  const date = new Date(time.dateTime);
  // The server's clock may be ahead of this one: a post is never from the future.
  const age = Math.max(0, (now - date.getTime()) / 1000);
  const text = age < 10 ? "just now" : words(age) ?? absolute.format(date);
  if (time.textContent !== text) time.textContent = text;
}

function words(age) {
  const unit = units.find(([below]) => age < below);
  return unit && relative.format(-Math.floor(age / unit[1]), unit[2]);
}
