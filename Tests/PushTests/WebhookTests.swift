import Core
import Crypto
import Testing

@testable import Push

/// Standard Webhooks 1.0.0, with the vectors of its specification and libraries.
@Suite struct WebhookTests {
    private static let text = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    private static let keyText =
        "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
    private static let id = "msg_p5jXN8AQM9LWM0D4loKWxJek"
    private static let time: Int64 = 1_614_265_330
    private static let body = Array(#"{"test": 2432232314}"#.utf8)
    private static let v1 = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    private static let v1a =
        "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="

    private static func headers(
        id: String = id, time: String = "\(time)", signature: String
    ) -> [PushHeader] {
        [
            PushHeader("Webhook-Id", id), PushHeader("WEBHOOK-TIMESTAMP", time),
            PushHeader("webhook-signature", signature),
        ]
    }

    private static func failure(
        _ verifier: WebhookVerifier, _ headers: [PushHeader], body: [UInt8] = body, now: Int64 = time
    ) -> WebhookVerifier.Failure? {
        do throws(WebhookVerifier.Failure) {
            try verifier.check(headers: headers, body: body, now: now)
            return nil
        } catch {
            return error
        }
    }

    @Test func theExamplesOfTheStandard() throws {
        let signer = WebhookSigner(try WebhookSecret(Self.text), keys: [try WebhookKey(Self.keyText)])
        let endpoint = try WebhookEndpoint("https://hooks.example/x")
        let request = try WebhookMessage(id: Self.id, payload: Self.body).request(
            to: endpoint, signer: signer, now: Self.time * 1000 + 999)
        #expect(request.url == "https://hooks.example/x" && request.body == Self.body)
        #expect(
            request.headers == [
                PushHeader("content-type", "application/json"), PushHeader("webhook-id", Self.id),
                PushHeader("webhook-timestamp", "\(Self.time)"),
                PushHeader("webhook-signature", Self.v1 + " " + Self.v1a),
            ])
    }

    @Test func checks() throws {
        let key = try WebhookKey(Self.keyText)
        let both = try WebhookVerifier(secrets: [WebhookSecret(Self.text)], publicKeys: [key.publicKey])
        let secretOnly = try WebhookVerifier(secrets: [WebhookSecret(Self.text)])
        let keyOnly = try WebhookVerifier(secrets: [], publicKeys: [WebhookKey().publicKey, key.publicKey])
        for signature in [Self.v1, Self.v1a, "v2,x \(Self.v1)", "\(Self.v1a) v1,AAAA", "v1a,AA== \(Self.v1)"] {
            let given = Self.headers(signature: signature)
            #expect(Self.failure(both, given) == nil)
            #expect(Self.failure(secretOnly, given) == (signature.contains(Self.v1) ? nil : .signature))
            #expect(Self.failure(keyOnly, given) == (signature.contains(Self.v1a) ? nil : .signature))
        }
        for signature in [
            "", " ", "v1", "v1,", "v1," + Self.v1, Self.v1.dropLast() + "", String(Self.v1.dropFirst(3)),
            Self.v1.replacing("v1", with: "v1a"), Self.v1a.replacing("v1a", with: "v1"),
            Self.v1.replacing("v1", with: "V1"),
            Self.v1 + "=", Self.v1.replacing("g0", with: "h0"), Self.v1.replacing(" ", with: ""),
            String(repeating: "v1,AAAA ", count: 16) + Self.v1,
        ] where signature != Self.v1 {
            #expect(Self.failure(both, Self.headers(signature: signature)) == .signature, "\(signature)")
        }
    }

    @Test func everythingIsSigned() throws {
        let verifier = try WebhookVerifier(
            secrets: [WebhookSecret(Self.text)], publicKeys: [try WebhookKey(Self.keyText).publicKey])
        for signature in [Self.v1, Self.v1a] {
            #expect(Self.failure(verifier, Self.headers(signature: signature), body: Self.body + [32]) == .signature)
            #expect(Self.failure(verifier, Self.headers(id: Self.id + "x", signature: signature)) == .signature)
            #expect(Self.failure(verifier, Self.headers(time: "\(Self.time + 1)", signature: signature)) == .signature)
            // The same moment, but not what was signed.
            #expect(Self.failure(verifier, Self.headers(time: "0\(Self.time)", signature: signature)) == .signature)
        }
    }

    @Test func times() throws {
        let verifier = try WebhookVerifier(secrets: [WebhookSecret(Self.text)])
        let given = Self.headers(signature: Self.v1)
        for (after, failure) in [(-300, nil), (300, nil), (301, .tooOld), (-301, .tooNew), (1 << 40, .tooOld)]
            as [(Int64, WebhookVerifier.Failure?)]
        { #expect(Self.failure(verifier, given, now: Self.time + after) == failure) }
        for time in ["", "-1", "+1614265330", "1614265330.0", "x", "1614265330 ", "9999999999999", "１６１４２６５３３０"] {
            #expect(Self.failure(verifier, Self.headers(time: time, signature: Self.v1)) == .headers, "\(time)")
        }
        for index in 0..<3 {
            var fewer = given
            fewer.remove(at: index)
            #expect(Self.failure(verifier, fewer) == .headers)
        }
        #expect(Self.failure(verifier, Self.headers(id: "", signature: Self.v1)) == .headers)
        #expect(
            Self.failure(verifier, Self.headers(id: String(repeating: "x", count: 257), signature: Self.v1)) == .headers
        )
        #expect(
            Self.failure(verifier, Self.headers(signature: Self.v1 + String(repeating: " ", count: 4096))) == .headers)
    }

    /// For a day whoever has the old secret is served as well as who has the new one.
    @Test func rotation() throws {
        let (old, new) = (try WebhookSecret(Self.text), WebhookSecret())
        let now = Self.time * 1000
        var signer = WebhookSigner(old)
        signer.rotate(to: new, now: now)
        #expect(signer.secret == new)
        let verifiers = (
            old: try WebhookVerifier(secrets: [old]), new: try WebhookVerifier(secrets: [new]),
            both: try WebhookVerifier(secrets: [new, old])
        )
        for (after, oldIsGood) in [(0, true), (86_399_999, true), (86_400_000, false)] as [(Int64, Bool)] {
            let headers = signer.headers(id: Self.id, body: Self.body, now: now + after)
            let seconds = (now + after) / 1000
            #expect(Self.failure(verifiers.new, headers, now: seconds) == nil)
            #expect(Self.failure(verifiers.both, headers, now: seconds) == nil)
            #expect(Self.failure(verifiers.old, headers, now: seconds) == (oldIsGood ? nil : .signature))
        }
        // A sender who still has the old one is understood by who has both.
        let late = WebhookSigner(old).headers(id: Self.id, body: Self.body, now: now)
        #expect(Self.failure(verifiers.both, late) == nil && Self.failure(verifiers.new, late) == .signature)
        signer.rotate(now: now + 1)
        let third = signer.headers(id: Self.id, body: Self.body, now: now + 1)
        #expect(Self.failure(verifiers.old, third) == .signature && Self.failure(verifiers.new, third) == nil)
    }

    @Test func secrets() throws {
        #expect(try WebhookSecret(Self.text).text == Self.text)
        let fresh = WebhookSecret()
        #expect(try WebhookSecret(fresh.text) == fresh && fresh != WebhookSecret() && fresh.text.utf8.count == 50)
        for (length, isGood) in [(23, false), (24, true), (64, true), (65, false)] {
            let text = "whsec_" + Base64.encode([UInt8](repeating: 7, count: length))
            #expect((refusal { () throws(InvalidPush) in try WebhookSecret(text) } == nil) == isGood)
        }
        for text in ["", "whsec_", String(Self.text.dropFirst(6)), Self.text + "\n", Self.text + "=", Self.keyText] {
            #expect(refusal { () throws(InvalidPush) in try WebhookSecret(text) } == "secret")
        }
    }

    @Test func keys() throws {
        let key = try WebhookKey(Self.keyText)
        #expect(key.text == Self.keyText)
        #expect(key.publicKey == "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=")
        let seed = Array(Base64.decode(Self.keyText.dropFirst(5))![..<32])
        #expect(try WebhookKey("whsk_" + Base64.encode(seed)).text == Self.keyText)
        #expect(try WebhookKey(WebhookKey().text).publicKey != key.publicKey)
        for text in [
            "", "whsk_", Self.text, key.publicKey, Self.keyText + "\n", Self.keyText.replacing("KvA", with: "KvB"),
            "whsk_" + Base64.encode(seed + seed), "whsk_" + Base64.encode(seed + [1]),
        ] where text != Self.keyText {
            #expect(refusal { () throws(InvalidPush) in try WebhookKey(text) } == "key", "\(text)")
        }
        for text in ["", "whpk_", Self.keyText, key.publicKey + "=", "whpk_AAAA"] {
            #expect(refusal { () throws(InvalidPush) in try WebhookVerifier(secrets: [], publicKeys: [text]) } == "key")
        }
    }

    @Test func limits() {
        func field(_ id: String = Self.id, _ payload: [UInt8] = Self.body) -> String? {
            refusal { () throws(InvalidPush) in try WebhookMessage(id: id, payload: payload) }
        }
        #expect(field() == nil)
        for id in ["", "a.b", "a b", "é", "a\r\nb", String(repeating: "x", count: 129)] { #expect(field(id) == "id") }
        let long = Array(#"{"a":""#.utf8) + [UInt8](repeating: 0x61, count: 20_000 - 8) + Array("\"}".utf8)
        #expect(field(Self.id, long) == nil && field(Self.id, [32] + long) == "payload")
        #expect(field(Self.id, Array("[]".utf8)) == "payload")
        for url in [
            "", "http://hooks.example", "https://u@hooks.example", "https://hooks.example/#x", "file:///etc/passwd",
        ] {
            #expect(refusal { () throws(InvalidPush) in try WebhookEndpoint(url) } == "url")
        }
    }
}
