import Core
import DomainKit
import Feed
import Live
import TestSite
import Testing

@testable import Realtime

/// Channels whose events are made anew for who comes back.
@Suite(.site) struct RenewedEventsTests {
    private let site = TestSite.current

    private enum Names: String, NamedKinds {
        case said = "thing.said"
    }

    private func said(_ id: Int, _ text: String, version: Int64? = nil) -> Envelope {
        var envelope = Envelope(
            Names.said.kind, eventID: "event-\(id)", TraceContext(requestID: "r"),
            payload: Array("{\"type\":\"thing.said\",\"text\":\"\(text)\"}".utf8))
        envelope[.version] = version
        return envelope
    }

    private func outcome(
        _ channel: ChannelName, from held: LiveCursor?,
        _ renewal: (@Sendable (ID, [Envelope]) async throws -> RenewedEvents)?
    ) async throws -> JoinOutcome {
        let kind = ChannelKind("thing", .log, at: "/v1/things/{key}", permission: { _, _ in true }, renewal: renewal)
        let reader = LogReader(
            feeds: site.feeds, kinds: ChannelKinds([kind]), known: KnownKinds(Names.self), most: 1 << 16)
        return try #require(try await reader.read(.channel(channel), for: ID(raw: 7), from: held).get())
    }

    private func texts(_ outcome: JoinOutcome) throws -> [String?] {
        try (outcome.missed ?? []).map { try JSONValue.parse($0.event)["text"].string }
    }

    @Test func whatIsKeptIsNotWhatIsTold() async throws {
        let channel = ChannelName(kind: "thing", id: ID(raw: 41))
        _ = try await site.channels.register([channel], node: .random())
        let begun = try await outcome(channel, from: nil, nil)
        let events = (1...3).map {
            ChannelPublication(offset: Int64($0), said($0, "told \($0)", version: 9), keeping: said($0, "kept \($0)"))
        }
        _ = try await site.channels.publish([channel: events], from: "things/0")
        let plain = try await outcome(channel, from: begun.cursor, nil)
        #expect(try texts(plain) == ["kept 1", "kept 2", "kept 3"] && plain.version == -1)
        let renewed = try await outcome(channel, from: begun.cursor) { key, missed in
            #expect(key == ID(raw: 41) && missed.count == 3)
            let events = [said(3, "three"), said(1, "one"), said(4, "of nothing that was missed")]
            return RenewedEvents(events, version: 12)
        }
        #expect(try texts(renewed) == ["one", "three"] && renewed.version == 12)
        #expect(renewed.missed?.map(\.position) == [plain.missed![0].position, plain.missed![2].position])
        for held in [plain.cursor, nil, .outOfEveryWindow] {
            let none = try await outcome(channel, from: held) { _, missed in
                #expect(missed.isEmpty)
                return RenewedEvents([], version: 13)
            }
            #expect(try texts(none) == [] && none.version == 13)
        }
    }

    /// The scripts put a personal channel where its owner's feed is.
    @Test func personalChannelsLieWithTheFeed() async throws {
        let user = ID(try await site.signUp().id)!
        let channel = ChannelName.notifications(of: user)
        #expect(channel.owner == user && channel.nameToOwner == "notifications")
        #expect(site.channels.partition(of: channel) == site.channels.timelines.partitions.of(user))
        let (feed, own) = (try await site.feeds.currentPosition(of: user), try await site.channels.open(channel))
        #expect(feed.epoch == own.epoch && feed.position <= own.position)
        #expect(try await site.channels.recover(channel, from: own).missed == [])
    }
}
