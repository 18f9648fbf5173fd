// Buttons that posts and comments have in common: an edit in the text's place, and a deletion that asks.

import { make } from "./dom.js";

const sureMs = 5_000;
/** So much of a text names it to who can't see it. */
const namedBy = 60;

/** The beginning of a text, to tell one of many. */
export function startOf(text) {
  const start = [...text.replace(/\s+/gu, " ")];
  return `“${start.slice(0, namedBy).join("")}${start.length > namedBy ? "…" : ""}”`;
}

/** Puts a form in the place of `shown`, until `save(text)` says that it is saved, or it is given up. */
export function editInPlace(shown, value, label, button, save) {
  if (shown.parentElement.querySelector(":scope > form")) return;
  const area = make("textarea", { value, rows: 3, dir: "auto", name: "text", aria: { label }, data: { testid: "edit-text" } });
  const give = make("button", { type: "button", className: "quiet" }, "Cancel");
  const form = make("form", { className: "editing", method: "post" }, area,
    make("div", { className: "acts" }, make("button", { type: "submit", className: "plain", data: { testid: "save-edit" } }, "Save"), give));
  const end = () => {
    form.remove();
    shown.hidden = false;
    button.focus();
  };
  give.addEventListener("click", end);
  form.addEventListener("keydown", (event) => event.key === "Escape" && end());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (await save(area.value)) end();
  });
  shown.hidden = true;
  shown.after(form);
  area.focus();
}

/** Asks by its own label: the first press arms it, the second deletes. */
export function deleteButton(which, testid, remove) {
  const button = make("button", { type: "button", className: "quiet delete", data: { testid } });
  // Seen beside its text; heard in a list of buttons, where each must say what it deletes.
  const say = (words) => {
    button.textContent = words;
    button.setAttribute("aria-label", `${words} ${which}`);
  };
  const disarm = () => {
    delete button.dataset.armed;
    say("Delete");
  };
  disarm();
  button.addEventListener("blur", disarm);
  button.addEventListener("click", () => {
    if (button.dataset.armed) return remove();
    button.dataset.armed = "true";
    say("Really delete?");
    setTimeout(disarm, sureMs);
  });
  return button;
}
