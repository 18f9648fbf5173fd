import Testing

@testable import Core

@Suite struct EnvelopeTests {
    private enum Event: String, NamedKinds {
        case made = "thing.made"
        case gone = "thing.gone"

        var versions: ClosedRange<Int> { self == .made ? 1...2 : 3...3 }
    }

    private let thing = EventField("thing")

    private var envelope: Envelope {
        var envelope = Envelope(
            Event.made.kind, eventID: "e", TraceContext(requestID: "r", traceparent: "t"), payload: [1, 2])
        envelope[thing] = ID(raw: 7)
        return envelope
    }

    @Test func goldenHeaders() {
        let headers = [
            "event-type": "thing.made", "schema-version": "1", "event-id": "e", "request-id": "r", "traceparent": "t",
            "tenant": "default", "thing": "7",
        ]
        #expect(envelope.headers == headers)
        #expect(Envelope(headers: headers, payload: [1, 2]) == envelope)
        #expect(envelope[thing] == ID(raw: 7))
    }

    /// Whoever does not know a kind, a version or a field still reads the envelope, and hands it on whole.
    @Test func ofALaterVersion() throws {
        var headers = envelope.headers
        headers["event-type"] = "thing.painted"
        headers["schema-version"] = "9"
        headers["colour"] = "red"
        let later = try #require(Envelope(headers: headers, payload: []))
        #expect(later.kind == EventKind("thing.painted", version: 9) && later.headers == headers)
        #expect(Event(later.kind) == nil)
    }

    @Test(arguments: [
        ("event-type", nil), ("event-type", ""), ("event-type", "a\nb"), ("event-type", "thing.Made"),
        ("event-id", nil), ("event-id", ""), ("event-id", "e\r"), ("schema-version", nil), ("schema-version", ""),
        ("schema-version", "0"), ("schema-version", "01"), ("schema-version", "+1"), ("schema-version", "65536"),
        ("schema-version", "1.0"),
    ])
    func refuses(_ name: String, _ value: String?) {
        var headers = envelope.headers
        headers[name] = value
        #expect(Envelope(headers: headers, payload: []) == nil)
    }

    @Test func whatIsNoFieldIsNotThere() throws {
        var headers = envelope.headers
        headers["thing"] = "x"
        headers["Ümlaut"] = "1"
        headers["long"] = String(repeating: "x", count: 256)
        headers["request-id"] = "a\nb"
        let read = try #require(Envelope(headers: headers, payload: []))
        #expect(read[thing] == nil && read.requestID == "")
        #expect(Set(read.headers.keys).isDisjoint(with: ["Ümlaut", "long"]))
        for number in 0..<32 { headers["field-\(number)"] = "1" }
        #expect(Envelope(headers: headers, payload: []) == nil)
    }

    @Test func namesAndVersions() throws {
        #expect(Event.made.kind.description == "thing.made" && Event.gone.kind.description == "thing.gone (version 3)")
        #expect(Event(try #require(EventKind("thing.made", version: 2))) == .made)
        #expect(Event(try #require(EventKind("thing.made", version: 3))) == nil)
        #expect(Event(try #require(EventKind("thing.gone", version: 1))) == nil)
        #expect(EventKind(String(repeating: "x", count: 65), version: 1) == nil)
    }

    /// Labels of metrics are of a bounded set, whatever comes from outside.
    @Test func labels() throws {
        let known = KnownKinds() + KnownKinds(Event.self)
        let later = try #require(EventKind("thing.made", version: 9))
        let other = try #require(EventKind("thing.painted", version: 1))
        #expect(known.contains(Event.made.kind) && !known.contains(later) && !known.contains(other))
        #expect(known.label(of: later) == "thing.made" && known.label(of: other) == "other")
    }

    @Test func oneLineASecond() {
        var pace = LogPace()
        #expect(pace.came(now: 5) == 1)
        #expect(pace.came(now: 6) == nil)
        #expect(pace.came(now: 1_000_000_004) == nil)
        #expect(pace.came(now: 1_000_000_005) == 3)
        #expect(pace.came(now: 1_000_000_006) == nil)
        #expect(pace.came(now: 9_000_000_000) == 2)
    }
}
