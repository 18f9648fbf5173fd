import Core
import Crypto
import TestSupport
import Testing

@testable import Push

@Suite struct VAPIDTests {
    private static let now: Int64 = 1_800_000_000
    private static let audience = "https://push.example.net"
    /// RFC 8292, section 2.4.
    private static let example =
        "vapid t=eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAiOjE0NTM1MjM3Njgs"
        + "InN1YiI6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0.i3CYb7t4xfxCDquptFOepC9GAu_HLGkMlMuCGSK2rpiUfnK9ojFwDXb1JrErtmysazNj"
        + "jvW2L9OkSSHzvoD1oA, k=BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs"
    private static let exampleEnds: Int64 = 1_453_523_768

    private static func failure(
        _ header: String, audience: String = audience, now: Int64 = now
    ) -> VAPIDAuthorization.Failure? {
        do throws(VAPIDAuthorization.Failure) {
            try VAPIDAuthorization(header).check(audience: audience, now: now)
            return nil
        } catch {
            return error
        }
    }

    private static func key(_ contact: String = "mailto:push@example.com") throws -> VAPIDKey {
        try VAPIDKey(PrivateKeys.p256Scalar, contact: contact)
    }

    @Test func theExampleOfTheStandard() {
        #expect(Self.failure(Self.example, now: Self.exampleEnds - 1) == nil)
        #expect(Self.failure(Self.example, now: Self.exampleEnds - 86_400) == nil)
        #expect(Self.failure(Self.example, now: Self.exampleEnds) == .expired)
        #expect(Self.failure(Self.example, now: Self.exampleEnds - 86_401) == .life)
        #expect(Self.failure(Self.example, audience: Self.audience + "/", now: Self.exampleEnds - 1) == .audience)
        // In another order, in another case, with other space.
        let parts = Self.example.dropFirst(6).split(separator: ", ")
        #expect(Self.failure("Vapid  \(parts[1]),\(parts[0])", now: Self.exampleEnds - 1) == nil)
    }

    @Test func whatIsRefused() {
        for (altered, failure) in [
            (Self.example.replacing("vapid", with: "bearer"), .malformed), ("", .malformed), ("vapid", .malformed),
            ("vapid t=x", .malformed), (Self.example.replacing(", k=", with: ", j="), .malformed),
            (Self.example + ", k=x", .malformed), (Self.example.replacing("BA1Hx", with: "BA1Hy"), .key),
            (Self.example.replacing("i3CYb", with: "i3CYc"), .signature),
            (Self.example.replacing("B1c2gu", with: "B1c2hu"), .signature),
            (Self.example + String(repeating: " ", count: 4096), .malformed),
        ] as [(String, VAPIDAuthorization.Failure)] {
            #expect(Self.failure(altered, now: Self.exampleEnds - 1) == failure, "\(altered.prefix(40))")
        }
        // By another's key.
        let other = Base64URL.encode(P256Key().publicKey.bytes)
        let start = Self.example.firstRange(of: "k=")!.upperBound
        #expect(Self.failure(Self.example[..<start] + other, now: Self.exampleEnds - 1) == .signature)
    }

    @Test func tokens() throws {
        var tokens = VAPIDTokens(try Self.key())
        let first = tokens.authorization(for: Self.audience, now: Self.now)
        #expect(Self.failure(first) == nil)
        #expect(first.hasSuffix(",k=" + tokens.key.publicKey))
        // The same for half a day, and then another one, long before it ends.
        #expect(tokens.authorization(for: Self.audience, now: Self.now + 43_199) == first)
        #expect(Self.failure(first, now: Self.now + 43_199 + 36_000) == nil)
        let second = tokens.authorization(for: Self.audience, now: Self.now + 43_200)
        #expect(second != first && Self.failure(second, now: Self.now + 43_200) == nil)
        // A clock that was set back makes no token that services find too long.
        let third = tokens.authorization(for: Self.audience, now: Self.now)
        #expect(third != second && Self.failure(third) == nil)
        // One for each service.
        let other = tokens.authorization(for: "https://push.example.org", now: Self.now)
        #expect(Self.failure(other) == .audience && tokens.count == 2)
    }

    /// Anybody may name a service of his own; those in use stay as long as there is room.
    @Test func noMoreThanSoMany() throws {
        var tokens = VAPIDTokens(try Self.key())
        for number in 0..<VAPIDTokens.most {
            _ = tokens.authorization(for: "https://\(number).example", now: Self.now + Int64(number))
        }
        #expect(tokens.count == VAPIDTokens.most)
        let last = "https://\(VAPIDTokens.most - 1).example"
        let kept = tokens.authorization(for: last, now: Self.now + 2000)
        _ = tokens.authorization(for: "https://one-more.example", now: Self.now + 2000)
        #expect(tokens.count == VAPIDTokens.most / 2 + 1)
        #expect(tokens.authorization(for: last, now: Self.now + 2001) == kept)
        _ = tokens.authorization(for: "https://later.example", now: Self.now + 50_000)
        #expect(tokens.count <= VAPIDTokens.most)
    }

    @Test func keys() throws {
        let key = try Self.key()
        #expect(bytes(key.publicKey).count == 65)
        for text in [PrivateKeys.p256, PrivateKeys.oldP256, PrivateKeys.p256Scalar + "\n"] {
            #expect(try VAPIDKey(text, contact: "https://example.com/contact").publicKey == key.publicKey)
        }
        for text in ["", "AA", PrivateKeys.rsa, PrivateKeys.p384, PrivateKeys.p256Scalar + "=", key.publicKey] {
            #expect(refusal { () throws(InvalidPush) in try VAPIDKey(text, contact: "mailto:a@example.com") } == "key")
        }
    }

    /// Apple's and Mozilla's services refuse what nobody can answer to.
    @Test(arguments: [
        "", "push@example.com", "mailto:", "mailto:push", "mailto:push@localhost", "mailto:@example.com",
        "mailto:a@b@example.com", "mailto:push@127.0.0.1", "mailto:push@host.local", "mailto:push@example..com",
        "mailto:pu sh@example.com", "mailto:push@example.com\r\nx", "http://example.com", "https://localhost/",
        "https://192.0.2.1/", "tel:+1", "mailto:" + String(repeating: "a", count: 250) + "@example.com",
        "mailto:push@exämple.com",
    ]) func contacts(_ contact: String) {
        #expect(
            refusal { () throws(InvalidPush) in try VAPIDKey(PrivateKeys.p256Scalar, contact: contact) } == "contact")
    }
}
