import Core
import Push
import Sink
import Testing

@Suite struct WebhookReceiverTests {
    private let secret: WebhookSecret
    private let receiver: WebhookReceiver
    private let good: PushRequest

    init() throws {
        let secret = WebhookSecret()
        var receiver = WebhookReceiver()
        let registered = receiver.register("a", try WebhookVerifier(secrets: [secret]))
        let path = try #require(registered)
        (self.secret, self.receiver) = (secret, receiver)
        good = try WebhookMessage(id: "msg_1", payload: Array("{}".utf8)).request(
            to: WebhookEndpoint("https://hooks.example" + path), signer: WebhookSigner(secret), now: now)
    }

    @Test func whatIsSentArrives() {
        let reply = receiver.receive(SinkRequest(good), now: now)
        #expect(reply.response.status == 204)
        #expect(reply.delivery?.id == "msg_1")
        #expect(reply.delivery?.payload == Array("{}".utf8) && reply.delivery?.device == "a")
    }

    @Test func whatIsWrongIsRefused() {
        for (wrong, status) in [
            (SinkRequest(good).by("PUT"), 405), (SinkRequest(good).at("/hooks/b"), 410),
            (SinkRequest(good).at("/"), 410),
            (SinkRequest(good, without: "content-type"), 415), (SinkRequest(good, without: "webhook-id"), 401),
            (SinkRequest(good, body: Array("{ }".utf8)), 401),
            (SinkRequest(good, body: [UInt8](repeating: 32, count: 20_001)), 413),
        ] { #expect(receiver.receive(wrong, now: now).response.status == status) }
        #expect(receiver.receive(SinkRequest(good), now: now + 301_000).response.status == 401)
    }

    @Test func aWebhookThatIsGone() {
        var receiver = receiver
        receiver.unregister("a")
        let verdict = PushProvider.webhook.verdict(of: receiver.receive(SinkRequest(good), now: now).response, now: now)
        #expect(verdict.outcome == .deviceGone(since: nil))
    }
}
