// Addresses in a post as links. What is made here are elements and text, never markup.

const address = /(?<![\p{L}\p{N}_])https?:\/\/[^\s<>"`\u0000-\u001f]+/giu;
const closing = { ")": "(", "]": "[", "}": "{" };

/** The text as text nodes and links, in order. */
export function linked(text) {
  const parts = [];
  let done = 0;
  for (const { 0: found, index } of text.matchAll(address)) {
    const shown = withoutPunctuation(found);
    const href = reference(shown);
    if (href === undefined) continue;
    parts.push(text.slice(done, index), link(href, shown));
    done = index + shown.length;
  }
  parts.push(text.slice(done));
  return parts.filter((part) => part !== "");
}

/** What ends the sentence is not of the address; nor is a bracket that was opened before it. */
function withoutPunctuation(text) {
  const counts = {};
  for (const character of text) counts[character] = (counts[character] ?? 0) + 1;
  let end = text.length;
  for (; end > 0; end--) {
    const last = text[end - 1];
    const isOpen = last in closing && (counts[closing[last]] ?? 0) >= counts[last];
    if (isOpen || !/[.,;:!?'"*_~)\]}’”»…。、，！？]/u.test(last)) break;
    counts[last]--;
  }
  return text.slice(0, end);
}

function reference(text) {
  try {
    const url = new URL(text);
    return ["http:", "https:"].includes(url.protocol) ? url.href : undefined;
  } catch {
    return undefined;
  }
}

function link(href, text) {
  const element = document.createElement("a");
  element.href = href;
  element.rel = "noopener noreferrer nofollow ugc";
  element.target = "_blank";
  element.textContent = text;
  return element;
}
