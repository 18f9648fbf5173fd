import Core
import Crypto
import Push
import Sink
import TestSupport
import Testing

@Suite struct APNsReceiverTests {
    private static let device = String(repeating: "0a", count: 32)
    private static let key = P256Key(pem: PrivateKeys.p256)!
    private static let payload = Array(#"{"aps":{"alert":"hello"}}"#.utf8)

    private static func receiver() -> APNsReceiver {
        var receiver = APNsReceiver(
            .init(teamID: "DEF123GHIJ", keyID: "ABC123DEFG", key: key.publicKey, topics: ["com.example.app"]))
        let isNew = receiver.register(device)
        #expect(isNew)
        return receiver
    }

    private static func tokens(keyID: String = "ABC123DEFG") throws -> APNsTokens {
        APNsTokens(try APNsKey(p8: PrivateKeys.p256, keyID: keyID, teamID: "DEF123GHIJ"))
    }

    private static func request(token: String, device: String = device, topic: String = "com.example.app") throws
        -> PushRequest
    {
        try APNsMessage(
            payload: payload, id: "123e4567-e89b-12d3-a456-42665544000a", expires: now / 1000 + 60, collapseID: "a"
        ).request(to: APNsDevice(token: device, topic: topic), token: token)
    }

    private static func refused(_ reply: SinkReply) -> String? {
        #expect(reply.delivery == nil)
        return reply.object?["reason"]?.string
    }

    @Test func whatIsSentArrives() throws {
        var (receiver, tokens) = (Self.receiver(), try Self.tokens())
        let request = try Self.request(token: tokens.token(now: now / 1000))
        let reply = receiver.receive(SinkRequest(request), now: now)
        #expect(reply.response.status == 200 && reply.delivery?.payload == Self.payload)
        #expect(reply.delivery?.id == reply.response.headers.first(named: "apns-id"))
    }

    @Test func whatIsWrongIsRefused() throws {
        var tokens = try Self.tokens()
        let token = tokens.token(now: now / 1000)
        let good = try Self.request(token: token)
        var foreign = try Self.tokens(keyID: "AAAAAAAAAA")
        let cases: [(SinkRequest, Int, String)] = [
            (SinkRequest(good, without: "authorization"), 403, "MissingProviderToken"),
            (SinkRequest(good, with: [PushHeader("authorization", "bearer x")]), 403, "InvalidProviderToken"),
            (
                SinkRequest(good, with: [PushHeader("authorization", "bearer " + foreign.token(now: now / 1000))]), 403,
                "InvalidProviderToken"
            ),
            (SinkRequest(good, without: "apns-topic"), 400, "MissingTopic"),
            (SinkRequest(good, with: [PushHeader("apns-topic", "com.example.other")]), 400, "TopicDisallowed"),
            (SinkRequest(good, without: "apns-push-type"), 400, "InvalidPushType"),
            (SinkRequest(good, with: [PushHeader("apns-priority", "7")]), 400, "BadPriority"),
            (SinkRequest(good, with: [PushHeader("apns-push-type", "background")]), 400, "BadPriority"),
            (SinkRequest(good, with: [PushHeader("apns-expiration", "soon")]), 400, "BadExpirationDate"),
            (SinkRequest(good, with: [PushHeader("apns-id", "1")]), 400, "BadMessageId"),
            (
                SinkRequest(good, with: [PushHeader("apns-collapse-id", String(repeating: "a", count: 65))]), 400,
                "BadCollapseId"
            ),
            (
                SinkRequest(good, without: "", with: [PushHeader("apns-topic", "com.example.app")]), 400,
                "DuplicateHeaders"
            ),
            (SinkRequest(good, body: []), 400, "PayloadEmpty"),
            (SinkRequest(good, body: Array("{}".utf8)), 400, "PayloadEmpty"),
            (SinkRequest(good, body: [UInt8](repeating: 32, count: 4097)), 413, "PayloadTooLarge"),
            (SinkRequest(good).by("GET"), 405, "MethodNotAllowed"), (SinkRequest(good).at("/3/x"), 404, "BadPath"),
            (
                SinkRequest(try Self.request(token: token, device: String(repeating: "0b", count: 32))), 400,
                "BadDeviceToken"
            ),
        ]
        for (index, (wrong, status, reason)) in cases.enumerated() {
            var receiver = Self.receiver()
            let reply = receiver.receive(wrong, now: now)
            #expect(reply.response.status == status && Self.refused(reply) == reason, "case \(index)")
        }
        var receiver = Self.receiver()
        let late = receiver.receive(SinkRequest(good), now: now + 3_600_000)
        #expect(Self.refused(late) == "ExpiredProviderToken")
    }

    /// A sender that keeps its token is heard for ten hours; one that makes another each time is not.
    @Test func tokens() throws {
        var (receiver, tokens) = (Self.receiver(), try Self.tokens())
        for minute in 0..<600 {
            let time = now + Int64(minute) * 60_000
            let request = try Self.request(token: tokens.token(now: time / 1000))
            let reply = receiver.receive(SinkRequest(request), now: time)
            #expect(reply.response.status == 200)
        }
        var (impatient, once) = (Self.receiver(), try Self.tokens())
        var statuses: [Int] = []
        for minute in [0, 1, 19, 20] as [Int64] {
            once = try Self.tokens()
            let time = now + minute * 60_000
            let reply = impatient.receive(SinkRequest(try Self.request(token: once.token(now: time / 1000))), now: time)
            statuses.append(reply.response.status)
        }
        #expect(statuses == [200, 429, 429, 200])
    }

    @Test func aDeviceThatIsGone() throws {
        var (receiver, tokens) = (Self.receiver(), try Self.tokens())
        let request = SinkRequest(try Self.request(token: tokens.token(now: now / 1000)))
        receiver.unregister(Self.device, now: now - 5000)
        let outcome = PushProvider.apns.verdict(of: receiver.receive(request, now: now).response, now: now).outcome
        #expect(outcome == .deviceGone(since: now - 5000))
        #expect(outcome.removes(deviceOf: now - 6000) && !outcome.removes(deviceOf: now - 4000))
        let isBack = receiver.register(Self.device)
        let reply = receiver.receive(request, now: now)
        #expect(isBack && reply.response.status == 200)
    }
}
