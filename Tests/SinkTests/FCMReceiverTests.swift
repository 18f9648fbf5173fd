import Core
import Crypto
import Push
import Sink
import TestSupport
import Testing

@Suite struct FCMReceiverTests {
    private static let email = "push@my-project.iam.gserviceaccount.com"
    private static let key = RSAKey(pem: PrivateKeys.rsa)!
    private let device = try! FCMDevice(token: "abc:DEF")

    private static func account(_ email: String = email) throws -> ServiceAccount {
        let file: JSONValue = [
            "type": "service_account", "project_id": "my-project", "private_key_id": "k",
            "client_email": .string(email),
            "token_uri": "https://google.example/token", "private_key": .string(PrivateKeys.rsa),
        ]
        return try ServiceAccount(Array(file.text.utf8))
    }

    private func receiver() -> FCMReceiver {
        var receiver = FCMReceiver(
            .init(id: "my-project", email: Self.email, key: Self.key.publicKey),
            origin: Origin("https://google.example")!)
        let isNew = receiver.register(device.token)
        #expect(isNew)
        return receiver
    }

    private func tokenRequest(_ access: inout FCMAccess, now: Int64 = now) throws -> PushRequest {
        guard case .ask(let request) = access.next(now: now) else { throw Absent() }
        return request
    }

    private struct Absent: Error {}

    private func message(_ token: String, to device: FCMDevice? = nil) throws -> PushRequest {
        try FCMMessage(data: [("id", "7")], timeToLive: 60, collapseKey: "post:1").request(
            to: device ?? self.device, of: Self.account(), access: token)
    }

    private func outcome(_ reply: SinkReply) -> PushOutcome {
        PushProvider.fcm.verdict(of: reply.response, now: now).outcome
    }

    @Test func fromTheAccountToTheDevice() throws {
        var (receiver, access) = (receiver(), FCMAccess(try Self.account()))
        let granted = receiver.receive(SinkRequest(try tokenRequest(&access)), now: now)
        let verdict = access.received(granted.response, now: now)
        #expect(verdict.outcome == .delivered)
        guard case .use(let token) = access.next(now: now) else { throw Absent() }
        func send(_ token: String, at time: Int64 = now) throws -> PushOutcome {
            outcome(receiver.receive(SinkRequest(try message(token)), now: time))
        }
        let reply = receiver.receive(SinkRequest(try message(token)), now: now)
        #expect(
            outcome(reply) == .delivered && reply.delivery?.device == device.token && reply.delivery?.id == "post:1")
        #expect(reply.object?["name"]?.string?.hasPrefix("projects/my-project/messages/") == true)

        // Tokens that end before their time: another one is asked for, and it goes on.
        receiver.revokeTokens()
        let refused = try send(token)
        #expect(refused == .credentialRefused(renews: true))
        let mayAsk = access.refused(token, now: now)
        #expect(mayAsk)
        let again = receiver.receive(SinkRequest(try tokenRequest(&access)), now: now)
        _ = access.received(again.response, now: now)
        guard case .use(let second) = access.next(now: now) else { throw Absent() }
        let (inTime, late) = (try send(second), try send(second, at: now + 3_600_000))
        #expect(second != token && inTime == .delivered && late == .credentialRefused(renews: true))
    }

    @Test func assertionsThatAreRefused() throws {
        var access = FCMAccess(try Self.account())
        let good = SinkRequest(try tokenRequest(&access))
        var foreign = FCMAccess(try Self.account("other@my-project.iam.gserviceaccount.com"))
        let other = SinkRequest(try tokenRequest(&foreign))
        var late = receiver()
        var early = receiver()
        for reply in [late.receive(good, now: now + 3_600_000), early.receive(good, now: now - 61_000)] {
            #expect(reply.object?["error"] == "invalid_grant")
        }
        for body in [
            other.body, Array(good.body.dropLast()), [], Array("grant_type=x&assertion=y".utf8),
            Array(String(decoding: good.body, as: UTF8.self).replacing("grant_type", with: "grant").utf8),
        ] {
            var receiver = receiver()
            let wrong = SinkRequest(method: "POST", path: good.path, headers: good.headers, body: body)
            let reply = receiver.receive(wrong, now: now)
            #expect(reply.response.status == 400)
            let verdict = access.received(reply.response, now: now)
            #expect(verdict.outcome == .credentialRefused(renews: false))
        }
    }

    @Test func messagesThatAreRefused() throws {
        var (receiver, access) = (receiver(), FCMAccess(try Self.account()))
        _ = access.received(receiver.receive(SinkRequest(try tokenRequest(&access)), now: now).response, now: now)
        guard case .use(let token) = access.next(now: now) else { throw Absent() }
        let good = try message(token)
        for (body, outcome) in [
            ("", .messageRefused(attempts: 1)), ("{}", .messageRefused(attempts: 1)),
            (#"{"message":{"data":{"a":"b"}}}"#, .messageRefused(attempts: 1)),
            (#"{"message":{"token":"abc:DEF","data":{"a":1}}}"#, .messageRefused(attempts: 1)),
            (#"{"message":{"token":"abc:DEF","topic":"x"}}"#, .messageRefused(attempts: 1)),
            (#"{"message":{"token":"abc:DEF","android":{"ttl":"1h"}}}"#, .messageRefused(attempts: 1)),
            (#"{"message":{"token":"abc:DEF"},"x":1}"#, .messageRefused(attempts: 1)),
            (
                #"{"message":{"token":"abc:DEF","data":{"a":""# + String(repeating: "x", count: 4096) + "\"}}}",
                .messageRefused(attempts: 1)
            ),
            (#"{"message":{"token":"other"}}"#, .deviceGone(since: nil)),
        ] as [(String, PushOutcome)] {
            let reply = receiver.receive(SinkRequest(good, body: Array(body.utf8)), now: now)
            #expect(self.outcome(reply) == outcome && reply.delivery == nil, "\(body.prefix(60))")
        }
        for (wrong, status) in [
            (SinkRequest(good, without: "authorization"), 401),
            (SinkRequest(good, with: [PushHeader("authorization", "Bearer x")]), 401),
            (SinkRequest(good).at("/v1/projects/other/messages:send"), 403), (SinkRequest(good).at("/v1/x"), 404),
            (SinkRequest(good).by("GET"), 405),
        ] {
            let reply = receiver.receive(wrong, now: now)
            #expect(reply.response.status == status)
        }
        receiver.unregister(device.token)
        let gone = outcome(receiver.receive(SinkRequest(good), now: now))
        #expect(gone == .deviceGone(since: nil))
    }
}
