import Core
import Crypto
import Devices
import Push
import Store
import TestSite
import Testing

/// `/v1/devices`, and when a device ends.
@Suite(.site, .serialized) struct DeviceTests {
    private let site = TestSite.current
    private let path = "/v1/devices"

    private var store: Devices { site.devices.devices }

    private func reachable(_ user: TestUser) async throws -> [Device] {
        try await store.reachable(site.database, of: [ID(user.id)!])
    }

    @Test func allKinds() async throws {
        let alice = try await site.signUp()
        let token = String(repeating: "0aF9", count: 16)
        let made = try await [
            alice.post(path, TestUser.browser("a\(alice.id)", name: "  Ada's laptop ")),
            alice.post(path, ["kind": "apns", "token": .string(token), "topic": "com.example.app", "sandbox": true]),
            alice.post(path, ["kind": "fcm", "token": .string("fcm:\(alice.id)"), "locale": "en-GB"]),
            alice.post(path, ["kind": "webhook", "url": "https://hooks.example.com/x?a=b"]),
        ]
        for response in made {
            #expect(response.status == 201 && response["state"].string == "active", "\(response)")
            let text = String(decoding: response.body, as: UTF8.self)
            for hidden in ["example.com", "token", token, "BTBZ", "fcm:"] { #expect(!text.contains(hidden), "\(text)") }
        }
        #expect(made[0]["name"].string == "Ada's laptop" && made[2]["locale"].string == "en-GB")
        let secret = try #require(made[3]["secret"].string)
        #expect(try WebhookSecret(secret).text == secret && secret.utf8.count == 6 + 44)
        let list = try await alice.get(path)
        #expect(list.ids == made.reversed().map { $0["id"].string! })
        #expect(!String(decoding: list.body, as: UTF8.self).contains("secret"))
        #expect(list.items.map { $0["kind"].string } == ["webhook", "fcm", "apns", "webpush"])

        // What is sent to.
        let found = try await reachable(alice)
        guard case .webPush(let browser) = found[0].target, case .apns(let phone) = found[1].target,
            case .fcm(let other) = found[2].target, case .webhook(let hook, let signer) = found[3].target
        else { return try #require(Bool(false)) }
        #expect(browser.endpoint == "https://push.example.com/a\(alice.id)")
        #expect(try phone == APNsDevice(token: token, topic: "com.example.app", isSandbox: true))
        #expect(other.token == "fcm:\(alice.id)" && hook.url == "https://hooks.example.com/x?a=b")
        #expect(try signer.secret == WebhookSecret(secret))
        #expect(found.map(\.id.description) == list.ids.reversed() && found[2].locale == "en-GB")
    }

    /// Nothing of where a device is can be read in the tables.
    @Test func whereTheyAreIsSealed() async throws {
        let alice = try await site.signUp()
        let made = try await alice.post(path, ["kind": "webhook", "url": "https://hooks.example.com/sealed"])
        _ = try await alice.register(TestUser.browser("sealed"))
        for row in try await site.database.query("SELECT sealed, mark, d::text AS text FROM devices d") {
            for bytes in [try row.bytes("sealed"), try row.bytes("mark"), Array(try row.text("text").utf8)] {
                let text = String(decoding: bytes, as: UTF8.self)
                #expect(!text.contains("example.com") && !text.contains("whsec_"))
            }
        }
        let found = try await reachable(alice)
        let secret = try #require(made["secret"].string)
        #expect(!"\(found)".contains("example.com") && !"\(found)".contains(secret))
    }

    @Test(
        arguments: [
            (["kind": "mail"], "invalid_field", "kind"), ([:], "missing_field", "kind"),
            (["kind": "webpush"], "missing_field", "endpoint"),
            (["kind": "apns", "token": "00"], "missing_field", "topic"),
            (["kind": "fcm", "token": "x", "url": "https://a.example.com"], "unknown_field", "url"),
            (["kind": "fcm", "token": "x", "sandbox": false], "unknown_field", "sandbox"),
            (["kind": "fcm", "token": "x y"], "invalid_field", "token"),
            (["kind": "fcm", "token": ""], "invalid_field", "token"),
            (["kind": "apns", "token": "xy", "topic": "a"], "invalid_field", "token"),
            (["kind": "webhook", "url": "http://hooks.example.com/"], "invalid_field", "url"),
            (["kind": "webhook", "url": "https://user@hooks.example.com/"], "invalid_field", "url"),
            (["kind": "webhook", "url": "https://localhost/"], "invalid_field", "url"),
            (["kind": "webhook", "url": "https://10.0.0.1/"], "invalid_field", "url"),
            (["kind": "webhook", "url": "https://169.254.169.254/latest"], "invalid_field", "url"),
            (["kind": "webhook", "url": "https://[::1]/"], "invalid_field", "url"),
            (["kind": "webhook", "url": "https://[::ffff:127.0.0.1]/"], "invalid_field", "url"),
            (["kind": "webhook", "url": "https://0x7f.1/"], "invalid_field", "url"),
            (["kind": "webhook", "url": "https://redis.internal/"], "invalid_field", "url"),
            (["kind": "webhook", "url": "https://hooks.example.com/", "secret": "x"], "unknown_field", "secret"),
            (["kind": "fcm", "token": "x", "name": "\u{202e}"], "invalid_field", "name"),
            (["kind": "fcm", "token": "x", "locale": "english"], "invalid_field", "locale"),
        ] as [(JSONValue, String, String)])
    func whatIsRefused(_ body: JSONValue, _ code: String, _ field: String) async throws {
        let alice = try await site.signUp()
        let response = try await alice.post(path, body)
        #expect(response.isProblem(400, code, field: field), "\(response)")
        #expect(try await alice.devices().isEmpty)
    }

    @Test func keysAreChecked() async throws {
        let alice = try await site.signUp()
        for (field, value) in [("p256dh", "AAAA"), ("auth", "AAAA"), ("endpoint", "https://192.168.1.1/x")] {
            var body = TestUser.browser("keys").object!
            body.set(field, .string(value))
            #expect(try await alice.post(path, .object(body)).isProblem(400, "invalid_field", field: field))
        }
    }

    /// Of the same user it is renewed, and a webhook keeps its secret.
    @Test func theSameAgainIsRenewed() async throws {
        let alice = try await site.signUp()
        let first = try await alice.register(TestUser.browser("again", name: "one"))
        let hook: JSONValue = ["kind": "webhook", "url": "https://hooks.example.com/again"]
        let made = try await alice.post(path, hook)
        let again = try await alice.post(path, TestUser.browser("again", name: "two"))
        #expect(again.status == 200 && again["id"].string == first && again["name"].string == "two")
        let second = try await alice.post(path, hook)
        #expect(second.status == 200 && second["id"] == made["id"] && second["secret"].isNull)
        #expect(try await alice.devices().count == 2)
        guard case .webhook(_, let signer)? = try await reachable(alice).last?.target else {
            return try #require(Bool(false))
        }
        #expect(try signer.secret == WebhookSecret(made["secret"].string!))
    }

    /// A browser has one subscription: who logs in there now has it. An address of a webhook is nobody's alone.
    @Test func ofAnotherUserItMoves() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let hook: JSONValue = ["kind": "webhook", "url": "https://hooks.example.com/both"]
        let first = try await alice.register(TestUser.browser("moves"))
        for user in [alice, bob] { #expect(try await user.post(path, hook).status == 201) }
        let moved = try await bob.post(path, TestUser.browser("moves"))
        #expect(moved.status == 201 && moved["id"].string != first)
        #expect(try await alice.get(path).items.map { $0["kind"].string } == ["webhook"])
        #expect(try await bob.get(path).items.map { $0["kind"].string } == ["webpush", "webhook"])
        #expect(try await reachable(alice).count == 1)
    }

    @Test func manyAtOnceAreOne() async throws {
        let users = try await [site.signUp(), site.signUp(), site.signUp(), site.signUp()]
        let made = try await withThrowingTaskGroup(of: Int.self) { group in
            for turn in 0..<12 {
                group.addTask { try await users[turn % 4].post(path, TestUser.browser("crowd")).status }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(made.allSatisfy { $0 == 200 || $0 == 201 })
        var count = 0
        for user in users { count += try await user.devices().count }
        #expect(count == 1)
    }

    @Test func twentyAtMost() async throws {
        let alice = try await site.signUp()
        let made = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<23 {
                group.addTask { try await alice.post(path, TestUser.browser("\(alice.id)/\(number)")).status }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(made.filter { $0 == 201 }.count == 20)
        let refused = try await alice.post(path, TestUser.browser("\(alice.id)/more"))
        #expect(refused.isProblem(409, "too_many") && refused["detail"].string?.contains("20") == true)
        let ids = try await alice.walk(path, limit: 7)
        #expect(ids.count == 20)
        #expect(try await alice.delete("\(path)/\(ids[3])").status == 204)
        #expect(try await alice.post(path, TestUser.browser("\(alice.id)/more")).status == 201)
    }

    /// Those that are gone take nobody's place, and are not kept without end.
    @Test func twentyGoneOnesAtMost() async throws {
        let alice = try await site.signUp()
        for round in 0..<3 {
            for number in 0..<15 { _ = try await alice.register(TestUser.browser("\(alice.id)/\(round)/\(number)")) }
            try await site.database.query(
                "UPDATE devices SET gone_at = now() WHERE user_id = \(ID(alice.id)!) AND gone_at IS NULL")
        }
        let device = try await alice.register(TestUser.browser("\(alice.id)/last"))
        let list = try await alice.get(path + "?limit=100").items
        #expect(list.count == 21 && list[0]["id"].string == device && list[0]["state"].string == "active")
        #expect(list.dropFirst().allSatisfy { $0["state"].string == "gone" })
        // One of them that comes back takes a place.
        for number in 0..<19 { _ = try await alice.register(TestUser.browser("\(alice.id)/full/\(number)")) }
        let back = TestUser.browser("\(alice.id)/2/14")
        #expect(try await alice.post(path, back).isProblem(409, "too_many"))
        #expect(try await alice.delete("\(path)/\(device)").status == 204)
        #expect(try await alice.post(path, back).status == 200)
    }

    @Test func othersDevicesAreNotThere() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let device = try await alice.register(["kind": "webhook", "url": "https://hooks.example.com/own"])
        #expect(try await bob.delete("\(path)/\(device)").status == 204)
        #expect(try await bob.post("\(path)/\(device)/rotate").isProblem(404, "not_found"))
        #expect(try await bob.post("\(path)/\(device)/test").isProblem(404, "not_found"))
        #expect(try await bob.get("\(path)/\(device)/deliveries").isProblem(404, "not_found"))
        #expect(try await alice.devices() == [device])
        #expect(try await alice.get("\(path)/\(device)/deliveries").items.isEmpty)
        #expect(try await site.stranger().get(path).isProblem(401, "unauthenticated"))
    }

    @Test func bothSecretsSignForADay() async throws {
        let alice = try await site.signUp()
        let made = try await alice.post(path, ["kind": "webhook", "url": "https://hooks.example.com/rotate"])
        let device = try #require(made["id"].string)
        let browser = try await alice.register(TestUser.browser("no-secret"))
        #expect(try await alice.post("\(path)/\(browser)/rotate").isProblem(404, "not_found"))
        let rotated = try await alice.post("\(path)/\(device)/rotate")
        let secret = try #require(rotated["secret"].string)
        #expect(rotated.status == 200 && secret != made["secret"].string)
        guard case .webhook(_, let signer) = try await reachable(alice)[0].target else {
            return try #require(Bool(false))
        }
        #expect(try signer.secret == WebhookSecret(secret))
        #expect(signatures(signer, after: 0) == 2)
        #expect(signatures(signer, after: 86_399_999) == 2)
        #expect(signatures(signer, after: 86_400_000) == 1)
    }

    private func signatures(_ signer: WebhookSigner, after milliseconds: Int64) -> Int {
        let request = try? WebhookMessage(id: "1", payload: Array("{}".utf8)).request(
            to: WebhookEndpoint("https://hooks.example.com/rotate"), signer: signer,
            now: site.clock.milliseconds() + milliseconds)
        let header = request?.headers.first { $0.name == "webhook-signature" }?.value ?? ""
        return header.split(separator: " ").count
    }

    // MARK: Sessions

    /// A device ends with the session that made it, whichever way that ends, and at once.
    @Test(arguments: ["log-out", "by hand", "password", "expiry", "recovery"])
    func itEndsWithItsSession(_ way: String) async throws {
        let alice = try await site.signUp()
        let other = try await site.logIn(alice)
        let device = try await other.register(TestUser.browser("session-\(way.count)"))
        let kept = try await alice.register(TestUser.browser("kept-\(way.count)"))
        #expect(try await alice.devices() == [kept, device])
        var survivors = [kept]
        switch way {
        case "log-out": #expect(try await other.logOut().status == 204)
        case "by hand":
            let sessions = try await alice.get("/v1/me/sessions").items
            let session = try #require(sessions.first { $0["current"].bool == false }?["id"].string)
            #expect(try await alice.delete("/v1/me/sessions/\(session)").status == 204)
        case "password":
            let body: JSONValue = ["password": "a new password", "old_password": .string(TestUser.password)]
            #expect(try await alice.put("/v1/me/credentials", body).status == 204)
        case "recovery":
            let code = try await alice.post("/v1/me/recovery-code", ["password": .string(TestUser.password)])
            let recovered = try await site.stranger().post(
                "/v1/auth/recover", ["recovery_code": code["recovery_code"], "password": "a new password"])
            #expect(recovered.status == 200, "\(recovered)")
            let again = try alice.with(recovered)
            #expect(try await again.devices().isEmpty)
            survivors = []
        default:
            try await site.pass(seconds: 40 * 86_400)
            let later = try await site.logIn(alice)
            #expect(try await later.devices().isEmpty)
            survivors = []
        }
        if !survivors.isEmpty { #expect(try await alice.devices() == survivors) }
        #expect(try await reachable(alice).map(\.id.description) == survivors)
        try await site.runUpkeep()
        let rows = try await site.database.query("SELECT id FROM devices WHERE user_id = \(ID(alice.id)!)")
        #expect(try rows.map { try $0.id("id").description } == survivors)
    }

    /// Who comes back registers it anew: another device, with another secret.
    @Test func afterTheSessionItIsNew() async throws {
        let alice = try await site.signUp()
        let hook: JSONValue = ["kind": "webhook", "url": "https://hooks.example.com/back"]
        let made = try await alice.post(path, hook)
        let other = try await site.logIn(alice)
        // In use by another session, it ends with that.
        #expect(try await other.post(path, hook).status == 200)
        #expect(try await alice.logOut().status == 204)
        #expect(try await other.devices() == [made["id"].string])
        #expect(try await other.logOut().status == 204)
        let back = try await site.logIn(alice)
        #expect(try await back.devices().isEmpty)
        let again = try await back.post(path, hook)
        #expect(again.status == 201 && again["id"] != made["id"] && again["secret"] != made["secret"])
    }

    @Test func anErasedUserHasNone() async throws {
        let alice = try await site.signUp()
        _ = try await alice.register(TestUser.browser("erased"))
        let key = DeliveryKey(user: ID(alice.id)!, device: ID(raw: 5), notification: ID(raw: 6))
        #expect(try await site.devices.deliveries.consume([.init(key, type: "like")]) == [key])
        // Who has asked for it gets no books from then on.
        let asked = try await alice.post("/v1/me/deletion?grace=0", ["password": .string(TestUser.password)])
        #expect(asked.status == 202)
        let later = DeliveryKey(user: key.user, device: key.device, notification: ID(raw: 7))
        #expect(try await site.devices.deliveries.consume([.init(later, type: "like")]).isEmpty)
        try await eventually {
            try await site.settle()
            try await site.runJobs()
            return try await site.database.query("SELECT id FROM users WHERE id = \(key.user)").isEmpty
        }
        for table in ["devices", "deliveries", "delivery_counts"] {
            let holding = site.holdings.first { $0.name == "postgres.\(table)" }
            guard case .erased(_, let count?)? = holding?.means else { return try #require(Bool(false)) }
            #expect(try await site.database.query(count(key.user))[0].int("count") == 0)
        }
        // And gets no books any more.
        #expect(try await site.devices.deliveries.consume([.init(key, type: "like")]).isEmpty)
    }
}
