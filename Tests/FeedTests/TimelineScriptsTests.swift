import Testing

@testable import Feed

@Suite struct TimelineScriptsTests {
    /// What luacheck takes to be defined (.luacheckrc) is what each script is run behind.
    @Test func eachScriptIsBehindWhatItNeeds() throws {
        let scripts = Set(TimelineScripts().all.map(\.source))
        #expect(scripts.count == 32)
        for file in TimelineLua.allCases {
            let line = file.text.split(separator: "\n").first { $0.hasPrefix("-- Needs: ") } ?? ""
            let needed = try line.dropFirst("-- Needs: ".count).split(separator: ", ").map {
                try #require(TimelineLua(rawValue: String($0)), "\(file): \($0)")
            }
            let isShared = [TimelineLua.prelude, .publish, .fence, .rewrite, .channel, .dataset].contains(file)
            let whole = (needed + [file]).map(\.text).joined(separator: "\n")
            #expect(scripts.contains(whole) != isShared, "\(file)")
        }
    }

    @Test func eachFileSaysWhatItTakes() {
        for file in TimelineLua.allCases where ![.publish, .fence, .rewrite, .channel, .dataset].contains(file) {
            #expect(file.text.contains("\n-- KEYS: 1 "), "\(file)")
            guard file != .prelude else { continue }
            #expect(file.text.contains("\n-- ARGV: 1") && file.text.contains("\n-- Returns: "), "\(file)")
        }
    }
}
