import Core
import Testing

@testable import Posts

/// Hashtags in the fields of an event.
@Suite struct EnvelopeTagsTests {
    private func read(_ tags: [String]) -> [String]? {
        var envelope = Envelope(PostEvent.created.kind, eventID: "x", TraceContext(requestID: ""), payload: [123, 125])
        envelope[.post] = ID(raw: 1)
        envelope.tags = tags
        return Envelope(headers: envelope.headers, payload: envelope.payload)?.tags
    }

    @Test(arguments: [
        [], ["a"], ["ä", "東京", "a_1"], (0..<20).map { "tag\($0)" },
        // The longest there may be.
        (0..<20).map { String(repeating: "𐐨", count: 59) + "\($0 % 10)" },
    ])
    func whatIsWrittenIsRead(_ tags: [String]) {
        #expect(read(tags) == tags)
    }

    /// Those of a post come before those that it had, of which some may be left out.
    @Test func tooMany() throws {
        let tags = (0..<40).map { String(repeating: "𐐨", count: 58) + "\($0)" }
        let found = try #require(read(tags))
        #expect(found.count >= 20 && found == Array(tags.prefix(found.count)))
        var envelope = Envelope(PostEvent.created.kind, eventID: "x", TraceContext(requestID: ""), payload: [])
        #expect(envelope.withoutTags == envelope)
        let plain = envelope
        envelope.tags = tags
        #expect(envelope != plain && envelope.withoutTags == plain)
    }
}
