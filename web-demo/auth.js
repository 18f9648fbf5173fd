// Sign up, with or without a name, log in, also by a provider, log out.

import { byId } from "./dom.js";
import { onSubmit } from "./forms.js";
import { setUpProviders } from "./providers.js";
import { showCode } from "./recovery.js";

export function setUpAuth(api, onEntered) {
  enter(byId("signup-form"), ({ display_name: name, ...fields }) =>
    // An empty optional field is left out: absent is absent.
    api.signup(name.trim() === "" ? fields : { ...fields, display_name: name }));
  enter(byId("login-form"), async (fields) => {
    await api.login(fields);
    if (api.session.isLeaving) await comeBack(api);
  });
  enter(byId("try-form"), async () => showCode(await api.signUpAnonymously()));
  enter(byId("recover-form"), async ({ password, ...fields }) => {
    // The old code is spent: whatever comes next, the person has the new one.
    showCode(await api.recover(password === "" ? fields : { ...fields, password }));
    if (api.session.isLeaving) await comeBack(api);
  });
  setUpProviders(api, async (call) => {
    await call();
    if (api.session.isLeaving) await comeBack(api);
    onEntered();
  });
  byId("logout").addEventListener("click", () => api.logout());

  function enter(form, call) {
    onSubmit(form, async (fields) => {
      await call(fields);
      form.reset();
      onEntered();
    });
  }
}

/** Whoever has asked to be erased may take that back, and nothing else. */
async function comeBack(api) {
  if (!confirm("This account is about to be deleted. Keep it?")) {
    await api.logout();
    throw new Error("The account is about to be deleted.");
  }
  await api.keepAccount();
  await api.session.renew();
}
