import Core
import DomainKit
import Feed
import Live
import Store
import TestSite
import Testing

@testable import Realtime

/// What is read of a channel that names authors, for whom.
@Suite(.site) struct ChannelAuthorsTests {
    private let site = TestSite.current

    private enum Names: String, NamedKinds {
        case said = "thing.said"
    }

    private func reader(_ contents: ChannelContents) -> LogReader {
        let kind = ChannelKind("thing", contents, at: "/v1/things/{key}") { _, _ in true }
        return LogReader(
            feeds: site.feeds, kinds: ChannelKinds([kind]), known: KnownKinds(Names.self), most: 1 << 16)
    }

    private func said(_ user: TestUser?) -> Envelope {
        let name = user?.handle ?? "nobody"
        var envelope = Envelope(
            Names.said.kind, eventID: "by-\(name)", TraceContext(requestID: "r"),
            payload: Array("{\"type\":\"thing.said\",\"by\":\"\(name)\"}".utf8))
        envelope[.author] = user.flatMap { ID($0.id) }
        return envelope
    }

    private func block(_ owner: TestUser, _ other: TestUser) async throws {
        let response = try await owner.put("/v1/users/\(other.id)/block")
        guard response.status == 204 else { throw UnexpectedResponse(response: response) }
    }

    @Test func blockedEitherWayAndAway() async throws {
        let users = try await concurrently(5) { _ in try await site.signUp() }
        let (reader, blocked, blocking, suspended, other) = (users[0], users[1], users[2], users[3], users[4])
        try await block(reader, blocked)
        try await block(blocking, reader)
        let channel = ChannelName(kind: "thing", id: ID(reader.id)!)
        _ = try await site.channels.register([channel], node: .random())
        func read(_ log: LogReader, from held: LiveCursor?) async throws -> JoinOutcome {
            try #require(try await log.read(.channel(channel), for: ID(reader.id)!, from: held).get())
        }
        let named = self.reader([.log, .authors])
        let begun = try await read(named, from: nil)
        #expect(begun.hidden == .these([ID(blocked.id)!, ID(blocking.id)!]))
        let events = ([nil] + users).enumerated().map { ChannelPublication(offset: Int64($0), said($1)) }
        _ = try await site.channels.publish([channel: events], from: "things/0")
        try await site.suspend(suspended)
        func handles(_ outcome: JoinOutcome) throws -> [String?] {
            try (outcome.missed ?? []).map { try JSONValue.parse($0.event)["by"].string }
        }
        let missed = try await read(named, from: begun.cursor)
        #expect(try handles(missed) == ["nobody", reader.handle, other.handle])
        #expect(missed.cursor.position > begun.cursor.position)
        // Of other channels nobody asks.
        let plain = try await read(self.reader(.log), from: begun.cursor)
        #expect(plain.missed?.count == 6 && plain.hidden == .none)
        #expect(try await reader.delete("/v1/users/\(blocked.id)/block").status == 204)
        #expect(try await read(named, from: nil).hidden == .these([ID(blocking.id)!]))
    }

    /// Who has more of them than are kept is read for.
    @Test func tooMany() async throws {
        let reader = try await site.signUp()
        let (id, most) = (SQL.parameter(ID(reader.id)!), Int64(HiddenAuthors.most))
        try await site.database.batch([
            """
            INSERT INTO users (id, handle, display_name, password_hash)
            SELECT \(id)::bigint - 9000000 - n, 'many_' || n, 'x', '*' FROM generate_series(1, \(most + 1)) n
            """,
            """
            INSERT INTO relations (owner, other, kind, id)
            SELECT \(id)::bigint - 9000000 - n, \(id), 'block', n FROM generate_series(1, \(most)) n
            """,
        ])
        func hidden() async throws -> HiddenAuthors { try await site.feeds.hiddenAuthors(from: ID(reader.id)!) }
        guard case .these(let authors) = try await hidden() else {
            Issue.record("too many already")
            return
        }
        #expect(authors.count == HiddenAuthors.most)
        try await site.database.query(
            "INSERT INTO relations (owner, other, kind, id) VALUES (\(id), \(id)::bigint - 9000000 - \(most + 1)::bigint, 'block', 1)"
        )
        #expect(try await hidden() == .tooMany)
    }
}
