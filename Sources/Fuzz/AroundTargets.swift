import Comments
import Core
import Engagement
import HTTPService
import Notifications
import Polls
import Posts
import Reports

extension FuzzTarget {
    private static let targetTypes = ["post", "comment", "user"]
    private static let reportTarget = ReportFields.target(types: targetTypes)

    /// What users send about posts: one body for each operation.
    private enum Around: CaseIterable {
        case comment, poll, vote, report, views, read

        /// By the names of the contract.
        var fields: [String] {
            switch self {
            case .comment: ["text", "parent"]
            case .poll: ["poll"]
            case .vote: ["options"]
            case .report: ["target", "reason", "text"]
            case .views: ["posts"]
            case .read: ["up_to", "keys"]
            }
        }
    }

    /// The bodies of comments, new polls, votes, reports, views and reading notifications: what is taken keeps the contract, what is refused breaks it
    /// where that is easily said by other code, and a refusal names its field and, in a list or an object, the place.
    static let aroundPosts = FuzzTarget(
        "around-posts",
        words: [
            "{", "}", "[", "]", ",", ":", "\"", "null", "true", "false", "0", "1", "7", "8", "-1", "299", "300",
            "2592000", "2592001", "1e3", "0.5", "\"text\":", "\"parent\":", "\"poll\":", "\"options\":",
            "\"multiple\":", "\"closes_in\":", "\"results\":", "\"always\"", "\"after_vote\"", "\"after_close\"",
            "\"target\":", "\"type\":", "\"id\":", "\"reason\":", "\"posts\":", "\"up_to\":", "\"keys\":", "\"follow\"",
            "\"like:post:7\"", "\"post\"", "\"comment\"",
            "\"user\"", "\"spam\"", "\"other\"", "\"7\"", "\"07\"", "\"9007199254740991\"", "\"9007199254740992\"",
            "\"Tea\"", "\"Tea \"", "\\u0000", "\\u202e", "\\u200b", "\\n", "e\u{301}", "\u{E9}", "\\ud83d\\ude00",
        ], leastAccepted: 40,
        timed: Timed(.pool) { input, watch in
            watch.time {
                for kind in Around.allCases {
                    guard let body = try? RequestBody.object(input, kind.fields) else { continue }
                    _ = try? read(kind, body)
                }
            }
        }
    ) { input, _ throws(Finding) in
        var accepted = false
        for kind in Around.allCases {
            guard let body = try? RequestBody.object(input, kind.fields) else { continue }
            var isTaken = true
            do throws(Problem) {
                try read(kind, body)
            } catch {
                isTaken = false
                try checkAnswer(error)
                try checkPlace(error, kind, body)
            }
            if let expected = isGood(kind, body) {
                try require(expected == isTaken, "a body of \(kind) is taken or refused against its rule")
            }
            // A post needs no poll.
            accepted = accepted || isTaken && body.firstKey(besides: []) != nil
        }
        return accepted
    }

    /// As the operations do.
    private static func read(_ kind: Around, _ body: JSONObject) throws(Problem) {
        switch kind {
        case .comment:
            _ = try CommentFields.text.read(body)
            _ = try CommentFields.parent.read(body)
        case .poll: _ = try PollFields.poll.read(body)
        case .vote: _ = try PollFields.vote.read(body)
        case .report:
            _ = try reportTarget.read(body)
            _ = try ReportFields.reason.read(body)
            _ = try ReportFields.text.read(body)
        case .views: _ = try ViewFields.posts.read(body)
        case .read:
            _ = try NotificationFields.upTo.read(body)
            _ = try NotificationFields.keys.read(body)
        }
    }

    /// The field of a refusal is one of the body's, and what it says of a place in it is there, but for its last step where
    /// something is missing.
    private static func checkPlace(_ problem: Problem, _ kind: Around, _ body: JSONObject) throws(Finding) {
        guard let field = problem.field else { throw Finding("a refusal without a field: \(problem)") }
        // By scalars: a mark after a point makes another character of it.
        let steps = field.unicodeScalars.split(separator: ".", omittingEmptySubsequences: false).map { String($0) }
        try require(kind.fields.contains { $0.utf8.elementsEqual(steps[0].utf8) }, "\(kind) is refused for \(field)")
        // A name that is not known may be anything.
        guard problem.code != .unknownField else { return }
        var value: JSONValue? = .object(body)
        for (depth, step) in steps.enumerated() {
            let isMissing = problem.code == .missingField && depth == steps.count - 1
            guard let inside = value else { throw Finding("\(field) is nowhere in the body") }
            value =
                if let items = inside.array { Int(step).flatMap { items.indices.contains($0) ? items[$0] : nil } } else
                {
                    inside.object?[step]
                }
            try require(
                (value == nil) == isMissing, "\(field) is \(value == nil ? "not there" : "there"), \(problem.code.name)"
            )
        }
    }

    // MARK: The contract, by other code

    /// `nil`: that is not easily said.
    private static func isGood(_ kind: Around, _ body: JSONObject) -> Bool? {
        switch kind {
        case .comment: isText(body["text"], 2000) && (body["parent"].map(isID) ?? true)
        case .poll: body["poll"].map { $0.object.map(isPoll) ?? false } ?? true
        case .vote:
            isList(body["options"], 1...8) { $0.integer.map { (0...7).contains($0) } ?? false }
                && isDistinct(body["options"]) { $0.integer.map { [UInt8(clamping: $0)] } }
        case .report:
            (body["target"]?.object).map { target in
                target.members.allSatisfy { $0.0 == "type" || $0.0 == "id" } && isWord(target["type"], targetTypes)
                    && (target["id"].map(isID) ?? false)
            } ?? false && isWord(body["reason"], ["spam", "abuse", "nsfw", "illegal", "other"])
                && (body["text"].map { isText($0, 1000) } ?? true)
        case .views: isList(body["posts"], 1...100, isID)
        case .read:
            (body["up_to"].map(isID) ?? true)
                && (body["keys"] == nil
                    || isList(body["keys"], 1...100) {
                        $0.string?.wholeMatch(of: /[a-z_]{1,16}(:[a-z]{1,16}:[0-9]{1,16})?/) != nil
                    })
        }
    }

    private static func isPoll(_ poll: JSONObject) -> Bool? {
        let known = ["options", "multiple", "closes_in", "results"]
        guard poll.members.allSatisfy({ known.contains($0.0) }),
            poll["multiple"].map({ $0.bool != nil }) ?? true,
            poll["closes_in"]?.integer.map({ (300...2_592_000).contains($0) }) ?? false,
            poll["results"].map({ isWord($0, ["always", "after_vote", "after_close"]) }) ?? true,
            isList(poll["options"], 2...8, { $0.string != nil })
        else { return false }
        let options = poll["options"]?.array?.compactMap(\.string) ?? []
        // What is a name beyond ASCII is a long story.
        guard options.allSatisfy({ $0.utf8.allSatisfy { (32..<127).contains($0) } }) else { return nil }
        let names = options.map { Array(trimmed(Array($0.unicodeScalars))) }
        return names.allSatisfy { (1...80).contains($0.count) } && Set(names).count == names.count
    }

    private static func isText(_ value: JSONValue?, _ most: Int) -> Bool {
        guard let text = value?.string else { return false }
        let scalars = Array(text.unicodeScalars)
        return (1...most).contains(trimmed(scalars).count) && text.hasFewMarks
            && scalars.allSatisfy { $0 == "\n" || $0 == "\t" || $0.properties.generalCategory != .control }
    }

    private static func isID(_ value: JSONValue) -> Bool {
        guard let digits = value.string.map({ Array($0.utf8) }), (1...16).contains(digits.count),
            digits.allSatisfy({ (48...57).contains($0) }), digits.count == 1 || digits[0] != 48
        else { return false }
        return digits.reduce(0) { $0 * 10 + Int64($1 - 48) } < 1 << 53
    }

    private static func isWord(_ value: JSONValue?, _ words: [String]) -> Bool {
        value?.string.map { given in words.contains { $0.utf8.elementsEqual(given.utf8) } } ?? false
    }

    private static func isList(_ value: JSONValue?, _ count: ClosedRange<Int>, _ isItem: (JSONValue) -> Bool) -> Bool {
        value?.array.map { count.contains($0.count) && $0.allSatisfy(isItem) } ?? false
    }

    private static func isDistinct(_ value: JSONValue?, _ key: (JSONValue) -> [UInt8]?) -> Bool {
        value?.array.map { Set($0.map(key)).count == $0.count } ?? false
    }
}
