// What every form here does: send once, and show an error at the field the server names.

import { make, notify } from "./dom.js";
import { Problem } from "./http.js";

/** Runs `action(values)` on submit; a rejected promise is shown in the form. */
export function onSubmit(form, action) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.dataset.busy) return;
    clearErrors(form);
    busy(form, true);
    try {
      await action(Object.fromEntries(new FormData(form)));
    } catch (error) {
      showError(form, error);
    } finally {
      busy(form, false);
    }
  });
  form.addEventListener("input", (event) => clearField(event.target));
}

/** A form behind its title. */
export function folded(title, form) {
  return make("details", { className: "following" }, make("summary", {}, title), form);
}

/** `input` with a label; `form` makes its id one of its own. */
export function field(form, name, label, input) {
  Object.assign(input, { name, id: `${form}-${name}` });
  return make("div", { className: "field" }, make("label", { htmlFor: input.id }, label), input);
}

export function showError(form, error) {
  const input = error instanceof Problem && error.field ? form.elements.namedItem(error.field) : undefined;
  const text = words(error);
  if (input instanceof HTMLElement) showAtField(input, text);
  else showAbove(form, text);
}

/** Tells the person why the server did not take it; says whether it did. */
export async function tried(call) {
  try {
    await call();
    return true;
  } catch (error) {
    notify(words(error));
    return false;
  }
}

export function words(error) {
  if (!(error instanceof Problem)) return error.message;
  if (error.status === 429 || error.status === 503) {
    const wait = error.retryAfter ? ` Try again in ${error.retryAfter} s.` : " Try again in a moment.";
    return `The server is busy.${wait}`;
  }
  return error.message;
}

function showAtField(input, text) {
  const id = `${input.id}-error`;
  let message = document.getElementById(id);
  if (!message) {
    message = Object.assign(document.createElement("p"), { id, className: "field-error" });
    input.closest(".field").append(message);
  }
  message.textContent = text;
  input.setAttribute("aria-invalid", "true");
  input.setAttribute("aria-describedby", [...describedBy(input).filter((other) => other !== id), id].join(" "));
  // With the focus on the field its description is read out, so no live region is needed.
  input.focus();
}

export function showAbove(form, text) {
  const message = form.querySelector(".form-error");
  message.textContent = text;
  message.hidden = false;
}

export function clearError(form) {
  form.querySelector(".form-error").hidden = true;
}

function clearErrors(form) {
  clearError(form);
  form.querySelectorAll("[aria-invalid]").forEach(clearField);
}

function clearField(input) {
  if (!input.hasAttribute("aria-invalid")) return;
  input.removeAttribute("aria-invalid");
  const id = `${input.id}-error`;
  document.getElementById(id)?.remove();
  const others = describedBy(input).filter((other) => other !== id);
  if (others.length > 0) input.setAttribute("aria-describedby", others.join(" "));
  else input.removeAttribute("aria-describedby");
}

function describedBy(input) {
  return (input.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean);
}

/** aria-disabled and not disabled: a disabled button drops the keyboard's focus. */
function busy(form, on) {
  if (on) form.dataset.busy = "true";
  else delete form.dataset.busy;
  form.querySelector("[type=submit]").setAttribute("aria-disabled", String(on));
}
