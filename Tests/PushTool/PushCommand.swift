import Core
import Crypto
import Push

/// One line for the tool.
struct PushCommand {
    private let object: JSONObject
    private let clock = SystemClock()

    init(_ object: JSONObject) { self.object = object }

    func run() async throws -> JSONValue {
        switch object["do"]?.string {
        case "vapid-key":
            let key = P256Key()
            return [
                "private": .string(Base64URL.encode(key.scalar)),
                "public": .string(Base64URL.encode(key.publicKey.bytes)),
            ]
        case "webpush": return written(try webPush())
        case "webpush-open":
            guard let key = Base64URL.decode(try text("key")).flatMap({ P256Key(scalar: $0) }) else {
                throw ToolError("no key")
            }
            let plain = WebPushEncryption.decrypt(
                try bytes("body"), by: key, auth: Base64URL.decode(try text("auth")) ?? [])
            guard let plain else { throw ToolError("it does not open") }
            return ["payload": .string(Base64.encode(plain))]
        case "vapid-check":
            try VAPIDAuthorization(text("authorization")).check(
                audience: text("audience"), now: clock.milliseconds() / 1000)
            return ["good": true]
        case "apns": return written(try apns())
        case "fcm-token": return written(try fcmToken())
        case "webhook": return written(try webhook())
        case "send":
            guard let provider = PushProvider(rawValue: try text("provider")) else { throw ToolError("no provider") }
            return try await Sending(
                provider: provider,
                request: PushRequest(url: text("url"), headers: [PushHeader("ttl", "60")], body: bytes("body")),
                authorities: text("ca"), count: Int(object["count"]?.integer ?? 1),
                milliseconds: Int(object["milliseconds"]?.integer ?? 10_000)
            ).run()
        case "webhook-check":
            let headers = object["headers"]?.object?.members.map { PushHeader($0, $1.string ?? "") } ?? []
            try WebhookVerifier(
                secrets: texts("secrets").map { try WebhookSecret($0) }, publicKeys: texts("public_keys")
            ).check(headers: headers, body: bytes("body"), now: clock.milliseconds() / 1000)
            return ["good": true]
        default: throw ToolError("nothing to do")
        }
    }

    private func webPush() throws -> PushRequest {
        let subscription = try WebPushSubscription(
            endpoint: text("endpoint"), p256dh: text("p256dh"), auth: text("auth"))
        var tokens = VAPIDTokens(try VAPIDKey(text("vapid"), contact: text("contact")))
        return try WebPushMessage(payload: bytes("payload"), timeToLive: 60, urgency: .high, topic: "a topic").request(
            to: subscription,
            authorization: tokens.authorization(for: subscription.audience, now: clock.milliseconds() / 1000))
    }

    private func apns() throws -> PushRequest {
        var tokens = APNsTokens(try APNsKey(p8: text("p8"), keyID: text("key_id"), teamID: text("team_id")))
        return try APNsMessage(payload: bytes("payload"), id: uuidV7(clock: clock), expires: 0).request(
            to: try APNsDevice(token: text("token"), topic: "com.example.app"),
            token: tokens.token(now: clock.milliseconds() / 1000))
    }

    private func fcmToken() throws -> PushRequest {
        var access = FCMAccess(try ServiceAccount(bytes("account")))
        guard case .ask(let request) = access.next(now: clock.milliseconds()) else {
            throw ToolError("it does not ask")
        }
        return request
    }

    private func webhook() throws -> PushRequest {
        let before = try object["before"]?.string.map { try WebhookSecret($0) }
        let signer = WebhookSigner(
            try WebhookSecret(text("secret")),
            before: before.map { (secret: $0, until: clock.milliseconds() + 60_000) },
            keys: try object["key"]?.string.map { [try WebhookKey($0)] } ?? [])
        return try WebhookMessage(id: text("id"), payload: bytes("payload")).request(
            to: WebhookEndpoint("https://hooks.example/x"), signer: signer, now: clock.milliseconds())
    }

    private func written(_ request: PushRequest) -> JSONValue {
        [
            "url": .string(request.url),
            "headers": .object(JSONObject(request.headers.map { ($0.name, .string($0.value)) })),
            "body": .string(Base64.encode(request.body)),
        ]
    }

    private func text(_ key: String) throws -> String {
        guard let text = object[key]?.string else { throw ToolError("\(key) is missing") }
        return text
    }

    private func texts(_ key: String) -> [String] { object[key]?.array?.compactMap(\.string) ?? [] }

    private func bytes(_ key: String) throws -> [UInt8] {
        guard let bytes = Base64.decode(try text(key)) else { throw ToolError("\(key) is no Base64") }
        return bytes
    }
}
