// How the reader wants to be notified: of what and where, in which hours, of whose doings.

import { make, notify } from "./dom.js";
import { field, onSubmit, words } from "./forms.js";

const types = {
  follow: "New followers", follow_request: "Requests to follow", follow_accepted: "Accepted requests", like: "Likes",
  comment: "Comments on your posts", reply: "Replies", mention: "Mentions", poll_closed: "Polls that have closed",
  post: "Posts of those with the bell on",
};
const channels = { inbox: "In the list", push: "On devices" };

export function preferencesSection(api) {
  const form = make("form", { method: "post", noValidate: true, data: { testid: "preferences-form" }, aria: { label: "Notification settings" } });
  const section = make("details", { className: "following", data: { testid: "preferences" } },
    make("summary", {}, "Notification settings"), form);
  let tag;

  const load = async () => {
    const { value, tag: found } = await api.preferences();
    tag = found;
    form.replaceChildren(...fields(value));
  };
  onSubmit(form, async () => {
    try {
      ({ tag } = await api.setPreferences(read(form), tag));
      notify("Your settings are saved.");
    } catch (error) {
      if (error.status !== 412) throw error;
      await load();
      throw new Error("They were changed elsewhere: here is how they are now.");
    }
  });
  section.addEventListener("toggle", () => {
    if (section.open) load().catch((error) => notify(words(error)));
  });
  return section;
}

function fields(value) {
  const { quiet } = value;
  const urgent = choice("quiet.urgent", "Messages of people you follow, and who follow you, come through", quiet?.urgent ?? false);
  urgent.hidden = !("message" in value.types);
  const hours = make("div", { className: "quiet-hours", hidden: !quiet },
    field("preferences", "quiet.from", "From", make("input", { type: "time", value: quiet?.from ?? "22:00" })),
    field("preferences", "quiet.to", "Until", make("input", { type: "time", value: quiet?.to ?? "07:00" })),
    field("preferences", "quiet.time_zone", "Time zone",
      make("input", { value: quiet?.time_zone ?? here(), autocomplete: "off", spellcheck: false })),
    urgent);
  const isQuiet = choice("quiet", "Quiet hours", Boolean(quiet));
  isQuiet.querySelector("input").addEventListener("change", ({ target }) => (hours.hidden = !target.checked));
  return [
    make("p", { className: "form-error", role: "alert", hidden: true }),
    table(value.types),
    field("preferences", "only_from", "Of whom",
      select(value.only_from, { all: "Everybody", followed: "Those you follow", mutual: "Those who follow you back" })),
    isQuiet, hours,
    field("preferences", "digest", "On devices",
      select(value.digest, { off: "At once", hourly: "Together, each hour", daily: "Together, at 9 in the morning" })),
    choice("previews", "Show what was written", value.previews),
    make("button", { type: "submit", className: "plain", data: { testid: "save-preferences" } }, "Save"),
  ];
}

/** A box for each type and channel. Each says both, for who hears it without the table. */
function table(given) {
  const head = make("tr", {}, make("th", { scope: "col" }, "Notify me of"),
    ...Object.values(channels).map((label) => make("th", { scope: "col" }, label)));
  const rows = Object.entries(given).map(([type, ways]) => {
    const label = types[type] ?? type.replaceAll("_", " ");
    return make("tr", {}, make("th", { scope: "row" }, label), ...Object.entries(channels).map(([channel, where]) =>
      make("td", {}, make("input", {
        type: "checkbox", name: `types.${type}.${channel}`, checked: ways[channel], aria: { label: `${label}: ${where}` },
      }))));
  });
  return make("table", { className: "ways" }, make("thead", {}, head), make("tbody", {}, ...rows));
}

function choice(name, label, checked) {
  return make("label", { className: "choice field" }, make("input", { type: "checkbox", name, checked, id: `preferences-${name}` }), ` ${label}`);
}

function select(value, options) {
  return make("select", {}, ...Object.entries(options).map(([key, label]) =>
    make("option", { value: key, selected: key === value }, label)));
}

const here = () => Intl.DateTimeFormat().resolvedOptions().timeZone ?? "UTC";

/** The document that the form says. */
function read(form) {
  const control = (name) => form.elements.namedItem(name);
  const ways = {};
  for (const box of form.querySelectorAll("input[name^='types.']")) {
    const [, type, channel] = box.name.split(".");
    ways[type] = { ...ways[type], [channel]: box.checked };
  }
  const quiet = {
    from: control("quiet.from").value, to: control("quiet.to").value, time_zone: control("quiet.time_zone").value.trim(),
    urgent: control("quiet.urgent").checked,
  };
  return {
    types: ways, ...(control("quiet").checked && { quiet }), digest: control("digest").value,
    only_from: control("only_from").value, previews: control("previews").checked,
  };
}
