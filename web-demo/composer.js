// Writing a post.

import { newKey } from "./http.js";
import { byId } from "./dom.js";
import { onSubmit } from "./forms.js";
import { Problem } from "./http.js";
import { PollFields } from "./poll-fields.js";

const limit = 5_000;
const nearLimit = 200;
const stillRunningTries = 5;

export function setUpComposer(api, onPosted) {
  const area = byId("composer");
  const form = byId("composer-form");
  const poll = new PollFields();
  /** The key of the post being tried; another text or poll is another post. */
  let draft = { said: undefined, key: undefined };

  area.addEventListener("input", () => count(area));
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  if (/Mac|iPhone|iPad/.test(navigator.platform)) form.querySelector("kbd").textContent = "⌘";
  count(area);

  onSubmit(form, async ({ text }) => {
    const asked = poll.value;
    const said = JSON.stringify([text, asked]);
    if (draft.said !== said) draft = { said, key: newKey() };
    const post = await patiently(() => api.post(text, asked, draft.key));
    draft = {};
    poll.clear();
    // What was typed while the post was under way stays.
    if (area.value.replaceAll("\r\n", "\n") === text.replaceAll("\r\n", "\n")) area.value = "";
    count(area);
    onPosted(post);
  });
}

/** Scalars, not UTF-16 units: an emoji outside the basic plane counts once, as the server counts it. */
export function scalars(text) {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

function count(area) {
  const used = scalars(area.value.trim());
  const line = byId("composer-count");
  byId("composer-left").textContent = used.toLocaleString("en");
  line.dataset.level = used > limit ? "over" : used > limit - nearLimit ? "near" : "";
}

/** An earlier try of the same post may still be running on the server; its answer is the answer. */
async function patiently(call) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await call();
    } catch (error) {
      const running = error instanceof Problem && error.status === 409 && error.retryAfter !== undefined;
      if (!running || tries >= stillRunningTries) throw error;
      await new Promise((done) => setTimeout(done, error.retryAfter * 1000));
    }
  }
}
