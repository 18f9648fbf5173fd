// The text of a post or comment as elements: addresses, and the mentions and tags that the server has found.

import { make } from "./dom.js";
import { linked } from "./links.js";
import { tagAddress, userAddress } from "./router.js";

/** Where a tag may be. Which of these are some, the post says. */
const tag = /(?<![\p{L}\p{M}\p{Nd}\p{Nl}_/@＠&])[#＃]([\p{L}\p{Nd}\p{Nl}_][\p{L}\p{M}\p{Nd}\p{Nl}_\u200c\u200d]*)/gu;

/** In order. Mentions are where the server says, counted in Unicode scalars; a `#word` is a tag if the post has it. */
export function textOf({ text, tags = [], mentions = [] }) {
  if (tags.length === 0 && mentions.length === 0) return linked(text);
  const scalars = [...text];
  const parts = [];
  let done = 0;
  for (const { id, from, to } of mentions) {
    if (from < done || to > scalars.length) continue;
    parts.push(...tagged(scalars.slice(done, from).join(""), tags), link(userAddress(id), scalars.slice(from, to).join(""), "mention"));
    done = to;
  }
  parts.push(...tagged(scalars.slice(done).join(""), tags));
  return parts;
}

function tagged(text, tags) {
  const known = new Set(tags);
  return linked(text).flatMap((part) => (typeof part === "string" ? withTags(part, known) : [part]));
}

function withTags(text, known) {
  const parts = [];
  let done = 0;
  for (const { 0: shown, 1: word, index } of text.matchAll(tag)) {
    const name = folded(word);
    if (!known.has(name)) continue;
    parts.push(text.slice(done, index), link(tagAddress(name), shown, "tag"));
    done = index + shown.length;
  }
  parts.push(text.slice(done));
  return parts.filter((part) => part !== "");
}

/** Close to what the server does (NFKC_Casefold); where it differs, the word stays text. */
function folded(word) {
  return word.normalize("NFKC").replace(/\p{Default_Ignorable_Code_Point}/gu, "").toLowerCase().replaceAll("ß", "ss").replaceAll("ς", "σ").normalize("NFKC");
}

function link(href, text, testid) {
  return make("a", { href, data: { testid } }, text);
}
