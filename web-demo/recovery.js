// Accounts without a name, and the codes that open an account without its password.

import { byId, make, notify } from "./dom.js";
import { field, folded, onSubmit } from "./forms.js";
import { confirmation } from "./providers.js";

/** The server shows a code once, and so does this page: it is kept nowhere. */
export function showCode(code) {
  const dialog = byId("recovery");
  const shown = make("code", { id: "recovery-code", className: "recovery-code", tabIndex: 0, data: { testid: "recovery-code" } }, code);
  dialog.replaceChildren(
    make("h2", { id: "recovery-title" }, "Your recovery code"),
    make("p", { className: "hint" },
      "Write it down or copy it now: it is shown this once. Whoever has it can open the account; without it, and without a password, nobody can."),
    shown,
    make("div", { className: "card-end" },
      button("Copy", "main-button", "copy-code", () => copy(code, shown)),
      button("I have kept it", "plain", "kept-code", () => dialog.close())));
  // Nothing of it stays in the page.
  dialog.addEventListener("close", () => dialog.replaceChildren(), { once: true });
  dialog.showModal();
}

/** The clipboard is for secure contexts only (https and localhost); elsewhere the code is selected. */
async function copy(code, shown) {
  try {
    await navigator.clipboard.writeText(code);
    notify("The code is copied.");
  } catch {
    getSelection().selectAllChildren(shown);
    notify("The code is selected: copy it from there.");
  }
}

function button(label, className, testid, action) {
  const made = make("button", { type: "button", className, data: { testid } }, label);
  made.addEventListener("click", action);
  return made;
}

/** An account gets a code, in place of the one that it had. */
export function codeForm(api, user) {
  const form = make("form", { method: "post", noValidate: true, data: { testid: "code-form" }, aria: { label: "Recovery code" } },
    make("p", { className: "hint" }, "It opens the account when the password is lost. A new one ends the one before, and so does a new password."),
    make("p", { className: "form-error", role: "alert", hidden: true }),
    confirmation("code", api.session, user),
    make("button", { type: "submit", className: "plain" }, "Get a recovery code"));
  onSubmit(form, async (proof) => {
    const { recovery_code: code } = await api.recoveryCode(proof);
    form.reset();
    showCode(code);
  });
  return folded("Recovery code", form);
}

/** An anonymous account gets a name; `onNamed()` runs then. */
export function namingForm(api, onNamed) {
  const form = make("form", { method: "post", noValidate: true, data: { testid: "naming-form" }, aria: { label: "Choose a name" } },
    make("p", { className: "hint" }, api.session.provider
      ? "Your posts and whom you follow stay. With a password you can log in without the provider, too."
      : "Your posts and whom you follow stay. Other sessions end; the recovery code is still good."),
    make("p", { className: "form-error", role: "alert", hidden: true }),
    field("naming", "handle", "Handle",
      make("input", { autocomplete: "username", autocapitalize: "none", spellcheck: false, maxLength: 64 })),
    field("naming", "password", api.session.provider ? "Password, if you want one" : "Password", make("input", { type: "password", autocomplete: "new-password" })),
    make("button", { type: "submit", className: "plain" }, "Take this name"));
  onSubmit(form, async ({ password, ...fields }) => {
    await api.changeCredentials(api.session.provider && password === "" ? fields : { ...fields, password });
    notify(`You are @${fields.handle.toLowerCase()} now.`);
    await onNamed();
  });
  return folded("Choose a name", form);
}
