import Core
import Crypto
import Devices
import Store
import TestSite
import Testing

/// A change of the site's secret, process by process, and what is left of the old one.
@Suite(.site, .serialized) struct RotationTests {
    let site = TestSite.current
    private static let new = Array("what signs from now on, and is long enough".utf8)
    private static let hour: Int64 = 3_600_000

    private func process(_ signing: [UInt8], accepting other: [UInt8]? = nil, for milliseconds: Int64 = hour)
        async throws
        -> TestSite
    {
        let accepted = other.map { [SiteSecrets.Accepted($0, end: site.clock.milliseconds() + milliseconds)] } ?? []
        return try await site.another(secrets: SiteSecrets(signing, accepted: accepted, clock: site.clock))
    }

    private func register(_ user: TestUser) async throws -> [String] {
        var ids: [String] = []
        let devices: [JSONValue] = [
            TestUser.browser("rotation/\(user.id)"),
            ["kind": "fcm", "token": .string("fcm:\(user.id)")],
            ["kind": "webhook", "url": .string("https://hooks.example.com/\(user.id)")],
        ]
        for device in devices {
            ids.append(try #require(try await user.post("/v1/devices", device)["id"].string))
        }
        return ids.sorted()
    }

    private func reachable(_ site: TestSite, _ user: TestUser) async throws -> [String] {
        try await site.devices.devices.reachable(site.database, of: [ID(user.id)!]).map(\.id.description).sorted()
    }

    /// First it is accepted everywhere, then it signs, then the old one goes: nobody is logged out, nothing is lost.
    @Test func inTheRightOrder() async throws {
        let alice = try await site.signUp()
        let devices = try await register(alice)
        let vapid = try await site.devices.pushKey.key(site.database).scalar
        let anonymous = try await site.stranger().post("/v1/auth/anonymous", [:])
        let code = try #require(anonymous["recovery_code"].string)
        let next = try await alice.get("/v1/feed")["live"].string

        let accepts = try await process(site.secret, accepting: Self.new)
        let signs = try await process(Self.new, accepting: site.secret)
        // Both ways, tokens, cursors and keys of idempotency.
        let bob = try await signs.signUp()
        for one in [accepts, signs] {
            #expect(try await bob.on(one).get("/v1/me").status == 200)
            #expect(try await alice.on(one).get("/v1/feed?since=\(next!)").status == 200)
            #expect(try await reachable(one, alice) == devices)
            #expect(try await one.devices.pushKey.key(one.database).scalar == vapid)
        }
        let once = ["Idempotency-Key": "5d0b1c9e-3a77-4f0e-8c55-7b1f0a9d2e64"]
        let first = try await alice.on(accepts).post("/v1/posts", ["text": "once"], once)
        let second = try await alice.on(signs).post("/v1/posts", ["text": "once"], once)
        #expect(first.status == 201 && second["id"].string == first["id"].string)
        // Of somebody without a name the key itself is of the secret.
        let stranger = try await accepts.stranger().post("/v1/auth/anonymous", [:], once)
        let again = try await signs.stranger().post("/v1/auth/anonymous", [:], once)
        #expect(stranger.status == 201 && again["user"]["id"].string == stranger["user"]["id"].string)
        // The same browser is the same device.
        let browser = try await alice.on(signs).post("/v1/devices", TestUser.browser("rotation/\(alice.id)"))
        #expect(browser.status == 200 && devices.contains(browser["id"].string ?? ""))

        // All sign with the new one: what is stored is sealed anew.
        #expect(try await sealed(by: Self.new) < 3)
        try await signs.runUpkeep()
        #expect(try await sealed(by: Self.new) == 3)
        let marks = try await site.database.query("SELECT DISTINCT mark FROM devices WHERE user_id = \(ID(alice.id)!)")
        #expect(marks.count == 3)

        let alone = try await process(Self.new)
        #expect(try await reachable(alone, alice) == devices)
        #expect(try await alone.devices.pushKey.key(alone.database).scalar == vapid)
        #expect(try await bob.on(alone).get("/v1/me").status == 200)
        #expect(try await alice.on(alone).get("/v1/me").isProblem(401, "unauthenticated"))
        let renewed = try await alone.stranger().post(
            "/v1/auth/refresh", ["refresh_token": .string(alice.refreshToken)])
        #expect(renewed.status == 200)
        #expect(try await alone.stranger().post("/v1/auth/recover", ["recovery_code": .string(code)]).status == 200)
        let again2 = try await alice.with(renewed).on(alone).post(
            "/v1/devices", TestUser.browser("rotation/\(alice.id)"))
        #expect(again2.status == 200 && devices.contains(again2["id"].string ?? ""))
        // Receipts of before can still be checked.
        let keys = try await alone.stranger().get("/v1/keys")["keys"].array
        let old = SigningKey(seed: Crypto.derivedKey("receipts", from: site.secret)).publicKey
        #expect(keys?.first?["x"].string != Base64URL.encode(old))
        #expect(keys?.contains { $0["x"].string == Base64URL.encode(old) } == true)
        for one in [accepts, signs, alone] { await one.close() }
    }

    private func sealed(by secret: [UInt8]) async throws -> Int {
        let mark = SiteSecrets(secret).mark
        return try await site.database.query(
            "SELECT count(*) AS count FROM devices WHERE sealed_by = \(mark)")[0].int("count")
    }

    /// As after a leak: no client may bring anything of the old one from this moment, and what is stored is not lost.
    @Test func withoutGrace() async throws {
        let alice = try await site.signUp()
        let devices = try await register(alice)
        let page = try await alice.get("/v1/feed")["live"].string
        let now = try await process(Self.new, accepting: site.secret, for: 0)
        #expect(try await alice.on(now).get("/v1/me").isProblem(401, "unauthenticated"))
        let renewed = try await now.stranger().post("/v1/auth/refresh", ["refresh_token": .string(alice.refreshToken)])
        let carol = try alice.with(renewed).on(now)
        #expect(try await carol.get("/v1/feed?since=\(page!)").status != 500)
        #expect(try await carol.get("/v1/feed?cursor=\(page!)").status == 400)
        #expect(try await reachable(now, alice) == devices)
        try await now.runUpkeep()
        let alone = try await process(Self.new)
        #expect(try await reachable(alone, alice) == devices)
        // Who was logged in goes on by the refresh token, which is of no secret, until the operator ends that, too.
        try await alone.endSessions(of: nil)
        #expect(try await carol.on(alone).get("/v1/me").isProblem(401, "unauthenticated"))
        #expect(try await reachable(alone, alice).isEmpty)
        // Whoever comes in this very millisecond is told to come again.
        try await site.pass(seconds: 1)
        for one in [now, alone] { await one.close() }
    }

    /// While somebody signs with the old one nothing is sealed anew: that process may not know the new one.
    @Test func notWhileOthersSign() async throws {
        let dora = try await site.signUp()
        _ = try await register(dora)
        let mark = SiteSecrets(site.secret).mark
        let before = try await sealed(by: site.secret)
        try await site.database.query(
            """
            INSERT INTO secrets_in_use (process, title, signs, accepts) VALUES ('other', 'other', \(mark), '{}')
            """)
        let signs = try await process(Self.new, accepting: site.secret)
        try await signs.runUpkeep()
        #expect(try await sealed(by: site.secret) == before)
        try await site.database.query("DELETE FROM secrets_in_use")
        try await signs.runUpkeep()
        #expect(try await sealed(by: site.secret) == 0)
        await signs.close()
    }
}
