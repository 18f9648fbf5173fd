import Core
import Crypto
import TestSupport
import Testing

@testable import Push

@Suite struct FCMTests {
    private static let now: Int64 = 1_800_000_000_000
    private static let members: [(String, JSONValue)] = [
        ("type", "service_account"), ("project_id", "my-project"), ("private_key_id", "0123456789abcdef"),
        ("private_key", .string(PrivateKeys.rsa)), ("client_email", "push@my-project.iam.gserviceaccount.com"),
        ("token_uri", "https://oauth2.googleapis.com/token"), ("universe_domain", "googleapis.com"),
    ]

    private static func file(_ key: String = "", _ value: JSONValue? = nil) -> [UInt8] {
        var members = members
        if let index = members.firstIndex(where: { $0.0 == key }) {
            members.remove(at: index)
            if let value { members.append((key, value)) }
        }
        return Array(JSONValue.object(JSONObject(members)).text.utf8)
    }

    private static func granted(_ token: String = "ya29.token", expires: JSONValue = 3599) -> PushResponse {
        let object: JSONValue = ["access_token": .string(token), "expires_in": expires, "token_type": "Bearer"]
        return PushResponse(status: 200, body: Array(object.text.utf8))
    }

    @Test func accounts() throws {
        #expect(try ServiceAccount(Self.file()).projectID == "my-project")
        func field(_ file: [UInt8]) -> String? { refusal { () throws(InvalidPush) in try ServiceAccount(file) } }
        for (key, values) in [
            ("type", [nil, "authorized_user", 1]), ("project_id", [nil, "", "a/b", "a b", 7]),
            ("private_key_id", [nil, "", "a\"b"]), ("client_email", [nil, "", "push", "a@b\r\n"]),
            ("token_uri", [nil, "http://oauth2.googleapis.com/token", "oauth2.googleapis.com", "http://127.0.0.1/"]),
            ("private_key", [nil, "", .string(PrivateKeys.p256), .string(PrivateKeys.shortRSA), 1]),
        ] as [(String, [JSONValue?])] {
            for value in values { #expect(field(Self.file(key, value)) == key, "\(key): \(value?.text ?? "none")") }
        }
        for text in ["", "[]", "{", String(repeating: " ", count: 16_384) + "{}"] {
            #expect(field(Array(text.utf8)) == "service_account")
        }
        let local = Self.file("token_uri", "http://127.0.0.1:1/token")
        #expect(refusal { () throws(InvalidPush) in try ServiceAccount(local, allowsLoopback: true) } == nil)
    }

    @Test func assertions() throws {
        let request = try ServiceAccount(Self.file()).tokenRequest(now: Self.now / 1000)
        #expect(request.url == "https://oauth2.googleapis.com/token")
        #expect(request.header("content-type") == "application/x-www-form-urlencoded")
        let prefix = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="
        let form = String(decoding: request.body, as: UTF8.self)
        #expect(form.hasPrefix(prefix))
        let token = try #require(SignedToken(form.dropFirst(prefix.count), longest: 4096))
        #expect(token.isSigned(by: try #require(RSAKey(pem: PrivateKeys.rsa)).publicKey))
        #expect(token.head == JSONObject([("alg", "RS256"), ("typ", "JWT"), ("kid", "0123456789abcdef")]))
        #expect(
            token.claims
                == JSONObject([
                    ("iss", "push@my-project.iam.gserviceaccount.com"),
                    ("scope", "https://www.googleapis.com/auth/firebase.messaging"),
                    ("aud", "https://oauth2.googleapis.com/token"), ("iat", 1_800_000_000), ("exp", 1_800_003_600),
                ]))
    }

    private static func isAsk(_ step: FCMAccess.Step) -> Bool { if case .ask = step { true } else { false } }

    /// One asks, the others wait; at four fifths of its life one asks again, and the others use what there is.
    @Test func oneRequestAtATime() throws {
        var access = FCMAccess(try ServiceAccount(Self.file()))
        #expect(Self.isAsk(access.next(now: Self.now)))
        for _ in 0..<3 { #expect(access.next(now: Self.now + 100) == .wait(until: Self.now + 30_000)) }
        #expect(access.received(Self.granted(), now: Self.now + 200).outcome == .delivered)
        let renewal = Self.now + 200 + 3599 * 800
        for time in [Self.now + 200, renewal - 1] { #expect(access.next(now: time) == .use("ya29.token")) }
        #expect(Self.isAsk(access.next(now: renewal)))
        #expect(access.next(now: renewal) == .use("ya29.token"))
        #expect(access.received(PushFailure.timeout, now: renewal + 10).outcome == .temporary(wait: nil))
        // It is good for some minutes still; the next attempt is a second later.
        #expect(access.next(now: renewal + 1009) == .use("ya29.token"))
        #expect(Self.isAsk(access.next(now: renewal + 1010)))
        #expect(access.received(Self.granted("second"), now: renewal + 2000).outcome == .delivered)
        #expect(access.next(now: renewal + 2000) == .use("second"))
    }

    @Test func whoAskedAndIsGone() throws {
        var access = FCMAccess(try ServiceAccount(Self.file()))
        #expect(Self.isAsk(access.next(now: Self.now)))
        #expect(access.next(now: Self.now + 29_999) == .wait(until: Self.now + 30_000))
        #expect(Self.isAsk(access.next(now: Self.now + 30_000)))
    }

    @Test func whatGoogleRefuses() throws {
        let refused = PushResponse(status: 400, body: Array(#"{"error":"invalid_grant","error_description":"x"}"#.utf8))
        let slow = PushResponse(status: 429, headers: [PushHeader("Retry-After", "7")])
        for (response, outcome, wait) in [
            (refused, .credentialRefused(renews: false), 300_000), (slow, .throttled(wait: 7000), 7000),
            (PushResponse(status: 503), .temporary(wait: nil), 1000),
            (PushResponse(status: 503, headers: [PushHeader("Retry-After", "9")]), .temporary(wait: 9000), 9000),
            (PushResponse(status: 200, body: Array("{}".utf8)), .temporary(wait: nil), 1000),
            (Self.granted("a\r\nb"), .temporary(wait: nil), 1000), (Self.granted(""), .temporary(wait: nil), 1000),
            (Self.granted(expires: 0), .temporary(wait: nil), 1000),
            (Self.granted(expires: -1), .temporary(wait: nil), 1000),
            (Self.granted(expires: "3599"), .temporary(wait: nil), 1000),
        ] as [(PushResponse, PushOutcome, Int64)] {
            var access = FCMAccess(try ServiceAccount(Self.file()))
            _ = access.next(now: Self.now)
            #expect(access.received(response, now: Self.now).outcome == outcome)
            #expect(access.next(now: Self.now + wait - 1) == .wait(until: Self.now + wait))
            #expect(Self.isAsk(access.next(now: Self.now + wait)))
        }
        var access = FCMAccess(try ServiceAccount(Self.file()))
        _ = access.next(now: Self.now)
        #expect(access.received(refused, now: Self.now).reason == "invalid_grant")
    }

    /// Pauses double, up to five minutes, and a token that is far too long-lived is renewed within a day.
    @Test func bounds() throws {
        var access = FCMAccess(try ServiceAccount(Self.file()))
        var now = Self.now
        var pauses: [Int64] = []
        for _ in 0..<30 {
            #expect(Self.isAsk(access.next(now: now)))
            _ = access.received(PushFailure.unreachable, now: now)
            guard case .wait(let until) = access.next(now: now) else {
                Issue.record("it does not wait")
                return
            }
            pauses.append(until - now)
            now = until
        }
        #expect(pauses[..<4] == [1000, 2000, 4000, 8000] && pauses.max() == 300_000 && pauses.last == 300_000)
        _ = access.next(now: now)
        _ = access.received(Self.granted(expires: .integer(.max)), now: now)
        #expect(Self.isAsk(access.next(now: now + 86_400_000)))
    }

    @Test func refusedTokens() throws {
        var access = FCMAccess(try ServiceAccount(Self.file()))
        _ = access.next(now: Self.now)
        _ = access.received(Self.granted(), now: Self.now)
        let isNews = access.refused("another", now: Self.now)
        #expect(isNews && access.next(now: Self.now) == .use("ya29.token"))
        let mayAsk = access.refused("ya29.token", now: Self.now)
        #expect(mayAsk && Self.isAsk(access.next(now: Self.now)))
    }

    @Test func requests() throws {
        let account = try ServiceAccount(Self.file())
        let device = try FCMDevice(token: "abc:DEF-1_2")
        let message = try FCMMessage(
            notice: .init(title: "Ann", body: "likes \"it\""), data: [("id", "7"), ("kind", "like")], timeToLive: 3600,
            collapseKey: "post:1")
        let request = try message.request(to: device, of: account, access: "ya29.token")
        #expect(request.url == "https://fcm.googleapis.com/v1/projects/my-project/messages:send")
        #expect(request.header("authorization") == "Bearer ya29.token")
        #expect(request.header("content-type") == "application/json")
        let expected: JSONValue = [
            "message": [
                "token": "abc:DEF-1_2", "android": ["priority": "HIGH", "ttl": "3600s", "collapse_key": "post:1"],
                "notification": ["title": "Ann", "body": "likes \"it\""], "data": ["id": "7", "kind": "like"],
            ]
        ]
        #expect(try JSONValue.parse(request.body) == expected)
    }

    @Test func limits() throws {
        func field(
            data: [(String, String)] = [("a", "b")], ttl: Int = 1, collapseKey: String? = nil
        ) -> String? {
            refusal { () throws(InvalidPush) in
                try FCMMessage(data: data, timeToLive: ttl, collapseKey: collapseKey)
            }
        }
        #expect(
            field() == nil && field(ttl: 2_419_200) == nil && field(ttl: 2_419_201) == "ttl" && field(ttl: -1) == "ttl")
        for name in [
            "", "from", "message_type", "google.x", "gcm.x", "collapse_key", "a b", String(repeating: "x", count: 65),
        ] {
            #expect(field(data: [(name, "x")]) == "data", "\(name)")
        }
        #expect(field(data: [("a", "x"), ("a", "y")]) == "data")
        #expect(field(collapseKey: "") == "collapse_key" && field(collapseKey: "é") == "collapse_key")
        for token in ["", "a b", "a/b", "a\n", String(repeating: "x", count: 1025)] {
            #expect(refusal { () throws(InvalidPush) in try FCMDevice(token: token) } == "token")
        }
        let (account, device) = (try ServiceAccount(Self.file()), try FCMDevice(token: "token"))
        func length(_ text: String) throws -> Int? {
            let message = try FCMMessage(data: [("a", text)], timeToLive: 1)
            return try? message.request(to: device, of: account, access: "x").body.count
        }
        let empty = try #require(try length(""))
        #expect(try length(String(repeating: "x", count: 4096 - empty)) == 4096)
        #expect(try length(String(repeating: "x", count: 4097 - empty)) == nil)
        // Escapes count.
        #expect(try length(String(repeating: "\n", count: 4096 - empty)) == nil)
    }
}
