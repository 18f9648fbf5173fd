// Log-in by the providers that the server has: a button for each, the way there, and the way back.

import { announce, byId, make } from "./dom.js";
import { clearError, field, showAbove, words } from "./forms.js";

/** What this tab has begun: where the provider sends somebody back whom another page has sent, it is not there. */
const key = "martlet.log-in";

/** `enter(call)` logs in by `call()` and goes to the feed. */
export async function setUpProviders(api, enter) {
  const back = returned();
  const box = byId("providers");
  if (back) {
    box.hidden = false;
    arrive(api, back, enter, box);
  }
  const here = location.origin + location.pathname;
  const { items } = await api.providers().catch(() => ({ items: [] }));
  // A provider sends people back to pages that the operator has named.
  const known = items.filter(({ redirects }) => redirects.includes(here));
  byId("provider-buttons").replaceChildren(...known.map((provider) => {
    const button = make("button", { type: "button", className: "plain", data: { testid: `provider-${provider.name}` } },
      `Continue with ${provider.title}`);
    button.addEventListener("click", () => leave(api, provider, here, box));
    return make("li", {}, button);
  }));
  box.hidden = known.length === 0 && !back;
}

async function leave(api, provider, redirect, box) {
  clearError(box);
  try {
    const { url, state } = await api.startLogIn(provider.name, redirect);
    sessionStorage.setItem(key, JSON.stringify({ provider: provider.name, state }));
    location.assign(url);
  } catch (error) {
    showAbove(box, words(error));
  }
}

/** What the provider has sent back, taken out of the address. */
function returned() {
  const query = new URLSearchParams(location.search);
  if (!query.has("error") && !(query.has("code") && query.has("state"))) return undefined;
  history.replaceState(null, "", location.pathname);
  return { code: query.get("code"), state: query.get("state") };
}

async function arrive(api, { code, state }, enter, box) {
  const begun = JSON.parse(sessionStorage.getItem(key) ?? "null");
  sessionStorage.removeItem(key);
  if (code === null) return showAbove(box, "The provider has not logged you in.");
  if (begun?.state !== state) return showAbove(box, "This log-in was not begun in this tab. Begin it here.");
  announce("Logging in.");
  try {
    await enter(() => api.finishLogIn(begun.provider, code, state));
  } catch (error) {
    showAbove(box, words(error));
  }
}

/** By what somebody shows that it is them: a field, or a hint where a new log-in by the provider does it. */
export function confirmation(form, session, user) {
  if (user.has_password) return field(form, "password", "Password", make("input", { type: "password", autocomplete: "current-password" }));
  if (session.provider) return make("p", { className: "hint" }, "For this, log in again if you did so more than ten minutes ago.");
  return field(form, "recovery_code", "Recovery code",
    make("input", { autocomplete: "off", autocapitalize: "characters", spellcheck: false }));
}
