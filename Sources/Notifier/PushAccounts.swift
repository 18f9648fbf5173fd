import Core
import Crypto
import Devices
import Notifications
import Push
import PushDelivery

/// What the site can send with: a credential for each kind of service that the operator has one for.
struct PushAccounts: Sendable {
    /// How long a push may be on its way, in milliseconds: who comes back later has the inbox.
    static let life: Int64 = 48 * 3_600_000

    let sender: PushSender
    let webPush: WebPushAccount?
    let webhookKeys: WebhookKeys
    let apns: APNsAccount?
    let fcm: FCMAccount?
    let allowsWebhooks: Bool
    let clock: any WallClock

    enum Answer: Sendable {
        case sent(PushResult)
        /// The site has no credential of this kind.
        case noCredential
        /// It can't be said in the service's form.
        case unsayable(String)
    }

    func send(_ message: PushMessage, to device: Device) async -> Answer {
        do {
            switch device.target {
            case .webPush(let subscription):
                guard let webPush else { return .noCredential }
                let message = try WebPushMessage(
                    payload: page(message, device), timeToLive: secondsLeft(message), topic: message.content.key)
                return .sent(
                    await webPush.send(
                        message, to: subscription, device: device.id.description, owner: device.user.description))
            case .apns(let apple):
                guard let apns else { return .noCredential }
                let (title, body) = PushWords.of(message)
                let alert: JSONValue = ["title": .string(title), "body": .string(body)]
                let payload: JSONValue = [
                    "aps": [
                        "alert": alert, "badge": .integer(message.content.unread), "sound": "default",
                        "thread-id": .string(message.content.type),
                    ], "id": .string(id(message, device)), "key": .string(message.content.key),
                    "url": .string(PushWords.path(message.content)),
                ]
                let expires = (message.content.id.milliseconds + Self.life) / 1000
                let apnsMessage = try APNsMessage(
                    payload: Array(payload.text.utf8), id: uuid(message, device), expires: expires,
                    collapseID: collapse(message))
                return .sent(
                    await apns.send(
                        apnsMessage, to: apple, device: device.id.description, owner: device.user.description))
            case .fcm(let google):
                guard let fcm else { return .noCredential }
                let (title, body) = PushWords.of(message)
                let fcmMessage = try FCMMessage(
                    notice: FCMMessage.Notice(title: title, body: body),
                    data: [
                        ("id", id(message, device)), ("key", message.content.key),
                        ("url", PushWords.path(message.content)), ("unread", String(message.content.unread)),
                    ], timeToLive: secondsLeft(message), collapseKey: collapse(message))
                return .sent(
                    try await fcm.send(
                        fcmMessage, to: google, device: device.id.description, owner: device.user.description))
            case .webhook(let endpoint, let signer):
                guard allowsWebhooks else { return .noCredential }
                let hook = try WebhookMessage(id: id(message, device), payload: self.hook(message))
                return .sent(
                    await sender.send(
                        hook, to: endpoint, signer: signer.and(webhookKeys.accepted), device: device.id.description,
                        clock: clock)
                )
            }
        } catch {
            return .unsayable("\(error)")
        }
    }

    private func secondsLeft(_ message: PushMessage) -> Int {
        Int(max(0, message.content.id.milliseconds + Self.life - clock.milliseconds()) / 1000)
    }

    /// A notification takes the place of one with the same key that is still there; Apple takes 64 bytes.
    private func collapse(_ message: PushMessage) -> String {
        String(decoding: message.content.key.utf8.prefix(64), as: UTF8.self)
    }

    /// The same for each attempt, and when a push is repeated because its sender has died: by it a receiver knows what comes twice.
    private func id(_ message: PushMessage, _ device: Device) -> String { "msg_\(device.id)_\(message.content.id)" }

    /// The same as Apple wants it.
    private func uuid(_ message: PushMessage, _ device: Device) -> String {
        let hash = Crypto.sha256(Array("\(device.id)/\(message.content.id)".utf8))
        var hex = ByteWriter()
        hex.append(hex: hash.prefix(16))
        let digits = Array(hex.string)
        return [digits[0..<8], digits[8..<12], digits[12..<16], digits[16..<20], digits[20..<32]]
            .map { String($0) }.joined(separator: "-")
    }

    /// For the page's service worker.
    private func page(_ message: PushMessage, _ device: Device) -> [UInt8] {
        let (title, body) = PushWords.of(message)
        let payload: JSONValue = [
            "title": .string(title), "body": .string(body), "url": .string(PushWords.path(message.content)),
            "tag": .string(message.content.key), "id": .string(id(message, device)),
        ]
        return Array(payload.text.utf8)
    }

    /// For a user's own server: the notification as the list has it.
    private func hook(_ message: PushMessage) -> [UInt8] {
        var json = ByteWriter(capacity: 1024)
        json.append(ascii: "{\"type\":\"notification.created\",\"timestamp\":\"")
        json.appendTime(milliseconds: message.content.id.milliseconds)
        json.append(ascii: "\",\"attempt\":")
        json.append(decimal: Int64(message.attempts + 1))
        json.append(ascii: ",\"data\":{\"user_id\":\"")
        json.append(decimal: message.content.user.raw)
        json.append(ascii: "\",\"unread\":")
        json.append(decimal: message.content.unread)
        json.append(ascii: ",\"others\":")
        json.append(decimal: Int64(message.together))
        json.append(ascii: ",\"group\":")
        message.content.append(to: &json, hasText: message.hasText)
        json.append(ascii: "}}")
        return json.bytes
    }
}
