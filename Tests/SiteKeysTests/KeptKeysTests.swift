import Core
import Crypto
import Formats
import SiteKeys
import Store
import TestSite
import Testing

@Suite(.site, .serialized) struct KeptKeysTests {
    let site = TestSite.current
    private static let old = Array("the first secret of a site, that is long".utf8)
    private static let new = Array("the second secret of a site, that is long".utf8)

    private func secrets(_ signing: [UInt8], _ accepted: [UInt8]..., end: Int64 = .max) -> SiteSecrets {
        SiteSecrets(signing, accepted: accepted.map { SiteSecrets.Accepted($0, end: end) }, clock: site.clock)
    }

    private func keys(_ secrets: SiteSecrets) -> KeptKeys { KeptKeys(site.database, secrets) }

    /// A key outlives the secret that it came from, where that one was given beside the next; its end is of no matter.
    @Test func aKeyOutlivesItsSecret() async throws {
        let first = try await keys(secrets(Self.old)).key(.recoveryCodes)
        #expect(first == Crypto.derivedKey("recovery codes", from: Self.old))
        #expect(try await keys(secrets(Self.old, Self.new)).key(.recoveryCodes) == first)
        #expect(try await keys(secrets(Self.new, Self.old, end: 0)).key(.recoveryCodes) == first)
        #expect(try await keys(secrets(Self.new)).key(.recoveryCodes) == first)
        // One that knows neither has a key of its own, and takes the oldest when it is told of the others.
        try await site.pass(seconds: 1)
        let foreign = Array("a third secret that nobody was told of".utf8)
        #expect(try await keys(secrets(foreign)).key(.recoveryCodes) != first)
        #expect(try await keys(secrets(foreign, Self.new)).key(.recoveryCodes) == first)
        #expect(try await keys(secrets(foreign)).key(.recoveryCodes) == first)
    }

    @Test func publicKeysStay() async throws {
        let keys = PublicKeys(site.database, of: "tests")
        try await keys.publish([1])
        try await keys.publish([1])
        try await site.pass(seconds: 1)
        try await keys.publish([2])
        #expect(try await keys.all() == [[2], [1]])
        #expect(try await PublicKeys(site.database, of: "others").all() == [])
    }

    /// Who differs is said by both, until one of them is told of the other's secret.
    @Test func processesThatDifferAreFound() async throws {
        func register(_ secrets: SiteSecrets) -> SecretRegister {
            SecretRegister(site.database, ProcessInfo(role: "api", version: "1"), secrets)
        }
        let (one, other) = (secrets(Self.old), secrets(Self.new))
        let (first, second) = (register(one), register(other))
        try await first.look()
        #expect(first.found == 0)
        try await second.look()
        try await first.look()
        #expect(first.found == 1 && second.found == 1)
        func allSign() async throws -> Bool {
            try await site.database.query("SELECT \(SecretRegister.allSign(with: other.mark)) AS so")[0].bool("so")
        }
        #expect(try await !allSign())
        await second.end()
        // Half of it is not enough: what it signs is refused by the first one.
        let half = register(secrets(Self.new, Self.old))
        try await half.look()
        #expect(half.found == 1)
        // Past its end a secret is as if it were not given.
        let whole = register(secrets(Self.old, Self.new, end: site.clock.milliseconds() + 10_000))
        try await whole.look()
        #expect(whole.found == 0)
        try await site.pass(seconds: 11)
        try await whole.look()
        #expect(whole.found == 1)
        try await site.pass(seconds: 61)
        try await half.look()
        #expect(half.found == 0)
        #expect(try await allSign())
    }
}
