// Where the reader is pushed to: this browser, and what else there is of devices. A device ends with the session that made it.

import { make, notify, preciseTime } from "./dom.js";
import { words } from "./forms.js";

const kinds = { webpush: "Browser", apns: "Apple device", fcm: "Android device", webhook: "Webhook" };
const states = { failing: "nothing reaches it at present", gone: "it is not there any more" };
const ends = {
  delivered: "The test was delivered to", dead: "The test was refused by", expired: "The test never reached",
  invalidated: "There is nothing any more at", suppressed: "The test was not sent to",
};
// How long the end of a test is waited for, in milliseconds.
const patience = 15000, between = 500;

/** The list, and a button for this browser. */
export function devicesSection(api) {
  const list = make("ul", { role: "list", className: "sessions", data: { testid: "devices" } });
  const none = make("p", { className: "hint", hidden: true }, "None.");
  const add = make("button", { type: "button", className: "plain", data: { testid: "add-browser" } }, "Notify this browser");
  const note = make("p", { className: "hint", role: "status", data: { testid: "devices-note" } });
  const section = make("details", { className: "following", data: { testid: "devices-section" } },
    make("summary", {}, "Devices"), none, list, add, note,
    make("p", { className: "hint" }, "A device is notified until you log out where it was added."));

  let generation = 0;
  const load = async () => {
    const own = ++generation;
    const { items } = await api.devices();
    if (own !== generation) return;
    list.replaceChildren(...items.map(row));
    none.hidden = items.length > 0;
  };

  const row = (device) => {
    const name = device.name ?? kinds[device.kind] ?? device.kind;
    const said = [device.name ? kinds[device.kind] ?? device.kind : undefined, states[device.state],
      device.last_success ? `reached ${preciseTime(device.last_success)}` : `since ${preciseTime(device.created_at)}`];
    const remove = make("button", { type: "button", className: "quiet", data: { testid: "remove-device" } }, "Remove");
    remove.setAttribute("aria-label", `Remove: ${name}`);
    remove.addEventListener("click", async () => {
      try {
        await api.removeDevice(device.id);
        await load();
        note.textContent = `Removed: ${name}`;
        add.focus();
      } catch (error) {
        notify(words(error));
      }
    });
    const test = make("button", { type: "button", className: "quiet", data: { testid: "test-device" } }, "Test");
    test.setAttribute("aria-label", `Test: ${name}`);
    test.addEventListener("click", async () => {
      if (test.getAttribute("aria-disabled")) return;
      test.setAttribute("aria-disabled", "true");
      note.textContent = `A test is sent to: ${name}`;
      try {
        note.textContent = await tested(api, device.id, name, () => section.isConnected);
      } catch (error) {
        note.textContent = `No test could be sent: ${words(error)}`;
      } finally {
        test.removeAttribute("aria-disabled");
      }
    });
    return make("li", { data: { state: device.state } }, make("bdi", {}, name), " ",
      make("span", { className: "hint" }, said.filter(Boolean).join(", ")), ...(device.state === "gone" ? [] : [test]), remove);
  };

  add.addEventListener("click", async () => {
    if (add.getAttribute("aria-disabled")) return;
    add.setAttribute("aria-disabled", "true");
    note.textContent = "";
    try {
      await api.addDevice(await subscribed(api));
      await load();
      note.textContent = "This browser is notified.";
    } catch (error) {
      note.textContent = `This browser can't be notified: ${words(error)}`;
    } finally {
      add.removeAttribute("aria-disabled");
    }
  });
  section.addEventListener("devicechange", () => { if (section.open) load().catch(() => {}); });
  section.addEventListener("toggle", () => { if (section.open) load().catch((error) => notify(words(error))); });
  return section;
}

/** Says that nothing reaches a device any more, also where the list of them is shown. */
export function showFailing(device) {
  notify(`Nothing reaches a device of yours any more: ${device.name ?? kinds[device.kind] ?? device.kind}`);
  document.querySelector("[data-testid=devices-section]")?.dispatchEvent(new Event("devicechange"));
}

/** Sends a test, and says what came of it. */
async function tested(api, device, name, goesOn) {
  const { id } = await api.testDevice(device);
  const end = Date.now() + patience;
  let sent;
  do {
    await new Promise((resolve) => setTimeout(resolve, between));
    sent = (await api.deliveries(device)).items.find((delivery) => delivery.id === id);
  } while (sent?.state === "waiting" && !sent.reason && goesOn() && Date.now() < end);
  const status = sent?.last_status ? ` (status ${sent.last_status})` : "";
  if (sent && ends[sent.state]) return `${ends[sent.state]}: ${name}${status}`;
  return `Nothing has come of the test yet, it is tried again: ${name}${status}`;
}

/** A device of this browser, after the reader has said yes. Browsers do this on secure pages only. */
async function subscribed(api) {
  if (!("serviceWorker" in navigator) || !("PushManager" in globalThis)) throw new Error("it knows no pushes on this page.");
  if ((await Notification.requestPermission()) !== "granted") throw new Error("it has not been allowed to.");
  await navigator.serviceWorker.register("sw.js");
  const { pushManager } = await navigator.serviceWorker.ready;
  const key = bytes((await api.pushKey()).vapid);
  // One that was made for another key of the site is worth nothing.
  const old = await pushManager.getSubscription();
  const isOurs = old && same(new Uint8Array(old.options.applicationServerKey ?? []), key);
  if (old && !isOurs) await old.unsubscribe();
  const made = isOurs ? old : await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const { endpoint, keys } = made.toJSON();
  return { kind: "webpush", endpoint, p256dh: keys.p256dh, auth: keys.auth, name: name() };
}

/** As people call it: `Chromium on Linux`. */
function name() {
  const brand = navigator.userAgentData?.brands.find(({ brand }) => !/not.?a.?brand/i.test(brand))?.brand ?? "A browser";
  const system = navigator.userAgentData?.platform;
  return system ? `${brand} on ${system}` : brand;
}

function bytes(base64url) {
  const text = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function same(one, other) {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
