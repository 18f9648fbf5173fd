import Core
import TestSite
import Testing

@testable import Feed

/// A changed name or handle is told on its owner's channel, and read everywhere at once.
@Suite(.site, .serialized) struct UserUpdatedTests {
    private let site = TestSite.current

    private func told(_ author: TestUser, to reader: TestUser, since live: String) async throws -> [TestEvent] {
        try await site.settle()
        let items = try await reader.get("/v1/feed?channels=user:\(author.id)&since=\(live)")["items"].array ?? []
        return items.map {
            TestEvent(
                type: $0["type"].string, name: $0["user"]["display_name"].string, handle: $0["user"]["handle"].string)
        }
    }

    private struct TestEvent: Equatable {
        let type: String?
        let name: String?
        let handle: String?
    }

    @Test func nameAndHandle() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        try await bob.follow(alice)
        let post = try await alice.post(text: "x")
        try await site.settle()
        let start = try #require(
            try await bob.get("/v1/feed?channels=user:\(alice.id)")["live"].string)
        let handle = site.newHandle()
        let named = try await alice.send("PATCH", "/v1/me", body: Array(#"{"display_name":"Ada L."}"#.utf8))
        let renamed = try await alice.send("PUT", "/v1/me/credentials", body: Array("{\"handle\":\"\(handle)\"}".utf8))
        #expect(named.status == 200 && renamed.status == 204)
        // What changes nothing is not told, nor what only the owner sees.
        #expect(try await alice.send("PATCH", "/v1/me", body: Array(#"{"display_name":"Ada L."}"#.utf8)).status == 200)
        #expect(try await alice.send("PATCH", "/v1/me", body: Array(#"{"locale":"en-GB"}"#.utf8)).status == 200)
        let expected = [
            TestEvent(type: "user.updated", name: "Ada L.", handle: alice.handle),
            TestEvent(type: "user.updated", name: "Ada L.", handle: handle),
        ]
        #expect(try await told(alice, to: bob, since: start) == expected)
        site.rewind("profiles")
        #expect(try await told(alice, to: bob, since: start) == expected)
        for response in [
            try await bob.get("/v1/posts/\(post)"), try await bob.get("/v1/feed"),
            try await bob.get("/v1/users/\(bob.id)/following"),
        ] {
            let text = String(decoding: response.body, as: UTF8.self)
            #expect(text.contains("\"\(handle)\"") && text.contains("Ada L.") && !text.contains("\"\(alice.handle)\""))
        }
        #expect(try await bob.get("/v1/users/@\(alice.handle)").status == 404)
        // In a process that knew the old name.
        #expect(try await alice.post("/v1/posts", ["text": "y"])["author"]["handle"].string == handle)
    }

    /// A private account's channel is its followers'; what is told there has nothing of who reads.
    @Test func nothingOfTheReader() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        try await bob.follow(alice)
        let start = try #require(try await bob.get("/v1/feed?channels=user:\(alice.id)")["live"].string)
        let body = Array(#"{"bio":"x","private":true,"time_zone":"Europe/London"}"#.utf8)
        #expect(try await alice.send("PATCH", "/v1/me", body: body).status == 200)
        try await site.settle()
        let response = try await bob.get("/v1/feed?channels=user:\(alice.id)&since=\(start)")
        let user = try #require(response["items"].array?.first?["user"])
        #expect(user["bio"].string == "x" && user["private"].bool == true)
        for key in ["followed", "discoverable", "time_zone"] { #expect(user.object?.keys.contains(key) == false) }
    }

    /// Who is away is not told of.
    @Test func whoIsSuspended() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let start = try #require(try await bob.get("/v1/feed?channels=user:\(alice.id)")["live"].string)
        #expect(try await alice.send("PATCH", "/v1/me", body: Array(#"{"bio":"x"}"#.utf8)).status == 200)
        try await site.suspend(alice)
        try await site.settle()
        try await site.restore(alice)
        #expect(try await told(alice, to: bob, since: start) == [])
    }
}
