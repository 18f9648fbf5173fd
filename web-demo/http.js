// One HTTP call and the two ways it can fail.

const timeoutMs = 20_000;

/** The server said no: what application/problem+json carries. */
export class Problem extends Error {
  constructor(status, body, retryAfter) {
    super(body.detail || body.title || `The server answered ${status}.`);
    this.status = status;
    this.code = body.code ?? "";
    this.field = body.field ?? "";
    this.retryAfter = retryAfter;
    this.requestId = body.request_id ?? "";
  }
}

/** No answer at all: nobody knows whether the server acted. */
export class Unreachable extends Error {
  constructor(cause) {
    super("The server cannot be reached.", { cause });
  }
}

/**
 * Sends JSON, gives JSON (or undefined for an empty answer). `match`: the version that is to be changed; `tagged`: what is given is
 * `{value, tag}` with the version that there is.
 */
export async function send(origin, method, path, { body, token, key, match, tagged } = {}) {
  const headers = { Accept: "application/json, application/problem+json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (token) headers.Authorization = `Bearer ${token}`;
  if (key) headers["Idempotency-Key"] = key;
  if (match) headers["If-Match"] = match;
  const response = await reach(origin + path, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    // Two people can use one browser, and the cache does not know them apart.
    cache: "no-store",
    credentials: "omit",
    signal: AbortSignal.timeout?.(timeoutMs),
  });
  const answer = await parse(response);
  if (response.ok) return tagged ? { value: answer, tag: response.headers.get("ETag") } : answer;
  throw new Problem(response.status, answer ?? {}, seconds(response.headers.get("Retry-After")));
}

async function reach(url, options) {
  try {
    return await fetch(url, options);
  } catch (error) {
    throw new Unreachable(error);
  }
}

async function parse(response) {
  let text;
  try {
    text = await response.text();
  } catch (error) {
    throw new Unreachable(error);
  }
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // A gateway in front of the server speaks HTML when the server is away.
    if (response.ok) throw new Unreachable(new Error("not JSON"));
    return {};
  }
}

function seconds(header) {
  const value = Number(header);
  return header !== null && Number.isFinite(value) && value >= 0 ? value : undefined;
}

/** A key for Idempotency-Key. `randomUUID` is missing where the page is not in a secure context (http on a LAN). */
export function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * What comes behind `place()`, which is `undefined` where nothing does. The list may be read anew meanwhile, and end elsewhere: then
 * it is read from there. `undefined`: there is nothing to add any more.
 */
export async function readBehind(place, read) {
  for (let from = place(); from !== undefined; from = place()) {
    const page = await read(from);
    if (place() === from) return page;
  }
  return undefined;
}
