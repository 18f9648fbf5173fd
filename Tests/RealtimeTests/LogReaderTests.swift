import Core
import DomainKit
import Feed
import Live
import TestSite
import Testing

@testable import Realtime

/// What is read of channels for whom, of kinds that no domain has yet.
@Suite(.site) struct LogReaderTests {
    private static let kind = EventKind("post.created", version: 1)!
    private let site = TestSite.current
    private let user = ID(raw: 7)

    private static func envelope(_ text: String) -> Envelope {
        Envelope(
            kind, eventID: "e", TraceContext(requestID: "r"),
            payload: Array("{\"type\":\"post.created\",\"text\":\"\(text)\"}".utf8))
    }

    /// Keys are ids; 13 is for nobody, and 99 can't be found out.
    private func reader(_ contents: ChannelContents, name: String, version: Int64? = 5) -> LogReader {
        struct Away: Error {}
        let kind = ChannelKind(
            name, contents, at: "/v1/things/{key}",
            permission: { key, _ in
                if key.raw == 99 { throw Away() }
                return key.raw != 13
            },
            state: { _ in version.map { Channel.State(version: $0, Self.envelope("stored")) } })
        return LogReader(
            feeds: site.feeds, kinds: ChannelKinds([kind]), known: KnownKinds(Names.self), most: 1 << 16)
    }

    private enum Names: String, NamedKinds {
        case created = "post.created"
        var versions: ClosedRange<Int> { 1...1 }
    }

    private func read(
        _ reader: LogReader, _ name: String, from held: LiveCursor? = nil
    ) async throws -> JoinOutcome? {
        try await reader.read(.channel(ChannelName(name)!), for: user, from: held).get()
    }

    @Test func whoMayNotSeeItGetsNothing() async throws {
        let reader = reader(.log, name: "one")
        #expect(try await read(reader, "one:13") == nil)
        #expect(try await read(reader, "one:x") == nil)
        #expect(try await read(reader, "two:1") == nil)
        #expect(try await read(reader, "one:1") != nil)
        await #expect(throws: (any Error).self) { try await read(reader, "one:99") }
    }

    /// Where Redis has no state the domain has, and Redis' own goes before it.
    @Test func theNewestState() async throws {
        let reader = reader([.log, .state], name: "three")
        let channel = ChannelName("three:1")!
        _ = try await site.channels.register([channel], node: .random())
        let first = try #require(try await read(reader, "three:1"))
        #expect(first.state?.version == 5 && first.publications.map(\.position) == [0])
        #expect(try await site.channels.publish(state: Self.envelope("told"), version: 6, on: channel))
        let second = try #require(try await read(reader, "three:1", from: first.cursor))
        #expect(second.state?.version == 6 && !second.isStateKnown(to: first.cursor))
        #expect(String(decoding: second.publications[0].event, as: UTF8.self).contains("told"))
        // Who was told up to here has it.
        let third = try #require(try await read(reader, "three:1", from: second.cursor))
        #expect(third.isStateKnown(to: second.cursor) && !third.isStateKnown(to: nil))
        #expect(third.missed == [])
    }

    /// Who has the newest state has missed nothing, wherever he comes from.
    @Test func statesAloneAreNeverReset() async throws {
        let reader = reader(.state, name: "four")
        let outcome = try #require(try await read(reader, "four:1", from: .outOfEveryWindow))
        #expect(outcome.missed == [] && outcome.state?.version == 5)
        let log = self.reader(.log, name: "five")
        let reset = try #require(try await read(log, "five:1", from: .outOfEveryWindow))
        #expect(reset.missed == nil && reset.state == nil)
    }

    /// Of two states between polls the newest; and none twice, whether Redis had it or the domain.
    @Test(arguments: [ChannelContents.state, [.log, .state]]) func aPollIsToldAStateOnce(
        _ contents: ChannelContents
    ) async throws {
        let reader = reader(contents, name: contents == .state ? "seven" : "eight")
        let channel = ChannelName(kind: contents == .state ? "seven" : "eight", id: ID(raw: 1))
        _ = try await site.channels.register([channel], node: .random())
        var held = StreamCursor()
        func poll() async throws -> [String] {
            let known = try #require(reader.kinds.channel(channel))
            var poll = ChannelPoll(of: user, hasFeed: false, [known], since: held)
            try await poll.look(reader)
            held = poll.position
            let items = try JSONValue.parse(poll.response(live: "").body)["items"].array ?? []
            #expect(items.allSatisfy { $0["channel"].string == channel.description })
            return items.map { $0["text"].string ?? $0["type"].string! }
        }
        #expect(try await poll() == ["live", "stored"])
        #expect(try await poll() == [])
        for version in 6...7 {
            let told = Self.envelope("version \(version)")
            #expect(try await site.channels.publish(state: told, version: Int64(version), on: channel))
        }
        #expect(try await poll() == ["version 7"])
        #expect(try await poll() == [])
        held[.channel(channel)] = .outOfEveryWindow
        #expect(try await poll() == (contents == .state ? ["version 7"] : ["reset", "version 7"]))
    }

    @Test func noStateAnywhere() async throws {
        let outcome = try #require(try await read(reader(.state, name: "six", version: nil), "six:1"))
        #expect(outcome.state == nil && outcome.publications.isEmpty)
    }
}
