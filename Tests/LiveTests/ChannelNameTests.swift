import Core
import Live
import Testing

@Suite struct ChannelNameTests {
    @Test func partsAndWhole() throws {
        let name = try #require(ChannelName("tag:a:b"))
        #expect(name.kind == "tag" && name.key == "a:b" && name.description == "tag:a:b")
        #expect(ChannelName(kind: "post", id: ID(raw: 12)).description == "post:12")
        #expect(ChannelName("tag:" + String(repeating: "x", count: 251)) != nil)
    }

    @Test(arguments: [
        "", ":", "post", "post:", ":1", "Post:1", "po st:1", "po1:1", "post:1 ", "post:\n", "post:a\u{7f}",
        "abcdefghijklmnopqrstuvwxyzabcdefg:1", "tag:" + String(repeating: "x", count: 252),
    ])
    func refuses(_ text: String) { #expect(ChannelName(text) == nil) }

    /// Redis compares bytes.
    @Test func spellingsAreApart() throws {
        let (composed, decomposed) = (try #require(ChannelName("tag:é")), try #require(ChannelName("tag:e\u{301}")))
        #expect(composed != decomposed && Set([composed, decomposed, composed]).count == 2)
        #expect(composed.bucket != decomposed.bucket)
    }

    /// Where a channel lies must stay: another place would lose it over an upgrade.
    @Test func placesStay() {
        #expect([1, 2, 3].map { ChannelName(kind: "post", id: ID(raw: $0)).bucket } == [445, 320, 716])
        var counts = [Int](repeating: 0, count: 8)
        for id in 0..<8000 { counts[Partitions(count: 8).of(ChannelName(kind: "post", id: ID(raw: Int64(id))))] += 1 }
        #expect(counts.allSatisfy { (850...1150).contains($0) })
    }
}
