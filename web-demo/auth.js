// Sign up, log in, log out.

import { byId } from "./dom.js";
import { onSubmit } from "./forms.js";

export function setUpAuth(api, onEntered) {
  enter(byId("signup-form"), ({ display_name: name, ...fields }) =>
    // An empty optional field is left out: absent is absent.
    api.signup(name.trim() === "" ? fields : { ...fields, display_name: name }));
  enter(byId("login-form"), (fields) => api.login(fields));
  byId("logout").addEventListener("click", () => api.logout());

  function enter(form, call) {
    onSubmit(form, async (fields) => {
      await call(fields);
      form.reset();
      onEntered();
    });
  }
}
