import Core
import TestSite
import Testing

/// What no group can read waits for an admin, and nobody for it.
@Suite(.site, .serialized) struct DeadLetterRouteTests {
    private let site = TestSite.current
    private static let path = "/v1/admin/dead-letters"

    private func admin() async throws -> TestUser {
        let admin = try await site.signUp()
        try await site.grant(admin, .admin)
        return admin
    }

    private func redrive(_ user: TestUser, _ body: JSONValue) async throws -> TestResponse {
        try await user.post("\(Self.path)/redrive", body)
    }

    @Test func poisonComesToAnAdminAndBack() async throws {
        let (admin, author, reader) = (try await admin(), try await site.signUp(), try await site.signUp())
        try await reader.follow(author)
        try await site.append([0xFF, 0], to: "post.events", key: author.id, headers: ["event-type": "post.created"])
        let post = try await author.post(text: "behind it")
        try await site.settle()
        #expect(try await reader.walk() == [post], "nobody waits for it")

        let letters = try await admin.get("\(Self.path)?limit=100").items.filter { $0["key"].string == author.id }
        let groups = Set(letters.compactMap { $0["group"].string })
        #expect(groups == ["planner", "channels", "notifications"], "each group that reads the topic")
        let letter = try #require(letters.first { $0["group"].string == "planner" })
        #expect(letter["topic"].string == "post.events" && letter["reason"].string == "malformed")
        #expect(letter["attempts"].integer == 1 && letter["redrives"].integer == 0 && letter["bytes"].integer == 2)
        let only = try await admin.get("\(Self.path)?group=planner&reason=malformed").items
        #expect(only.contains { $0["id"].string == letter["id"].string })
        #expect(only.allSatisfy { $0["group"].string == "planner" })
        #expect(try await admin.get("\(Self.path)?reason=refused").items.isEmpty)

        let these: JSONValue = ["ids": [letter["id"]]]
        // Nothing is done that nobody has asked for.
        for body: JSONValue in [["filter": these, "dry_run": true], ["filter": these]] {
            let dry = try await redrive(admin, body)
            #expect(dry.status == 200 && dry["matching"].integer == 1 && dry["redrive"].isNull)
        }
        for round in 1...4 {
            try await site.pass(seconds: 1)
            let answer = try await redrive(admin, ["filter": these, "dry_run": false])
            #expect(answer["matching"].integer == (round == 4 ? 0 : 1))
            #expect(answer["too_often"].integer == (round == 4 ? 1 : 0))
            let number = try #require(answer["redrive"].string)
            #expect(try await admin.get("\(Self.path)/redrives/\(number)")["done"].bool == false)
            try await site.runJobs()
            try await site.settle()
            let progress = try await admin.get("\(Self.path)/redrives/\(number)")
            #expect(progress["done"].bool == true && progress["moved"].integer == (round == 4 ? 0 : 1))
            let now = try await admin.get("\(Self.path)?group=planner").items.first { $0["id"] == letter["id"] }
            #expect(now?["redrives"].integer == Int64(min(round, 3)), "it has died again")
        }
        let deeds = try await admin.get("/v1/admin/audit").items
        #expect(deeds.filter { $0["did"].string == "dead_letters.redriven" }.count == 4)
        #expect(deeds[0]["who"].string == admin.id && deeds[0]["after"]["rate"].integer == 100)
    }

    @Test func onlyAdminsAndOnlyWhatIsThere() async throws {
        let (admin, moderator) = (try await admin(), try await site.signUp())
        try await site.grant(moderator, .moderator)
        #expect(try await moderator.get(Self.path).status == 403)
        #expect(try await redrive(moderator, ["filter": [:]]).status == 403)
        #expect(try await site.stranger().get(Self.path).status == 401)
        for (body, field): (JSONValue, String) in [
            ([:], "filter"), (["filter": ["grup": "x"]], "filter.grup"), (["filter": ["group": "A"]], "filter.group"),
            (["filter": ["ids": []]], "filter.ids"), (["filter": [:], "rate": 0], "rate"),
            (["filter": ["died_before": "now"]], "filter.died_before"), (["filter": [:], "dry_run": false], "filter"),
            (["filter": ["died_after": "now"]], "filter.died_after"),
        ] {
            let answer = try await redrive(admin, body)
            #expect(answer.status == 400 && answer["field"].string == field, "\(field)")
        }
        #expect(try await admin.get("\(Self.path)?group=A").status == 400)
        #expect(try await admin.get("\(Self.path)?died_after=x").isProblem(400, "invalid_field", field: "died_after"))
        #expect(try await redrive(admin, ["filter": [:]]).status == 200)
        for path in ["1000000", "redrives/1000000"] {
            #expect(try await admin.get("\(Self.path)/\(path)").isProblem(404, "not_found"))
            #expect(try await moderator.get("\(Self.path)/\(path)").status == 403)
        }
        #expect(try await moderator.post("\(Self.path)/purge", ["filter": [:]]).status == 403)
    }

    @Test func oneIsShownAndSomeArePurged() async throws {
        let admin = try await admin()
        try await site.append([0xFF, 0], to: "post.events", key: admin.id, headers: ["event-type": "post.created"])
        try await site.settle()
        let letters = try await admin.get("\(Self.path)?limit=100").items.filter { $0["key"].string == admin.id }
        let ids = letters.map { $0["id"] }
        let shown = try await admin.get("\(Self.path)/\(ids[0].string!)")
        #expect(shown["letter"] == letters[0] && shown["value"].string == "/wA=")
        #expect(shown["headers"].array?.contains(["name": "event-type", "value": "post.created"]) == true)

        let died = try #require(letters.last?["at"].string)
        let later = try await admin.get("\(Self.path)?limit=100&died_before=\(died)").items
        #expect(later.allSatisfy { !ids.contains($0["id"]) })
        let since = try await admin.get("\(Self.path)?limit=100&died_after=\(died)").items
        #expect(ids.allSatisfy { id in since.contains { $0["id"] == id } })

        let these: JSONValue = ["ids": .array(ids)]
        let count = JSONValue.integer(Int64(ids.count))
        func purge(_ body: JSONValue) async throws -> TestResponse { try await admin.post("\(Self.path)/purge", body) }
        let dry = try await purge(["filter": these])
        #expect(dry["matching"] == count && dry["purged"].isNull)
        #expect(
            try await purge(["filter": these, "dry_run": false]).isProblem(400, "missing_field", field: "expected"))
        #expect(
            try await purge(["filter": [:], "dry_run": false, "expected": 1])
                .isProblem(400, "invalid_field", field: "filter"))
        #expect(
            try await purge(["filter": these, "dry_run": false, "expected": 0]).isProblem(409, "conflict"))
        #expect(try await admin.get("\(Self.path)/\(ids[0].string!)").status == 200)
        let purged = try await purge(["filter": these, "dry_run": false, "expected": count])
        #expect(purged["purged"] == count)
        #expect(try await admin.get("\(Self.path)/\(ids[0].string!)").status == 404)
        let deed = try await admin.get("/v1/admin/audit").items[0]
        #expect(deed["did"].string == "dead_letters.purged" && deed["after"]["purged"] == count)
    }

    @Test func theyGoAfterTwoWeeks() async throws {
        let admin = try await admin()
        try await site.append([1], to: "graph.events", key: admin.id)
        try await site.settle()
        func count() async throws -> Int {
            try await admin.get("\(Self.path)?limit=100").items.filter { $0["key"].string == admin.id }.count
        }
        #expect(try await count() > 0)
        try await site.runUpkeep()
        #expect(try await count() > 0)
        try await site.pass(seconds: 14 * 86_400 + 1)
        try await site.runUpkeep()
        let again = try await site.signUp()
        try await site.grant(again, .admin)
        #expect(try await again.get("\(Self.path)?limit=100").items.allSatisfy { $0["key"].string != admin.id })
    }
}
