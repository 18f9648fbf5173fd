import Core
import Crypto
import Devices
import Push
import Store
import TestSite
import Testing

/// What all processes of a site sign pushes with.
@Suite(.site, .serialized) struct SitePushKeyTests {
    private let site = TestSite.current

    /// All processes have one key, whoever asks first; it is not in the database in a form that opens without the secret.
    @Test func theSiteHasOneKey() async throws {
        let other = try await site.another()
        let keys = try await withThrowingTaskGroup(of: String?.self) { group in
            for turn in 0..<8 {
                group.addTask { [site] in
                    try await (turn % 2 == 0 ? site : other).stranger().get("/v1/push/key")["vapid"].string
                }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        let key = try await site.devices.pushKey.key(site.database)
        #expect(keys == [Base64URL.encode(key.publicKey.bytes)])
        let rows = try await site.database.query("SELECT sealed FROM push_keys")
        #expect(try rows.map { try $0.bytes("sealed").count } == [32 + 28])
        // Another secret has another one, and leaves this one.
        let foreign = SitePushKey(SiteSecrets(Array("another secret, that is long enough".utf8)))
        #expect(try await foreign.key(site.database).publicKey.bytes != key.publicKey.bytes)
        #expect(try await site.devices.pushKey.key(site.database).scalar == key.scalar)
        await other.close()
    }

    /// Two processes that make one at once use the same, as does one that starts behind them.
    @Test func onePushTokenForAll() async throws {
        let secrets = SiteSecrets(Array("a secret of the site that is long".utf8))
        let tokens = { SitePushTokens(site.database, secrets, name: "TEAM/KEY") }
        #expect(try await tokens().newest() == nil)
        let first = APNsTokens.Token(text: "first", madeAt: 1_800_000_000)
        #expect(try await tokens().keep(first) == first)
        #expect(try await tokens().keep(.init(text: "second", madeAt: first.madeAt + 1199)) == first)
        #expect(try await tokens().newest() == first)
        let third = APNsTokens.Token(text: "third", madeAt: first.madeAt + 1200)
        #expect(try await tokens().keep(third) == third)
        let sealed = try await site.database.query("SELECT sealed FROM push_tokens")[0].bytes("sealed")
        #expect(sealed.firstRange(of: Array("third".utf8)) == nil)
        #expect(try await SitePushTokens(site.database, secrets, name: "TEAM/OTHER").newest() == nil)
        // It outlives the secret that it was sealed with.
        let (old, new) = (Array("a secret of the site that is long".utf8), Array("the next secret of the site".utf8))
        let both = SiteSecrets(new, accepted: [.init(old, end: 0)])
        for secrets in [both, SiteSecrets(new)] {
            #expect(try await SitePushTokens(site.database, secrets, name: "TEAM/KEY").newest() == third)
        }
    }
}
