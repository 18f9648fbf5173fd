import Core
import Crypto
import TestSupport
import Testing

@testable import Push

@Suite struct APNsTests {
    private static let now: Int64 = 1_800_000_000
    private static let deviceToken = String(repeating: "0aF9", count: 16)
    private static let id = "123e4567-e89b-12d3-a456-42665544000a"
    private static let payload = Array(#"{"aps":{"alert":"hello"}}"#.utf8)

    private static func key() throws(InvalidPush) -> APNsKey {
        try APNsKey(p8: PrivateKeys.p256, keyID: "ABC123DEFG", teamID: "DEF123GHIJ")
    }

    @Test func tokens() throws {
        var tokens = APNsTokens(try Self.key())
        let first = tokens.token(now: Self.now)
        let read = try #require(SignedToken(first, longest: 1024))
        let publicKey = try #require(P256Key(pem: PrivateKeys.p256)).publicKey
        #expect(read.isSigned(by: VerifyingKey(publicKey)))
        #expect(read.head == JSONObject([("alg", "ES256"), ("kid", "ABC123DEFG")]))
        #expect(read.claims == JSONObject([("iss", "DEF123GHIJ"), ("iat", .integer(Self.now))]))
        // Apple takes one for an hour.
        #expect(tokens.token(now: Self.now + 2699) == first)
        #expect(tokens.token(now: Self.now + 2700) != first)
    }

    /// However often Apple says that it has ended, there is no other one within 20 minutes.
    @Test func refusedTokens() throws {
        var tokens = APNsTokens(try Self.key())
        var made: [Int64] = []
        var last = ""
        for time in stride(from: Self.now, to: Self.now + 7200, by: 10) {
            let token = tokens.token(now: time)
            if token != last { made.append(time) }
            last = token
            _ = tokens.refused(token, now: time)
        }
        #expect(zip(made, made.dropFirst()).allSatisfy { $1 - $0 == 1200 } && made.count == 6)
        // A response to a token before it says nothing of this one.
        let isAnother = tokens.refused("another", now: Self.now + 7200)
        #expect(isAnother)
        #expect(tokens.token(now: made.last! + 1199) == last)
    }

    /// What was made by a clock that was ahead, Apple refuses; it must not be used until that time has come.
    @Test func aClockThatIsSetBack() throws {
        var tokens = APNsTokens(try Self.key())
        let ahead = tokens.token(now: Self.now + 86_400)
        #expect(tokens.token(now: Self.now) == ahead)
        let mayRenew = tokens.refused(ahead, now: Self.now)
        #expect(mayRenew)
        #expect(tokens.token(now: Self.now) != ahead)
    }

    /// What another process has made is used while it is good, and never one that Apple has refused here.
    @Test func tokensOfOthers() throws {
        var tokens = APNsTokens(try Self.key())
        let other = APNsTokens.Token(text: "another's", madeAt: Self.now - 600)
        tokens.adopt(other, now: Self.now)
        #expect(tokens.token(now: Self.now) == "another's")
        let isAnother = tokens.refused("another's", now: Self.now)
        #expect(!isAnother && tokens.current(now: Self.now) != nil)
        tokens.adopt(other, now: Self.now + 600)
        #expect(tokens.current(now: Self.now + 600) == nil)
        tokens.adopt(APNsTokens.Token(text: "newer", madeAt: Self.now), now: Self.now + 600)
        #expect(tokens.token(now: Self.now + 600) == "newer")
        var fresh = APNsTokens(try Self.key())
        fresh.adopt(APNsTokens.Token(text: "old", madeAt: Self.now - 2700), now: Self.now)
        fresh.adopt(APNsTokens.Token(text: "ahead", madeAt: Self.now + 61), now: Self.now)
        #expect(fresh.current(now: Self.now) == nil)
    }

    @Test func keys() {
        func field(_ p8: String = PrivateKeys.p256, _ keyID: String = "ABC123DEFG", _ team: String = "DEF123GHIJ")
            -> String?
        { refusal { () throws(InvalidPush) in try APNsKey(p8: p8, keyID: keyID, teamID: team) } }
        #expect(field() == nil && field(PrivateKeys.rsa) == "key" && field("") == "key")
        for name in ["", "ABC123DEF", "ABC123DEFGH", "ABC123DEF\"", "ABC123DÉFG"] {
            #expect(field(PrivateKeys.p256, name) == "key_id")
            #expect(field(PrivateKeys.p256, "ABC123DEFG", name) == "team_id")
        }
    }

    @Test func devices() throws {
        let device = try APNsDevice(token: Self.deviceToken, topic: "com.example.App-1")
        #expect(device.token == Self.deviceToken.lowercased() && !device.isSandbox)
        func field(_ token: String, _ topic: String = "com.example.app") -> String? {
            refusal { () throws(InvalidPush) in try APNsDevice(token: token, topic: topic) }
        }
        #expect(field(String(repeating: "a", count: 200)) == nil)
        for token in [
            "", "0a", String(Self.deviceToken.dropLast()), Self.deviceToken + "0g", Self.deviceToken + "/.",
            String(repeating: "a", count: 202), String(repeating: "é", count: 32),
            String(repeating: "\u{10}\u{19}", count: 32),
        ] { #expect(field(token) == "token", "\(token)") }
        for topic in ["", "com example", "com.example\r\n", "com/example", String(repeating: "a", count: 256)] {
            #expect(field(Self.deviceToken, topic) == "topic")
        }
    }

    @Test func requests() throws {
        let device = try APNsDevice(token: Self.deviceToken, topic: "com.example.app")
        let message = try APNsMessage(
            payload: Self.payload, id: Self.id, expires: Self.now + 3600, collapseID: "post 1")
        let request = message.request(to: device, token: "a.b.c")
        #expect(request.url == "https://api.push.apple.com/3/device/" + Self.deviceToken.lowercased())
        #expect(request.body == Self.payload)
        #expect(
            request.headers == [
                PushHeader("authorization", "bearer a.b.c"), PushHeader("apns-topic", "com.example.app"),
                PushHeader("apns-push-type", "alert"), PushHeader("apns-id", Self.id),
                PushHeader("apns-priority", "10"),
                PushHeader("apns-expiration", "1800003600"), PushHeader("apns-collapse-id", "post 1"),
            ])
        let sandbox = try APNsDevice(token: Self.deviceToken, topic: "com.example.app", isSandbox: true)
        #expect(message.request(to: sandbox, token: "").url.hasPrefix("https://api.sandbox.push.apple.com/3/device/0a"))
        let hosts = APNsMessage.Hosts(all: "http://127.0.0.1:1")
        #expect(message.request(to: sandbox, token: "", hosts: hosts).url.hasPrefix("http://127.0.0.1:1/3/device/0a"))
        let quiet = try APNsMessage(payload: Self.payload, id: Self.id, kind: .background, expires: 0)
        let quietRequest = quiet.request(to: device, token: "")
        #expect(quietRequest.header("apns-priority") == "5" && quietRequest.header("apns-push-type") == "background")
        #expect(quietRequest.header("apns-expiration") == "0" && quietRequest.header("apns-collapse-id") == nil)
    }

    @Test func limits() {
        func field(
            _ payload: [UInt8] = Self.payload, id: String = Self.id, kind: APNsMessage.Kind = .alert,
            priority: APNsMessage.Priority? = nil, expires: Int64 = 0, collapseID: String? = nil
        ) -> String? {
            refusal { () throws(InvalidPush) in
                try APNsMessage(
                    payload: payload, id: id, kind: kind, priority: priority, expires: expires, collapseID: collapseID)
            }
        }
        func object(_ length: Int) -> [UInt8] {
            Array(#"{"a":""#.utf8) + [UInt8](repeating: 0x61, count: length - 8) + Array("\"}".utf8)
        }
        #expect(field(object(4096)) == nil && field(object(4097)) == "payload")
        for text in ["", "[]", "{", "null", "{}x", "{\"a\":1,\"a\":2}"] {
            #expect(field(Array(text.utf8)) == "payload", "\(text)")
        }
        for id in ["", Self.id.uppercased(), String(Self.id.dropLast()), Self.id + "0", "x", "----"] {
            #expect(field(id: id) == "id")
        }
        #expect(
            field(kind: .background, priority: .atOnce) == "priority" && field(kind: .background, priority: .low) == nil
        )
        #expect(field(expires: -1) == "expires")
        #expect(field(collapseID: String(repeating: "x", count: 64)) == nil)
        for id in ["", String(repeating: "x", count: 65), "a\r\nb: c", "é", " a", "a "] {
            #expect(field(collapseID: id) == "collapse_id")
        }
    }
}
