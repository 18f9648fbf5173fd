// One's own account, in one's own card: the profile that others see, and its end.

import { byId, make, notify, preciseTime } from "./dom.js";
import { field, folded, onSubmit } from "./forms.js";
import { confirmation } from "./providers.js";

/** `onChange(user)` runs with what others see from now on. */
export function profileForm(api, user, onChange) {
  const form = make("form", { method: "post", noValidate: true, data: { testid: "profile-form" }, aria: { label: "Profile" } },
    make("p", { className: "form-error", role: "alert", hidden: true }),
    field("account", "display_name", "Display name", make("input", { value: user.display_name, autocomplete: "nickname" })),
    field("account", "status_message", "Status", make("input", { value: user.status_message ?? "", autocomplete: "off" })),
    field("account", "bio", "About you", make("textarea", { value: user.bio ?? "", rows: 3, dir: "auto" })),
    make("button", { type: "submit", className: "plain", data: { testid: "save-profile" } }, "Save"));
  onSubmit(form, async (values) => {
    // A JSON merge: null removes.
    const change = Object.fromEntries(Object.entries(values).map(([key, text]) => [key, text.trim() === "" ? null : text]));
    onChange(await api.update(change));
    notify("Your profile is saved.");
  });
  return folded("Profile", form);
}

/** `onDeleted(deletion)` runs when it is too late for a word of warning. */
export function deletionForm(api, user, onDeleted) {
  const days = make("input", { type: "number", value: "7", min: "0", max: "30", inputMode: "numeric" });
  const form = make("form", { method: "post", noValidate: true, data: { testid: "delete-form" }, aria: { label: "Delete the account" } },
    make("p", { className: "hint" },
      "At once nobody sees you or your posts. Until the days are over you can log in and take it back; then all that is yours is erased."),
    make("p", { className: "form-error", role: "alert", hidden: true }),
    confirmation("account", api.session, user),
    field("account", "grace", "Days to change your mind", days),
    make("button", { type: "submit", className: "plain", data: { testid: "delete-account" } }, "Delete my account"));
  onSubmit(form, async ({ grace, ...proof }) => {
    onDeleted(await api.deleteAccount(proof, grace));
  });
  return folded("Delete the account", form);
}

/** Where the doors are: when the account is erased, and where that can be followed. */
export function farewell(api, deletion) {
  byId("farewell").replaceChildren(`Your account will be erased on ${preciseTime(deletion.erase_at)}. Keep `,
    make("a", { href: api.receipt(deletion), rel: "noreferrer" }, "its receipt"),
    ": it says how far that is, also when there is no account any more.");
  byId("farewell").hidden = false;
}
