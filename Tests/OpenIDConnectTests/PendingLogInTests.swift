import Core
import Crypto
import Testing

@testable import OpenIDConnect

/// `state`: what a log-in carries through the provider.
@Suite struct PendingLogInTests {
    private static let box = SealedBox(key: [UInt8](0..<32))
    private static let provider = Provider(
        name: "one", issuer: "https://id.example", clientID: "martlet",
        redirects: ["https://app.example/a", "https://app.example/b"])
    private static let now: Int64 = 1_800_000_000_000

    private static func changed(
        name: String = "one", issuer: String = "https://id.example", clientID: String = "martlet",
        redirects: [String] = provider.redirects
    ) -> Provider {
        Provider(name: name, issuer: issuer, clientID: clientID, redirects: redirects)
    }

    private static func failure(
        _ text: String, of provider: Provider = provider, _ box: SealedBox = box, now: Int64 = now
    ) -> PendingLogIn.Failure? {
        do throws(PendingLogIn.Failure) {
            _ = try PendingLogIn(text, of: provider, box, now: now)
            return nil
        } catch {
            return error
        }
    }

    @Test func comesBackAsItWent() throws {
        for redirect in Self.provider.redirects {
            let logIn = PendingLogIn(redirect: redirect, now: Self.now)
            let text = logIn.sealed(for: Self.provider, Self.box)
            #expect(text.utf8.count == PendingLogIn.textLength)
            let back = try PendingLogIn(text, of: Self.provider, Self.box, now: Self.now + 599_999)
            #expect(back == logIn && back.redirect == redirect && back.nonce == logIn.nonce)
            #expect(back.verifier == logIn.verifier && back.mark == logIn.mark)
        }
    }

    @Test func isNobodyElses() {
        let text = PendingLogIn(redirect: Self.provider.redirects[0], now: Self.now).sealed(
            for: Self.provider, Self.box)
        #expect(Self.failure(text) == nil)
        #expect(Self.failure(text, now: Self.now + 600_000) == .expired)
        for other in [
            Self.changed(name: "two"), Self.changed(issuer: "https://id.example/"), Self.changed(clientID: "x"),
            Self.changed(redirects: ["https://app.example/b"]),
        ] { #expect(Self.failure(text, of: other) == .unknown, "\(other)") }
        #expect(Self.failure(text, SealedBox(key: [UInt8](1...32))) == .unknown)
        for other in ["", "x", text + "A", String(text.dropLast()), String(text.reversed())] {
            #expect(Self.failure(other) == .unknown, "\(other)")
        }
    }

    /// What is told to the provider says nothing of what is not.
    @Test func isMadeOfParts() {
        let (one, other) = (
            PendingLogIn(redirect: Self.provider.redirects[0], now: Self.now),
            PendingLogIn(redirect: Self.provider.redirects[0], now: Self.now)
        )
        let parts = [one, other].flatMap { [$0.nonce, $0.verifier, $0.challenge, Base64URL.encode($0.mark)] }
        #expect(Set(parts).count == parts.count && parts.allSatisfy { $0.utf8.count == 43 })
        #expect(one.challenge == Base64URL.encode(Crypto.sha256(Array(one.verifier.utf8))))
    }
}
