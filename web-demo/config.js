// Where the API is: the page's own origin, or the one named by ?server=.

/** `{origin, error?}`; only a bare http(s) origin is taken, anything else falls back to the page's own. */
export function serverFrom(search, pageOrigin) {
  const given = new URLSearchParams(search).get("server");
  if (given === null || given === "") return { origin: pageOrigin };
  const url = parse(given);
  const bare = url && /^https?:$/.test(url.protocol) && url.username === "" && url.password === ""
    && url.pathname === "/" && url.search === "" && url.hash === "";
  if (bare) return { origin: url.origin };
  return { origin: pageOrigin, error: "The address after ?server= is not an http(s) origin such as http://localhost:8080; this page's own server is used." };
}

function parse(text) {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

export function isLoopback(origin) {
  const host = new URL(origin).hostname;
  return host === "localhost" || host.endsWith(".localhost") || host === "[::1]" || host.startsWith("127.");
}

export function socketUrl(origin) {
  return `${origin.replace(/^http/, "ws")}/v1/live/ws`;
}
