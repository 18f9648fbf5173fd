import Core
import Crypto
import TestSupport
import Testing

@testable import Push

/// What is printed, dumped or interpolated shows no key, token, secret or address that opens something.
@Suite struct SecrecyTests {
    private static func shown(_ value: some Any) -> String {
        var dumped = ""
        dump([value], to: &dumped)
        return dumped + String(describing: value) + String(reflecting: value) + "\(value)"
            + String(describing: Optional(value)) + String(reflecting: [value])
    }

    @Test func keysAndTokens() throws {
        let contact = "mailto:secret-name@example.com"
        let key = try VAPIDKey(PrivateKeys.p256Scalar, contact: contact)
        var tokens = VAPIDTokens(key)
        let authorization = tokens.authorization(for: "https://push.example", now: 0)
        let apple = try APNsKey(p8: PrivateKeys.p256, keyID: "ABC123DEFG", teamID: "DEF123GHIJ")
        var appleTokens = APNsTokens(apple)
        let appleToken = appleTokens.token(now: 0)
        let secret = WebhookSecret()
        let webhookKey = WebhookKey()
        let scalar = bytes(PrivateKeys.p256Scalar)
        let words = [
            PrivateKeys.p256Scalar, "\(scalar[0]), \(scalar[1])", String(authorization.suffix(40)), appleToken,
            secret.text, String(secret.text.dropFirst(6)), webhookKey.text,
        ]
        for text in [
            Self.shown(key), Self.shown(tokens), Self.shown(apple), Self.shown(appleTokens), Self.shown(secret),
            Self.shown(webhookKey), Self.shown(WebhookSigner(secret, before: (secret, 5), keys: [webhookKey])),
            Self.shown(try WebhookVerifier(secrets: [secret], publicKeys: [webhookKey.publicKey])),
        ] {
            #expect(text.contains("(…)"))
            for word in words { #expect(!text.contains(word)) }
        }
    }

    @Test func requests() throws {
        let request = PushRequest(
            url: "https://push.example/opens-a-browser?x=y",
            headers: [PushHeader("authorization", "Bearer opens-a-door")],
            body: Array("what it says".utf8))
        let text = Self.shown(request)
        #expect(request.description == "POST https://push.example (12 bytes)")
        #expect(!text.contains("opens-a") && !text.contains("119, 104"))
        let subscription = try WebPushSubscription(
            endpoint: "https://push.example/opens-a-browser", p256dh: Base64URL.encode(P256Key().publicKey.bytes),
            auth: Base64URL.encode([UInt8](100..<116)))
        #expect(!Self.shown(subscription).contains("opens-a") && !Self.shown(subscription).contains("100"))
    }

    /// Who they are for, what they say, and where webhooks are.
    @Test func devicesAndMessages() throws {
        let said = Array(#"{"aps":"opens-a-heart"}"#.utf8)
        let apple = String(repeating: "0a", count: 32)
        let shown = [
            Self.shown(try APNsDevice(token: apple, topic: "com.example.app")),
            Self.shown(try FCMDevice(token: "opens-a")),
            Self.shown(try WebhookEndpoint("https://hooks.example/opens-a-channel")),
            Self.shown(try WebPushMessage(payload: said, timeToLive: 1)),
            Self.shown(try WebhookMessage(id: "msg_1", payload: said)),
            Self.shown(try APNsMessage(payload: said, id: "123e4567-e89b-12d3-a456-42665544000a", expires: 0)),
            Self.shown(
                try FCMMessage(notice: .init(title: "opens-a", body: "x"), data: [("a", "opens-a")], timeToLive: 1)),
            Self.shown(FCMMessage.Notice(title: "opens-a", body: "opens-a")), Self.shown(FCMAccess.Step.use("opens-a")),
            Self.shown(FCMAccess.Step.ask(PushRequest(url: "https://id.example/opens-a", headers: [], body: said))),
        ]
        for text in shown {
            #expect(
                !text.contains("opens-a") && !text.contains(apple) && !text.contains("123, 34"), "\(text.prefix(80))")
        }
        #expect("\(try WebhookEndpoint("https://hooks.example/x"))" == "WebhookEndpoint(https://hooks.example)")
    }

    @Test func refusals() {
        for error in [
            message { () throws(InvalidPush) in try WebhookSecret("whsec_not-shown") },
            message { () throws(InvalidPush) in try VAPIDKey("not-shown", contact: "mailto:a@example.com") },
            message { () throws(InvalidPush) in try WebPushSubscription(endpoint: "not-shown", p256dh: "", auth: "") },
            message { () throws(InvalidPush) in try FCMDevice(token: "not shown, not-shown") },
        ] { #expect(!error.contains("not-shown") && error.contains(" must be ")) }
    }

    private func message<Made>(_ make: () throws(InvalidPush) -> Made) -> String {
        do throws(InvalidPush) {
            _ = try make()
            return ""
        } catch {
            return "\(error)"
        }
    }
}
