import Core
import Crypto
import Testing

/// What is of another secret than the one that signs.
@Suite struct SiteSecretsTests {
    private static let old = Array("the first secret of a site, that is long".utf8)
    private static let new = Array("the second secret of a site, that is long".utf8)
    private let clock = ManualClock(milliseconds: 1_000_000)

    private func secrets(_ signing: [UInt8], accepting other: [UInt8]? = nil) -> SiteSecrets {
        SiteSecrets(
            signing, accepted: other.map { [.init($0, end: clock.milliseconds() + 1000)] } ?? [], clock: clock)
    }

    @Test func tokensAndCursorsUntilTheEnd() throws {
        let (before, now) = (secrets(Self.old), secrets(Self.new, accepting: Self.old))
        let token = AccessToken(subject: ID(raw: 1), session: ID(raw: 2), issuedAt: 0, expiresAt: 9999, tokenID: "a")
        let text = TokenSigner(before.keys("tokens")).sign(token)
        let cursor = Base64URL.encode(CursorSigner(before.keys("cursors")).seal([1, 2], context: [3]))
        let (tokens, cursors) = (TokenSigner(now.keys("tokens")), CursorSigner(now.keys("cursors")))
        #expect(try tokens.verify(text, now: 1) == token)
        #expect(cursors.open(cursor, length: 2, context: [3]) == [1, 2])
        #expect(cursors.open(cursor, length: 2, context: [4]) == nil)
        // What is new is of the new one only.
        #expect(throws: TokenFailure.invalid) {
            try TokenSigner(before.keys("tokens")).verify(tokens.sign(token), now: 1)
        }
        clock.advance(milliseconds: 1000)
        #expect(throws: TokenFailure.invalid) { try tokens.verify(text, now: 1) }
        #expect(cursors.open(cursor, length: 2, context: [3]) == nil)
        #expect(throws: TokenFailure.invalid) { try TokenSigner(secrets(Self.new).keys("tokens")).verify(text, now: 1) }
    }

    /// A secret to come: who does not sign with it yet accepts it.
    @Test func theOneToCome() throws {
        let token = AccessToken(subject: ID(raw: 1), session: ID(raw: 2), issuedAt: 0, expiresAt: 9999, tokenID: "a")
        let text = TokenSigner(secrets(Self.new).keys("tokens")).sign(token)
        #expect(try TokenSigner(secrets(Self.old, accepting: Self.new).keys("tokens")).verify(text, now: 1) == token)
    }

    @Test func whatIsStoredOpensBeyondTheEnd() {
        let box = SealedBox(ofStored: secrets(Self.old).keys("boxes")).seal([7], for: [1])
        let now = secrets(Self.new, accepting: Self.old)
        clock.advance(milliseconds: 5000)
        #expect(SealedBox(ofStored: now.keys("boxes")).open(box, for: [1]) == [7])
        #expect(SealedBox(ofStored: now.keys("boxes")).open(box, for: [2]) == nil)
        #expect(SealedBox(ofClients: now.keys("boxes")).open(box, for: [1]) == nil)
        #expect(SealedBox(ofStored: secrets(Self.new).keys("boxes")).open(box, for: [1]) == nil)
    }

    @Test func marksTellSecretsApartAndNothingElse() {
        let now = secrets(Self.new, accepting: Self.old)
        #expect(now.marks == [secrets(Self.new).mark, secrets(Self.old).mark])
        #expect(now.acceptedMarks == now.marks && now.isRotating)
        clock.advance(milliseconds: 1000)
        #expect(now.acceptedMarks == [now.mark])
        // All processes may be given the same list.
        #expect(!secrets(Self.new, accepting: Self.new).isRotating)
        #expect("\(now)" == "SiteSecrets(…)" && "\(now.keys("tokens"))" == "SecretKeys(…)")
    }
}
