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

const exportWords = {
  waiting: "It waits for its turn.", running: "It is being made.",
  failed: "It could not be made: the account may be too large. Ask whoever runs this site.",
};

/** All that is held of the account, as an archive: it is asked for, waited for, and fetched. */
export function exportForm(api) {
  const state = make("p", { className: "hint", role: "status", data: { testid: "export-state" } });
  const form = make("form", { method: "post", noValidate: true, data: { testid: "export-form" }, aria: { label: "Your data" } },
    make("p", { className: "hint" },
      "A ZIP with your profile, posts, follows and what else is held of you, as JSON Lines. It can be fetched for a day."),
    make("p", { className: "form-error", role: "alert", hidden: true }), state,
    make("button", { type: "submit", className: "plain", data: { testid: "export" } }, "Make an archive"));
  let timer;
  const look = async () => {
    clearTimeout(timer);
    const latest = (await api.exports()).items[0];
    if (!latest) return state.replaceChildren();
    if (latest.state !== "ready") state.textContent = exportWords[latest.state] ?? "";
    else {
      state.replaceChildren(
        make("a", { href: api.archive(latest), rel: "noreferrer", data: { testid: "archive" } }, "Fetch your archive"),
        ` (${Math.ceil(latest.bytes / 1024)} KB), until ${preciseTime(latest.expires_at)}.`);
    }
    // For as long as somebody looks.
    if (latest.state === "waiting" || latest.state === "running") {
      timer = setTimeout(() => { if (form.isConnected) look().catch(() => {}); }, 2_000);
    }
  };
  onSubmit(form, async () => {
    await api.exportAccount().catch((error) => {
      // Twice a day is no business of a busy server.
      throw error.status === 429 ? new Error(error.message) : error;
    });
    await look();
  });
  const details = folded("Your data", form);
  details.addEventListener("toggle", () => { if (details.open) look().catch(() => {}); });
  return details;
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
