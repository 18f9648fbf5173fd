import Core
import Crypto
import Testing

@testable import Push

@Suite struct WebPushEncryptionTests {
    private static let receiver = P256Key(scalar: bytes("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"))!
    private static let auth = "BTBZMqHH6r4Tts7J_aSIgg"
    private static let point =
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
    /// RFC 8291, section 5.
    private static let body = bytes(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl"
            + "7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN")
    private static let text = Array("When I grow up, I want to be a watermelon".utf8)

    private static func subscription() throws(InvalidPush) -> WebPushSubscription {
        try WebPushSubscription(
            endpoint: "https://push.example/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV", p256dh: point, auth: auth)
    }

    /// RFC 8291, section 5 and appendix A: from the keys to the last byte of the body.
    @Test func theExampleOfTheStandard() throws {
        let sender = try #require(P256Key(scalar: bytes("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")))
        let secret = sender.sharedSecret(with: Self.receiver.publicKey)
        let key = Crypto.hkdf(
            secret, salt: bytes(Self.auth),
            info: Array("WebPush: info\0".utf8) + bytes(Self.point) + sender.publicKey.bytes, length: 32)
        #expect(key == bytes("S4lYMb_L0FxCeq0WhDx813KgSYqU26kOyzWUdsXYyrg"))
        #expect(Self.receiver.publicKey.bytes == bytes(Self.point))
        let body = WebPushEncryption.encrypt(
            Self.text, for: try Self.subscription(), sender: sender.publicKey, secret: secret,
            salt: bytes("DGv6ra1nlYgDCS1FRnbzlw"))
        #expect(body == Self.body && body.count == 144)
        #expect(WebPushEncryption.decrypt(body, by: Self.receiver, auth: bytes(Self.auth)) == Self.text)
    }

    /// Each by a key and a salt of its own.
    @Test func messages() throws {
        let subscription = try Self.subscription()
        for length in [0, 1, 100, 3992, 3993] {
            let plain = Crypto.randomBytes(length)
            let (one, other) = (
                WebPushEncryption.encrypt(plain, for: subscription), WebPushEncryption.encrypt(plain, for: subscription)
            )
            #expect(one.count == length + 103 && one.count <= 4096)
            #expect(one[..<16] != other[..<16] && one[21..<86] != other[21..<86])
            for body in [one, other] {
                #expect(WebPushEncryption.decrypt(body, by: Self.receiver, auth: bytes(Self.auth)) == plain)
            }
        }
        #expect(WebPushEncryption.longest == 3993)
    }

    @Test func whatIsNotForThisSubscription() throws {
        let auth = bytes(Self.auth)
        #expect(WebPushEncryption.decrypt(Self.body, by: P256Key(), auth: auth) == nil)
        #expect(WebPushEncryption.decrypt(Self.body, by: Self.receiver, auth: auth.reversed()) == nil)
        // The size of records, at 16, is nowhere in what is signed, and means nothing where there is one.
        for index in [0, 15, 20, 21, 22, 60, 86, 143] {
            var other = Self.body
            other[index] ^= 1
            #expect(WebPushEncryption.decrypt(other, by: Self.receiver, auth: auth) == nil)
        }
        #expect(WebPushEncryption.decrypt([], by: Self.receiver, auth: auth) == nil)
        // Two records, which no browser takes.
        let secret = Self.receiver.sharedSecret(with: Self.receiver.publicKey)
        let key = Crypto.hkdf(
            secret, salt: auth, info: Array("WebPush: info\0".utf8) + bytes(Self.point) + bytes(Self.point), length: 32)
        for (size, expected) in [(4096, Self.text), (30, nil)] as [(Int, [UInt8]?)] {
            let body = EncryptedContent.encrypt(
                Self.text, key: key, salt: Crypto.randomBytes(16), recordSize: size, keyID: bytes(Self.point))
            #expect(WebPushEncryption.decrypt(body, by: Self.receiver, auth: auth) == expected)
        }
    }

    @Test func subscriptions() throws {
        let good = try Self.subscription()
        #expect(good.audience == "https://push.example")
        func field(endpoint: String = "https://push.example/x", p256dh: String = Self.point, auth: String = Self.auth)
            -> String?
        {
            refusal { () throws(InvalidPush) in
                try WebPushSubscription(endpoint: endpoint, p256dh: p256dh, auth: auth)
            }
        }
        #expect(field() == nil && field(endpoint: "https://Push.example:8443/x?y=z") == nil)
        for endpoint in [
            "", "push.example", "http://push.example/x", "http://127.0.0.1/x", "ftp://push.example/x", "https://",
            "https:///x", "https://u:p@push.example/x", "https://push.example/x#y", "https://push.example/é",
            "https://push.example/ x", "https://push.example/\r\nx: y",
            "https://" + String(repeating: "x", count: 2048),
        ] { #expect(field(endpoint: endpoint) == "endpoint", "\(endpoint)") }
        for point in [
            "", Self.point + "=", String(Self.point.dropLast()), Self.point.replacing("BCVx", with: "BCVy"),
            Self.point.replacing("_", with: "/"), "AA", Base64URL.encode([UInt8](repeating: 4, count: 65)),
        ] { #expect(field(p256dh: point) == "p256dh", "\(point)") }
        for auth in ["", "BTBZMqHH6r4Tts7J_aSIgg==", "BTBZMqHH6r4Tts7J_aSI", "BTBZMqHH6r4Tts7J_aSIggAA", "x"] {
            #expect(field(auth: auth) == "auth", "\(auth)")
        }
        let local = try WebPushSubscription(
            endpoint: "http://127.0.0.1:8080/x", p256dh: Self.point, auth: Self.auth, allowsLoopback: true)
        #expect(local.audience == "http://127.0.0.1:8080")
    }

    @Test func requests() throws {
        let subscription = try Self.subscription()
        let message = try WebPushMessage(
            payload: Self.text, timeToLive: 3600, urgency: .high, topic: "post:1/\u{1F600} and more")
        let request = message.request(to: subscription, authorization: "vapid t=a.b.c, k=d")
        #expect(request.url == subscription.endpoint && PushRequest.method == "POST")
        #expect(
            request.headers.map(\.name) == [
                "authorization", "content-encoding", "content-type", "ttl", "urgency", "topic",
            ])
        #expect(request.header("TTL") == "3600" && request.header("Content-Encoding") == "aes128gcm")
        #expect(request.header("urgency") == "high" && request.header("authorization") == "vapid t=a.b.c, k=d")
        let topic = try #require(request.header("topic"))
        #expect(topic.utf8.count == 32 && Base64URL.decode(topic) != nil)
        #expect(WebPushEncryption.decrypt(request.body, by: Self.receiver, auth: bytes(Self.auth)) == Self.text)
        let plain = try WebPushMessage(payload: [], timeToLive: 0).request(to: subscription, authorization: "")
        #expect(plain.header("topic") == nil && plain.header("urgency") == "normal" && plain.header("ttl") == "0")
    }

    /// Microsoft's service wants a header of its own that says the same as the TTL.
    @Test func windows() throws {
        for (host, policy) in [
            ("wns2-par02p.notify.windows.com", ["cache", "no-cache"]), ("push.example", [nil, nil]),
            ("notify.windows.com.example", [nil, nil]),
        ] as [(String, [String?])] {
            let subscription = try WebPushSubscription(
                endpoint: "https://\(host)/w/?token=x", p256dh: Self.point, auth: Self.auth)
            for (ttl, policy) in zip([60, 0], policy) {
                let request = try WebPushMessage(payload: [], timeToLive: ttl).request(
                    to: subscription, authorization: "")
                #expect(request.header("x-wns-cache-policy") == policy)
            }
        }
    }

    @Test func limits() {
        func field(_ length: Int = 1, _ ttl: Int = 1) -> String? {
            refusal { () throws(InvalidPush) in
                try WebPushMessage(payload: [UInt8](repeating: 0, count: length), timeToLive: ttl)
            }
        }
        #expect(field(3993) == nil && field(3994) == "payload")
        #expect(field(1, 2_419_200) == nil && field(1, 2_419_201) == "ttl" && field(1, -1) == "ttl")
    }
}
