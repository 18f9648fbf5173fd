// Which page the address names. Links to posts, tags and people are addresses of this page, so that they can be opened and sent.

const routes = [
  ["post", /^#\/posts\/([0-9]{1,19})$/],
  ["tag", /^#\/tags\/([^/]+)$/],
  ["user", /^#\/users\/([0-9]{1,19})$/],
];

export const postAddress = (id) => `#/posts/${id}`;
export const tagAddress = (name) => `#/tags/${encodeURIComponent(name)}`;
export const userAddress = (id) => `#/users/${id}`;

/** `{page, key?}`; `undefined` for an anchor within the page. */
export function parsed(hash) {
  if (hash === "" || hash === "#" || hash === "#/") return { page: "home" };
  for (const [page, form] of routes) {
    const found = form.exec(hash);
    if (!found) continue;
    try {
      return { page, key: decodeURIComponent(found[1]) };
    } catch {
      return { page: "home" };
    }
  }
  return hash.startsWith("#/") ? { page: "home" } : undefined;
}

/** Runs `show(route)` for each new address; what names nothing here is passed over. Returns what does so now. */
export function onRoute(show) {
  const go = () => {
    const route = parsed(location.hash);
    if (route) show(route);
  };
  addEventListener("hashchange", go);
  return go;
}
