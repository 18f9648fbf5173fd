// What a post said before its edits, in a dialog.

import { byId, make, notify, preciseTime } from "./dom.js";
import { words } from "./forms.js";
import { linked } from "./links.js";

export async function showHistory(api, postId) {
  const dialog = byId("history");
  try {
    const { items } = await api.history(postId);
    const close = make("button", { type: "button", className: "plain" }, "Close");
    close.addEventListener("click", () => dialog.close());
    dialog.replaceChildren(make("h2", { id: "history-title" }, "Edits"),
      make("ol", { role: "list", className: "versions" }, ...items.map((version) =>
        make("li", {}, make("p", { className: "hint" }, preciseTime(version.at)),
          make("p", { className: "text", dir: "auto" }, ...linked(version.text))))),
      make("div", { className: "card-end" }, close));
    if (!dialog.open) dialog.showModal();
  } catch (error) {
    notify(words(error));
  }
}
