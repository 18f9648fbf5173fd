import Core
import Crypto
import Push
import Sink
import TestSupport
import Testing

/// One message to each kind of device, through faults, until it is there: what a sender does, without a network.
@Suite struct SinkSiteTests {
    private static let device = String(repeating: "0a", count: 32)
    private static let origin = Origin("https://sink.example")!

    private static func site() -> SinkSite {
        let team = APNsReceiver.Team(
            teamID: "DEF123GHIJ", keyID: "ABC123DEFG", key: P256Key(pem: PrivateKeys.p256)!.publicKey,
            topics: ["com.example.app"])
        let project = FCMReceiver.Project(id: "p", email: "a@b.example", key: RSAKey(pem: PrivateKeys.rsa)!.publicKey)
        return SinkSite(
            webPush: WebPushReceiver(origin: origin), apns: APNsReceiver(team),
            fcm: FCMReceiver(project, origin: origin), webhooks: WebhookReceiver())
    }

    private static func script(_ text: String) throws -> FaultScript { try FaultScript(Array(text.utf8)) }

    /// What came of it, and how often it arrived.
    private static func send(
        _ request: PushRequest, by provider: PushProvider, to site: inout SinkSite
    ) -> (outcomes: [PushOutcome], deliveries: Int) {
        var outcomes: [PushOutcome] = []
        var deliveries = 0
        for _ in 0..<10 {
            let outcome = site.receive(SinkRequest(request), now: now)
            if outcome.delivery != nil { deliveries += 1 }
            let verdict =
                outcome.response.map { provider.verdict(of: $0, now: now) } ?? provider.verdict(of: PushFailure.broken)
            outcomes.append(verdict.outcome)
            if verdict.outcome.isFinal(after: outcomes.count) { break }
        }
        return (outcomes, deliveries)
    }

    private static func requests(_ site: inout SinkSite) throws -> [(PushProvider, PushRequest)] {
        let vapid = try VAPIDKey(PrivateKeys.p256Scalar, contact: "mailto:a@example.com")
        let made = site.webPush.subscribe(for: vapid.publicKey)
        let browser = try #require(made)
        let subscription = try WebPushSubscription(
            endpoint: browser.endpoint, p256dh: browser.p256dh, auth: browser.auth)
        var tokens = VAPIDTokens(vapid)
        let web = try WebPushMessage(payload: [1], timeToLive: 60).request(
            to: subscription, authorization: tokens.authorization(for: subscription.audience, now: now / 1000))

        let isNew = site.apns.register(device)
        #expect(isNew)
        var appleTokens = APNsTokens(try APNsKey(p8: PrivateKeys.p256, keyID: "ABC123DEFG", teamID: "DEF123GHIJ"))
        let apple = try APNsMessage(
            payload: Array(#"{"aps":{}}"#.utf8), id: "123e4567-e89b-12d3-a456-42665544000a", expires: 0
        ).request(
            to: APNsDevice(token: device, topic: "com.example.app"), token: appleTokens.token(now: now / 1000),
            hosts: .init(all: "https://sink.example"))

        let secret = WebhookSecret()
        let registered = site.webhooks.register("a", try WebhookVerifier(secrets: [secret]))
        let hook = try WebhookMessage(id: "msg_1", payload: Array("{}".utf8)).request(
            to: WebhookEndpoint("https://sink.example" + (try #require(registered))), signer: WebhookSigner(secret),
            now: now)
        return [(.webPush, web), (.apns, apple), (.webhook, hook)]
    }

    @Test func throughFaults() throws {
        var site = Self.site()
        for (provider, request) in try Self.requests(&site) {
            site.play(
                try Self.script(
                    #"{"steps": [{"status": 503}, {"status": 429, "headers": {"Retry-After": "7"}}, {"close": "before"}]}"#
                ),
                for: provider)
            let (outcomes, deliveries) = Self.send(request, by: provider, to: &site)
            #expect(outcomes == [.temporary(wait: nil), .throttled(wait: 7000), .ambiguous, .delivered])
            #expect(deliveries == 1)
            // The sender can't know that it arrived, and sends it again.
            site.play(try Self.script(#"{"steps": [{"close": "after", "delay": 5}]}"#), for: provider)
            let again = Self.send(request, by: provider, to: &site)
            #expect(again.outcomes == [.ambiguous, .delivered] && again.deliveries == 2)
        }
    }

    @Test func faultsOfOneAreNotThoseOfOthers() throws {
        var site = Self.site()
        let requests = try Self.requests(&site)
        site.play(try Self.script(#"{"steps": [{"status": 500, "delay": 9}], "repeat": true}"#), for: .apns)
        for (provider, request) in requests {
            let outcome = site.receive(SinkRequest(request), now: now)
            #expect((outcome.response?.status == 500) == (provider == .apns))
            #expect(outcome.delay == (provider == .apns ? 9 : 0))
            #expect((outcome.delivery == nil) == (provider == .apns))
        }
    }

    @Test func paths() throws {
        var site = Self.site()
        for (path, status) in [
            ("/", 404), ("", 404), ("/push", 404), ("/push/x", 410), ("/3/device/x", 403), ("/hooks/x", 410),
            ("/v1/projects/p/messages:send", 401), ("/token", 400), ("/token/", 404),
        ] {
            let outcome = site.receive(SinkRequest(method: "POST", path: path, headers: [], body: []), now: now)
            #expect(outcome.response?.status == status && outcome.delivery == nil, "\(path)")
        }
    }
}
