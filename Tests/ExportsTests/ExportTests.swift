import Core
import Crypto
import Store
import TestSite
import Testing

/// `POST /v1/me/export`, and what becomes of it.
@Suite(.site, .serialized) struct ExportTests {
    private let site = TestSite.current
    private static let day = 86_400.0

    private func export(_ user: TestUser) async throws -> TestResponse {
        let asked = try await user.post("/v1/me/export")
        try #require(asked.status == 202)
        #expect(asked["state"].string == "waiting" && asked["url"].isNull)
        #expect(asked.header("Location") == "/v1/me/exports/\(asked["id"].string ?? "")")
        try await site.runJobs()
        let done = try await user.get("/v1/me/exports/\(asked["id"].string ?? "")")
        try #require(done["state"].string == "ready")
        return done
    }

    private func fetch(_ export: TestResponse) async throws -> Unzipped {
        let response = try await site.stranger().get(export["url"].string!)
        try #require(response.status == 200)
        #expect(response.body.count == Int(export["bytes"].integer!))
        #expect(response.header("Content-Type") == "application/octet-stream")
        return try Unzipped(response.body)
    }

    // MARK: What is in it

    @Test func everythingIsInIt() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let (carol, dan) = (try await site.signUp(), try await site.signUp())
        _ = try await alice.send(
            "PATCH", "/v1/me", body: Array(#"{"bio":"line\nbreak, \"quotes\" \\ 안녕","private":true}"#.utf8))
        let text = "first\nsecond\tthird\n\"quoted\" \\ \u{2028} \u{1F468}\u{200D}\u{1F469} e\u{301}"
        let posts = [
            try await alice.post(text: text), try await alice.post(text: "before"), try await alice.post(text: "gone"),
        ]
        _ = try await alice.send("PATCH", "/v1/posts/\(posts[1])", body: Array(#"{"text":"after"}"#.utf8))
        _ = try await alice.delete("/v1/posts/\(posts[2])")
        _ = try await alice.post("/v1/posts", ["text": "for all", "visibility": "public"])
        try await alice.follow(bob)
        _ = try await bob.put("/v1/users/\(alice.id)/follow")
        _ = try await alice.put("/v1/me/requests/\(bob.id)")
        _ = try await dan.put("/v1/users/\(alice.id)/follow")
        _ = try await carol.send("PATCH", "/v1/me", body: Array(#"{"private":true}"#.utf8))
        _ = try await alice.put("/v1/users/\(carol.id)/follow")
        _ = try await alice.put("/v1/users/\(bob.id)/mute", ["until": "2031-01-02T03:04:05.678Z"])
        let blocked = try await site.signUp()
        _ = try await alice.put("/v1/users/\(blocked.id)/block")
        let theirs = try await bob.post(text: "bob's")
        _ = try await alice.put("/v1/posts/\(theirs)/bookmark")
        _ = try await alice.put("/v1/users/\(bob.id)/bell")
        try await site.settle()

        let done = try await export(alice)
        #expect(done["expires_at"].string == rfc3339(milliseconds: site.clock.milliseconds() + 86_400_000))
        let archive = try await fetch(done)
        let profile = try archive.lines("profile")
        #expect(profile.count == 1 && profile[0]["handle"].string == alice.handle)
        #expect(profile[0]["bio"].string == "line\nbreak, \"quotes\" \\ 안녕" && profile[0]["private"].bool == true)
        #expect(profile[0]["followers"].integer == 1 && profile[0]["following"].integer == 1)
        let written = try archive.lines("posts")
        #expect(written.count == 4 && written.prefix(3).map { $0["id"].string } == posts)
        #expect(Array((written[0]["text"].string ?? "").utf8) == Array(text.utf8))
        #expect(written[1]["text"].string == "after" && written[1]["edited_at"].string != nil)
        #expect(written[1]["versions"].array?.map { $0["text"].string } == ["before"])
        #expect(written[2]["deleted_at"].string != nil && written[0]["deleted_at"].isNull)
        #expect(written.map { $0["visibility"].string } == ["followers", "followers", "followers", "public"])
        for (file, other, handle) in [
            ("follows", bob.id, bob.handle), ("followers", bob.id, bob.handle), ("requests", dan.id, dan.handle),
            ("requests_sent", carol.id, carol.handle), ("blocks", blocked.id, blocked.handle),
            ("mutes", bob.id, bob.handle), ("bells", bob.id, bob.handle),
        ] {
            let lines = try archive.lines(file)
            #expect(lines.count == 1 && lines.first?["user_id"].string == other, "\(file)")
            #expect(lines.first?["handle"].string == handle && lines.first?["created_at"].string != nil, "\(file)")
        }
        #expect(try archive.lines("mutes")[0]["until"].string == "2031-01-02T03:04:05.678Z")
        #expect(try archive.lines("bookmarks").map { $0["post_id"].string } == [theirs])
        let told = try archive.lines("notifications")
        #expect(told.map { $0["key"].string } == ["follow_request"] && told[0]["count"].integer == 1)
        #expect(try archive.lines("sessions").count == 1 && archive.lines("deletions").isEmpty)
        for (name, text) in archive.files {
            #expect(!text.contains(alice.accessToken!) && !text.contains(alice.refreshToken), "\(name)")
        }
        try await expectManifest(of: archive, alice)
    }

    /// Whoever imports it can trust it by the key at `/v1/keys` alone.
    private func expectManifest(of archive: Unzipped, _ user: TestUser) async throws {
        let manifest = try archive.manifest
        #expect(manifest["format"].string == "martlet-export-1" && manifest["user"]["id"].string == user.id)
        #expect(manifest["exported_at"].string == rfc3339(milliseconds: site.clock.milliseconds()))
        let files = manifest["files"].array ?? []
        #expect(Set(files.map { $0["name"].string } + ["manifest.json"]) == Set(archive.files.keys))
        for file in files {
            let text = try #require(archive.files[file["name"].string ?? ""])
            #expect(file["bytes"].integer == Int64(text.utf8.count))
            #expect(file["lines"].integer == Int64(text.utf8.count { $0 == 10 }))
            #expect(file["sha256"].string == Crypto.sha256(Array(text.utf8)).hexadecimal)
        }
        let signature = try #require(manifest["signature"].string)
        let unsigned = archive.files["manifest.json"]!.replacing("\"signature\":\"\(signature)\",", with: "")
        let key = Base64URL.decode(try await site.stranger().get("/v1/keys")["keys"][0]["x"].string!)!
        #expect(SigningKey.verify(Base64URL.decode(signature)!, of: Array(unsigned.utf8), by: key))
        #expect(!SigningKey.verify(Base64URL.decode(signature)!, of: Array((unsigned + " ").utf8), by: key))
    }

    /// Names of others follow the rule of who sees whom.
    @Test func whoIsNotSeenHasNoName() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        try await alice.follow(bob)
        try await site.suspend(bob)
        let lines = try await fetch(try await export(alice)).lines("follows")
        #expect(lines.map { $0["user_id"].string } == [bob.id] && lines[0]["handle"].isNull)
    }

    /// Of what no step can hold.
    @Test func longTexts() async throws {
        let alice = try await site.signUp()
        let first = ID(alice.id)!.raw + 1
        try await site.database.query(
            """
            INSERT INTO posts (id, author_id, text) SELECT \(first)::bigint + n, \(ID(alice.id)!),
                (SELECT string_agg(md5(n::text || m::text), '') FROM generate_series(1, 150) m) FROM generate_series(0, 699) n
            """)
        let done = try await export(alice)
        // Hexadecimal digits are compressed to half of their size, more or less: many chunks.
        #expect(done["bytes"].integer! > 1 << 20)
        let archive = try await fetch(done)
        #expect(try archive.lines("posts").map { $0["id"].string! } == (0..<700).map { "\(first + Int64($0))" })
        try await expectManifest(of: archive, alice)
        try await expectParts(done)
    }

    private func expectParts(_ export: TestResponse) async throws {
        let url = export["url"].string!
        let whole = try await site.stranger().get(url).body
        let etag = "\"\(export["id"].string!)\""
        for (range, part) in [
            ("bytes=0-0", 0..<1), ("bytes=262143-262144", 262_143..<262_145),
            ("bytes=-5", whole.count - 5..<whole.count),
            ("bytes=\(whole.count - 300_000)-", whole.count - 300_000..<whole.count),
            ("bytes=700000-\(whole.count + 10)", 700_000..<whole.count),
        ] {
            let response = try await site.stranger().get(url, ["Range": range, "If-Range": etag])
            #expect(response.status == 206 && response.body == Array(whole[part]), "\(range)")
            #expect(
                response.header("Content-Range") == "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(whole.count)")
        }
        for headers in [
            ["Range": "bytes=0-1,5-6"], ["Range": "bytes=5-4"], ["Range": "lines=1-2"], ["Range": "bytes=x-"],
            ["Range": "bytes=0-1", "If-Range": "\"1\""], ["Range": "bytes=+1-2"], ["Range": "bytes=-"],
        ] {
            #expect(try await site.stranger().get(url, headers).body.count == whole.count, "\(headers)")
        }
        let beyond = try await site.stranger().get(url, ["Range": "bytes=\(whole.count)-"])
        #expect(beyond.isProblem(416, "range_not_satisfiable", field: "Range"))
        let head = try await site.stranger().send("HEAD", url)
        #expect(head.status == 200 && head.body.isEmpty && head.header("ETag") == etag)
    }

    // MARK: Who may, and how often

    @Test func oneAtATimeAndTwoADay() async throws {
        let alice = try await site.signUp()
        let first = try await alice.post("/v1/me/export", nil, ["Idempotency-Key": "once"])
        #expect(first.status == 202)
        #expect(try await alice.post("/v1/me/export", nil, ["Idempotency-Key": "once"]).body == first.body)
        #expect(try await alice.post("/v1/me/export").isProblem(409, "conflict"))
        try await site.runJobs()
        let second = try await export(alice)
        #expect(try await alice.walk("/v1/me/exports", limit: 1) == [second["id"].string!, first["id"].string!])
        let refused = try await alice.post("/v1/me/export")
        #expect(refused.isProblem(429, "rate_limited"))
        #expect((86_000...86_400).contains(refused.retryAfter ?? 0))
        try await site.pass(seconds: Self.day + 1)
        let later = try await site.logIn(alice)
        _ = try await export(later)
        #expect(try await later.walk("/v1/me/exports").count == 1)
    }

    @Test func atOnceAskedForOnce() async throws {
        let alice = try await site.signUp()
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<8 { group.addTask { try await alice.post("/v1/me/export").status } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.sorted() == [202, 409, 409, 409, 409, 409, 409, 409])
    }

    @Test func isNobodyElses() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let done = try await export(alice)
        let (id, url) = (done["id"].string!, done["url"].string!)
        #expect(try await bob.get("/v1/me/exports/\(id)").isProblem(404, "not_found"))
        #expect(try await site.stranger().get("/v1/me/exports/\(id)").status == 401)
        #expect(try await bob.walk("/v1/me/exports").isEmpty)
        let (path, key) = (String(url.split(separator: "?")[0]), String(url.split(separator: "=")[1]))
        for wrong in ["", "x", String(key.dropLast()), key + "A", String(key.reversed())] {
            #expect(try await alice.get("\(path)?key=\(wrong)").isProblem(404, "not_found"), "\(wrong)")
        }
        #expect(try await alice.get(path).isProblem(400, "missing_field", field: "key"))
        // A key opens the one archive.
        let other = try await export(bob)
        let theirs = String(other["url"].string!.split(separator: "?")[0])
        #expect(try await bob.get("\(theirs)?key=\(key)").status == 404)
    }

    @Test func whoIsSuspendedOrLeavesMayStillHaveIt() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        try await site.suspend(alice)
        try await site.lookForSuspensions()
        #expect(try await fetch(try await export(alice)).lines("profile").count == 1)
        _ = try await bob.post("/v1/me/deletion", ["password": .string(TestUser.password)])
        let leaving = try await site.logIn(bob)
        let archive = try await fetch(try await export(leaving))
        #expect(try archive.lines("deletions").map { $0["state"].string } == ["scheduled"])
    }

    // MARK: Its end

    @Test func expires() async throws {
        let alice = try await site.signUp()
        let done = try await export(alice)
        try await site.pass(seconds: Self.day - 10)
        let later = try await site.logIn(alice)
        #expect(try await site.stranger().get(done["url"].string!).status == 200)
        try await site.pass(seconds: 11)
        #expect(try await later.get("/v1/me/exports/\(done["id"].string!)").status == 404)
        #expect(try await site.stranger().get(done["url"].string!).status == 404)
        #expect(try await later.walk("/v1/me/exports").isEmpty)
        try await site.runJobs()
        #expect(try await rows(of: done) == 0)
    }

    private func rows(of export: TestResponse) async throws -> Int {
        let id = SQL.parameter(ID(export["id"].string!)!)
        return try await site.database.query(
            """
            SELECT (SELECT count(*) FROM exports WHERE id = \(id))
                + (SELECT count(*) FROM export_parts WHERE export_id = \(id))
                + (SELECT count(*) FROM export_chunks WHERE export_id = \(id)) AS n
            """)[0].int("n")
    }

    @Test func isErasedWithItsAccount() async throws {
        let alice = try await site.signUp()
        let done = try await export(alice)
        // Another one is in the hands of a worker that has died.
        let open = try await alice.post("/v1/me/export")
        try await site.database.query(
            """
            UPDATE exports SET state = 'running', worker = 'dead', leased_until = now() + interval '10 days'
            WHERE id = \(ID(open["id"].string!)!)
            """)
        let deletion = try await alice.post("/v1/me/deletion?grace=0", ["password": .string(TestUser.password)])
        let receipt = "/v1/deletions/\(deletion["id"].string!)?key=\(deletion["key"].string!)"
        try await eventually {
            try await site.settle()
            try await site.runJobs()
            return try await site.stranger().get(receipt)["state"].string == "done"
        }
        #expect(try await site.stranger().get(done["url"].string!).status == 404)
        #expect(try await rows(of: done) == 0)
        #expect(try await rows(of: open) == 0)
    }

    // MARK: Trouble

    /// What has died is gone on with from its last step, by a process that knows the same files.
    @Test func anotherWorkerGoesOn() async throws {
        let alice = try await site.signUp()
        let posts = try await alice.posts(3)
        let open = try await alice.post("/v1/me/export")
        let id = ID(open["id"].string!)!
        try await site.database.batch([
            """
            UPDATE exports SET state = 'running', worker = 'dead', leased_until = now() + interval '10 seconds',
                file = 'posts', position = \(ID(posts[0])!), parts = 1, bytes = 3, attempts = 3 WHERE id = \(id)
            """,
            "INSERT INTO export_parts VALUES (\(id), 0, 'posts', 1, '{}\n')",
            "INSERT INTO export_chunks VALUES (\(id), 0, 'half an archive')",
        ])
        try await site.runJobs()
        #expect(try await alice.get("/v1/me/exports/\(id)")["state"].string == "running")
        try await site.pass(seconds: 11)
        try await site.runJobs()
        let lines = try await fetch(try await alice.get("/v1/me/exports/\(id)")).lines("posts")
        #expect(lines.map { $0["id"].string } == [nil, posts[1], posts[2]])
    }

    @Test func isGivenUpAfterTenTries() async throws {
        let alice = try await site.signUp()
        let id = ID(try await alice.post("/v1/me/export")["id"].string!)!
        try await site.database.query("UPDATE exports SET attempts = 10 WHERE id = \(id)")
        try await site.runJobs()
        let failed = try await alice.get("/v1/me/exports/\(id)")
        #expect(failed["state"].string == "failed" && failed["url"].isNull && failed["expires_at"].string != nil)
        try await site.pass(seconds: Self.day + 1)
        try await site.runJobs()
        #expect(try await site.database.query("SELECT id FROM exports WHERE id = \(id)").isEmpty)
    }

    @Test func isGivenUpWhereItGetsTooLarge() async throws {
        let alice = try await site.signUp()
        let id = ID(try await alice.post("/v1/me/export")["id"].string!)!
        try await site.database.query(
            "UPDATE exports SET file = 'profile', bytes = \(Int64(1) << 30) WHERE id = \(id)")
        try await site.runJobs()
        #expect(try await alice.get("/v1/me/exports/\(id)")["state"].string == "failed")
        // What was gathered is forgotten at once.
        #expect(try await site.database.query("SELECT number FROM export_parts WHERE export_id = \(id)").isEmpty)
    }
}
