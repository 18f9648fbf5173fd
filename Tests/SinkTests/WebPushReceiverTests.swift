import Core
import Crypto
import Push
import Sink
import Testing

@Suite struct WebPushReceiverTests {
    private let receiver: WebPushReceiver
    private let browser: WebPushReceiver.Subscription
    private let subscription: WebPushSubscription
    private let authorization: String
    private let key: P256Key

    init() throws {
        let sender = P256Key()
        key = sender
        let vapid = try VAPIDKey(sender, contact: "mailto:push@example.com")
        var receiver = WebPushReceiver(origin: Origin("https://push.example")!)
        let subscribed = receiver.subscribe(for: vapid.publicKey)
        browser = try #require(subscribed)
        self.receiver = receiver
        subscription = try WebPushSubscription(
            endpoint: browser.endpoint, p256dh: browser.p256dh, auth: browser.auth)
        var tokens = VAPIDTokens(vapid)
        authorization = tokens.authorization(for: subscription.audience, now: now / 1000)
    }

    private func request(_ payload: String = "hello") throws -> PushRequest {
        try WebPushMessage(payload: Array(payload.utf8), timeToLive: 60, topic: "a").request(
            to: subscription, authorization: authorization)
    }

    @Test func whatIsSentArrives() throws {
        let reply = receiver.receive(SinkRequest(try request()), now: now)
        #expect(reply.response.status == 201 && reply.response.headers.first(named: "location") != nil)
        #expect(reply.delivery?.payload == Array("hello".utf8) && reply.delivery?.device == browser.name)
        #expect(PushProvider.webPush.verdict(of: reply.response, now: now).outcome == .delivered)
    }

    @Test func whatIsWrongIsRefused() throws {
        let good = try request()
        let other = try VAPIDKey(P256Key(), contact: "mailto:push@example.com")
        var tokens = VAPIDTokens(other)
        let foreign = tokens.authorization(for: subscription.audience, now: now / 1000)
        let elsewhere = tokens.authorization(for: "https://other.example", now: now / 1000)
        // The message's key is the one that signs.
        let bytes = good.body[..<21] + key.publicKey.bytes + good.body[86...]
        let cases: [(SinkRequest, Int)] = [
            (SinkRequest(good, without: "ttl"), 400), (SinkRequest(good, with: [PushHeader("ttl", "-1")]), 400),
            (SinkRequest(good, with: [PushHeader("ttl", "+1")]), 400),
            (SinkRequest(good, with: [PushHeader("ttl", "2592001")]), 400),
            (SinkRequest(good, with: [PushHeader("topic", "a b")]), 400),
            (SinkRequest(good, with: [PushHeader("topic", String(repeating: "a", count: 33))]), 400),
            (SinkRequest(good, with: [PushHeader("urgency", "urgent")]), 400),
            (SinkRequest(good, without: "content-encoding"), 400),
            (SinkRequest(good, with: [PushHeader("content-encoding", "aesgcm")]), 400),
            (SinkRequest(good, without: "", with: [PushHeader("content-encoding", "aes128gcm")]), 400),
            (SinkRequest(good, without: "authorization"), 401),
            (SinkRequest(good, with: [PushHeader("authorization", elsewhere)]), 401),
            (SinkRequest(good, with: [PushHeader("authorization", foreign)]), 403),
            (SinkRequest(good, body: good.body.dropLast() + [good.body.last! ^ 1]), 400),
            (SinkRequest(good, body: [UInt8](repeating: 0, count: 4097)), 413),
            (SinkRequest(good, body: Array(bytes)), 400),
            (SinkRequest(good).by("PUT"), 405), (SinkRequest(good).at("/push/other"), 410),
            (SinkRequest(good).at("/"), 410),
        ]
        for (index, (wrong, status)) in cases.enumerated() {
            let reply = receiver.receive(wrong, now: now)
            #expect(reply.response.status == status && reply.delivery == nil, "case \(index)")
        }
        #expect(receiver.receive(SinkRequest(good), now: now + 86_400_000).response.status == 401)
    }

    /// What each refusal means to the sender.
    @Test func outcomes() throws {
        var receiver = receiver
        let good = try request()
        func outcome(_ request: SinkRequest) -> PushOutcome {
            PushProvider.webPush.verdict(of: receiver.receive(request, now: now).response, now: now).outcome
        }
        #expect(outcome(SinkRequest(good, without: "authorization")) == .deviceRefused)
        #expect(outcome(SinkRequest(good, without: "ttl")) == .messageRefused(attempts: 1))
        receiver.unsubscribe(browser.name)
        #expect(outcome(SinkRequest(good)) == .deviceGone(since: nil))
    }
}
