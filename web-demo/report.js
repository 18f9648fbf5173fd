// Tells the moderators of a post or comment.

import { byId, make, notify } from "./dom.js";
import { field, onSubmit } from "./forms.js";

const reasons = { spam: "Spam", abuse: "Abuse", nsfw: "Not safe for work", illegal: "Against the law", other: "Something else" };

/** `target` is `{type, id}`; `which` names it to who can't see it. */
export function reportButton(api, target, which) {
  const button = make("button", { type: "button", className: "quiet report", data: { testid: "report" }, aria: { haspopup: "dialog", label: `Report ${which}` } }, "Report");
  button.addEventListener("click", () => ask(api, target, which));
  return button;
}

function ask(api, target, which) {
  const dialog = byId("report");
  const choice = make("select", {}, ...Object.entries(reasons).map(([value, label]) => make("option", { value }, label)));
  const close = make("button", { type: "button", className: "plain" }, "Cancel");
  close.addEventListener("click", () => dialog.close());
  const form = make("form", { className: "stack", method: "post", noValidate: true, data: { testid: "report-form" }, aria: { labelledby: "report-title" } },
    make("p", { className: "form-error", role: "alert", hidden: true }),
    field("report", "reason", "Why?", choice),
    field("report", "text", "For the moderators (optional)", make("textarea", { rows: 2, dir: "auto" })),
    make("div", { className: "card-end" }, make("button", { type: "submit", className: "main-button" }, "Report"), close));
  onSubmit(form, async ({ reason, text }) => {
    await api.report(target, reason, text.trim());
    dialog.close();
    notify("The moderators will look at it.");
  });
  dialog.replaceChildren(make("h2", { id: "report-title" }, "Report"), make("p", { className: "hint", dir: "auto" }, which), form);
  if (!dialog.open) dialog.showModal();
}
