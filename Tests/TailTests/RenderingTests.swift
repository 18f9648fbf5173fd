import Core
import Glibc
import TestSupport
import Testing

@testable import Tail

@Suite struct RenderingTests {
    static func post(_ text: String, handle: String = "alice", name: String = "Alice") -> FeedPost {
        FeedPost(try! JSONValue.parse(samplePost(1, text, handle: handle, name: name).utf8))!
    }

    static func pretty(_ post: FeedPost, width: Int, color: Bool = false) -> [String] {
        setenv("TZ", "UTC", 1)
        return PrettyText(color: color, width: { width }).created(post, event: "").split(
            separator: "\n", omittingEmptySubsequences: false
        ).dropLast().map(String.init)
    }

    @Test func plainLine() {
        let line = PlainLines().created(Self.post("a\nb\\\tc\u{1B}[2J\u{9B}\u{202E}\r\u{2028}d"), event: "")
        #expect(
            line == "2026-11-21T10:00:01.000Z @alice: a\\nb\\\\\\tc\\u{1b}[2J\\u{9b}\\u{202e}\\r\\u{2028}d\n")
    }

    @Test func plainDeletion() {
        let shown = ShownPosts.Post(handle: "alice", createdAt: "2026-11-21T10:00:01.000Z")
        let line = PlainLines().deleted(shown, event: "", now: 1_795_255_200_000)
        #expect(line == "2026-11-21T10:00:00.000Z @alice deleted the post of 2026-11-21T10:00:01.000Z\n")
        #expect(PlainLines().deleted(nil, event: "", now: 0).isEmpty)
    }

    /// The new text of a post that was shown; what was not shown is new here, and what was deleted or left out stays away.
    @Test func anEdit() {
        func event(_ type: String, _ number: Int, _ text: String) -> String {
            type == "post.deleted"
                ? "{\"type\":\"\(type)\",\"post_id\":\"\(number)\"}"
                : "{\"type\":\"\(type)\",\"post\":\(samplePost(number, text))}"
        }
        var view = FeedView(renderer: PlainLines())
        let now: Int64 = 1_795_255_200_000
        #expect(view.event(event("post.created", 5, "a"), now: now) == "2026-11-21T10:00:05.000Z @alice: a\n")
        #expect(
            view.event(event("post.updated", 5, "b\u{1B}"), now: now)
                == "2026-11-21T10:00:00.000Z @alice edited the post of 2026-11-21T10:00:05.000Z: b\\u{1b}\n")
        #expect(view.event(event("post.updated", 7, "new"), now: now) == "2026-11-21T10:00:07.000Z @alice: new\n")
        #expect(view.event(event("post.created", 7, "old"), now: now) == "")
        #expect(view.event(event("post.updated", 4, "of before"), now: now) == "")
        #expect(view.event(event("post.deleted", 5, ""), now: now).contains("deleted"))
        #expect(view.event(event("post.updated", 5, "c"), now: now) == "")
        var lines = FeedView(renderer: JSONLines())
        let edit = event("post.updated", 8, "x")
        for _ in 0..<2 { #expect(lines.event(edit, now: now) == edit + "\n") }
        #expect(
            PrettyText(color: false, width: { 40 }).edited(Self.post("c"), event: "", now: now).hasSuffix(
                "@alice edited c\n"))
    }

    @Test func jsonIsTheEventOnOneLine() {
        #expect(
            JSONLines().other(event: "{\"a\":\n\"\u{9B}\u{7F}é\u{202E}\"}") == "{\"a\": \"\\u009b\\u007fé\\u202e\"}\n")
    }

    @Test func prettyWraps() {
        let lines = Self.pretty(Self.post("one two three four five\nsix"), width: 40)
        #expect(
            lines == [
                "2026-11-21", "10:00:01 @alice one two three four five", "         six",
            ])
        #expect(
            Self.pretty(Self.post("one two three four five"), width: 32).dropFirst() == [
                "10:00:01 @alice one two three", "  four five",
            ])
        #expect(Self.pretty(Self.post("text", name: "Alice A."), width: 80)[1] == "10:00:01 @alice Alice A. text")
    }

    @Test(arguments: [20, 21, 24, 31, 40, 57, 80, 200]) func noLineIsTooLong(_ width: Int) {
        var generator = Seeded(UInt64(width))
        let pieces = [
            "a", "word", " ", "  ", "\n", "\u{1B}", "日本", "é", "👩‍👩‍👧", "e\u{301}", String(repeating: "x", count: 50),
        ]
        for _ in 0..<300 {
            let text = (0..<30).map { _ in pieces.randomElement(using: &generator)! }.joined()
            for line in Self.pretty(Self.post(text), width: width) { #expect(TextWidth.of(line) <= width, "\(line)") }
        }
    }

    @Test func prettyKeepsAllWords() {
        let text = "Swift is a general-purpose language, safe and fast. " + String(repeating: "y", count: 100) + " end"
        let shown = Self.pretty(Self.post(text), width: 43).dropFirst().joined()
        #expect(shown.filter { $0 != " " } == "10:00:01@alice" + text.filter { $0 != " " })
    }

    /// Whatever a post has in it, the terminal gets no control character but the line breaks.
    @Test func nothingControlsTheTerminal() {
        let all = String(String.UnicodeScalarView((0...0x2FFF).compactMap(Unicode.Scalar.init)))
        let post = Self.post("x" + all, handle: all, name: all)
        let shown =
            Self.pretty(post, width: 80).joined() + PlainLines().created(post, event: "").dropLast()
            + JSONLines().other(event: all).dropLast()
        for scalar in shown.unicodeScalars {
            #expect(scalar.properties.generalCategory != .control, "\(scalar.value)")
            #expect(!(0x2028...0x202E).contains(scalar.value) && !(0x2066...0x2069).contains(scalar.value))
        }
    }

    @Test func colours() {
        let line = Self.pretty(Self.post("hi"), width: 80, color: true)[1]
        #expect(line.hasPrefix("\u{1B}[2m10:00:01\u{1B}[0m \u{1B}[1;"))
        #expect(line.hasSuffix("m@alice\u{1B}[0m hi"))
        #expect(Style(isOn: true).handle("@bob") == Style(isOn: true).handle("@bob"))
    }

    @Test func marksWithoutEndAreCut() {
        let zalgo = "e" + String(repeating: "\u{301}", count: 500)
        #expect(Harmless.visible(zalgo, breaks: true).unicodeScalars.count == 16)
    }

    @Test func postsThatAreNone() {
        for json in ["{}", "[]", #"{"id":"x"}"#, #"{"id":"1","author":{},"text":"a","created_at":"2026"}"#] {
            #expect(FeedPost(try! JSONValue.parse(json.utf8)) == nil)
        }
        let time = samplePost(1, "a").replacing("2026-11-21T", with: "20261121\\u001bcT\\u0007")
        #expect(FeedPost(try! JSONValue.parse(time.utf8)) == nil)
    }
}

/// A post's JSON; the number is its id and the second in which it was made.
func samplePost(_ number: Int, _ text: String, handle: String = "alice", name: String = "Alice") -> String {
    var writer = ByteWriter()
    writer.append("{\"id\":\"\(number)\",\"author\":{\"id\":\"9\",\"handle\":")
    writer.append(jsonString: handle)
    writer.append(",\"display_name\":")
    writer.append(jsonString: name)
    writer.append("},\"text\":")
    writer.append(jsonString: text)
    writer.append(",\"created_at\":\"2026-11-21T10:00:\(number < 10 ? "0" : "")\(number).000Z\"}")
    return writer.string
}
