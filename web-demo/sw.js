// Shows what is pushed to this browser, also while no page of it is open. The browser has decrypted it: {title, body, url, tag, id}; what has a tag takes the
// place of what is shown of it, so a message that comes twice is shown once.

const longest = { title: 120, body: 500, tag: 64 };

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  const { title, body, url, tag } = told(event.data);
  event.waitUntil(self.registration.showNotification(title, {
    ...(body && { body }), ...(tag && { tag, renotify: true }), icon: "favicon.ico", data: { url },
  }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data?.url ?? self.registration.scope));
});

/** A push must be shown: a browser takes away the right of who shows nothing. So what can't be read is shown without words. */
function told(data) {
  let given;
  try {
    given = data?.json();
  } catch {}
  const text = (name) => (typeof given?.[name] === "string" ? given[name].slice(0, longest[name]) : "");
  return { title: text("title") || "Martlet", body: text("body"), tag: text("tag"), url: own(given?.url) };
}

/** An address of this page; any other one is not opened. */
function own(url) {
  const { scope } = self.registration;
  try {
    const { href } = new URL(typeof url === "string" ? url : scope, scope);
    return href.startsWith(scope) ? href : scope;
  } catch {
    return scope;
  }
}

/** In a window that is there, or else in a new one. */
async function open(url) {
  const [first] = await self.clients.matchAll({ type: "window" });
  if (!first) return self.clients.openWindow(url);
  await first.navigate(url);
  await first.focus().catch(() => {});
}
