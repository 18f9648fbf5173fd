import Accounts
import Core
import HTTPService
import Posts

extension FuzzTarget {
    private static let fields = ["handle", "password", "display_name", "text", "user_id"]
    private static let words = [
        "{", "}", ",", ":", "\"", "\"handle\":", "\"password\":", "\"display_name\":", "\"text\":", "\"user_id\":",
        "\"7\"", "\"9007199254740991\"", "\"9007199254740992\"", "\"07\"", "null", "7", "[]", "\\u0000", "\\u001f",
        "\\u0085", "\\u00a0", "\\u2028", "\\u202e", "\\u2066", "\\ud83d\\ude00", "\\n", " ", "\u{3000}", "\u{200B}",
        "\u{FEFF}", "\u{180E}", "\u{212A}", "\u{130}", "e\u{301}", "A_9", "-", "0123456789",
    ]

    /// The body of a request and the rules of its fields: what is taken keeps the contract, what is refused breaks it, and
    /// the refusal names its field.
    static let requestBody = FuzzTarget(
        "body", words: words, leastAccepted: 40,
        timed: Timed(.pool) { input, watch in
            watch.time {
                guard let body = try? RequestBody.object(input, fields) else { return }
                _ = try? AccountFields.displayName.read(body)
                _ = try? PostFields.text.read(body)
            }
        }
    ) { input, _ throws(Finding) in
        let body: JSONObject
        do throws(Problem) {
            body = try RequestBody.object(input, fields)
        } catch {
            try checkAnswer(error)
            return false
        }
        var accepted = 0
        for field in fields {
            guard let given = body[field] else { continue }
            guard let text = given.string else {
                let value = try taken(field) { () throws(Problem) in try read(field, body) }
                try require(value == nil, "\(given.kind) is taken as \(field)")
                continue
            }
            guard try checkField(field, text, body) else { continue }
            accepted += 1
        }
        return accepted > 0
    }

    /// Is the text taken as this field?
    private static func checkField(_ field: String, _ text: String, _ body: JSONObject) throws(Finding) -> Bool {
        let scalars = Array(text.unicodeScalars)
        let value = try taken(field) { () throws(Problem) in try read(field, body) }
        let expected: Bool?
        switch field {
        case "handle":
            // Other letters may become these when they are lower-cased; the value tells.
            expected = text.utf8.allSatisfy { $0 < 128 } ? isHandle(text, upper: true) : nil
            try require(value.map { isHandle($0, upper: false) } ?? true, "a wrong handle is taken")
        case "password":
            expected = (8...256).contains(scalars.count)
            try require(value.map { $0.utf8.elementsEqual(text.utf8) } ?? true, "the password is another")
        case "display_name":
            let name = trimmed(scalars)
            let isPlain = name.allSatisfy { (32..<127).contains($0.value) }
            let isRefused = !(1...60).contains(name.count) || name.contains { isControl($0.value) }
            expected = isRefused ? false : isPlain ? true : nil
            try require(value.map { $0.unicodeScalars.elementsEqual(name) } ?? true, "the name is not the trimmed one")
        case "text":
            let rest = trimmed(scalars)
            let hasControl = scalars.contains { $0 != "\n" && $0 != "\t" && $0.properties.generalCategory == .control }
            expected = (1...5000).contains(rest.count) && !hasControl && text.hasFewMarks
            try require(value.map { $0.unicodeScalars.elementsEqual(rest) } ?? true, "the text is not the trimmed one")
        default:
            let digits = scalars.count < 17 && scalars.allSatisfy { ("0"..."9").contains($0) }
            let isLeast = digits && (scalars.count == 1 || scalars.first != "0")
            expected = isLeast && Int64(text).map { $0 < 1 << 53 } ?? false
            try require(value.map { $0.utf8.elementsEqual(text.utf8) } ?? true, "the id is another")
        }
        try require(expected == nil || expected == (value != nil), "\(field) is taken or refused against its rule")
        return value != nil
    }

    /// By the declaration of the field, which is in the body.
    private static func read(_ field: String, _ body: JSONObject) throws(Problem) -> String {
        switch field {
        case "handle": try AccountFields.handle.read(body)
        case "password": try AccountFields.password.read(body)
        case "display_name": try AccountFields.displayName.read(body)!
        case "text": try PostFields.text.read(body)
        default: try Field.id(field).read(body).description
        }
    }

    /// `nil` when it is refused, as it should be.
    private static func taken<Value>(
        _ field: String, _ read: () throws(Problem) -> Value
    ) throws(Finding) -> Value? {
        do throws(Problem) {
            return try read()
        } catch {
            try checkAnswer(error)
            try require(error.field == field && error.code == .invalidField, "\(field) is refused as \(error)")
            return nil
        }
    }

    /// The answer is JSON, whatever of the request it tells.
    static func checkAnswer(_ problem: Problem) throws(Finding) {
        let answer = (try? JSONValue.parse(problem.json(requestID: "r")))?.object
        let field = answer?["field"]?.string
        try require(
            answer?["code"]?.string == problem.code.name && answer?["detail"]?.string != nil
                && field.map { Array($0.utf8) } == problem.field.map { Array($0.utf8) },
            "the answer tells something else")
    }

    private static func isHandle(_ text: String, upper: Bool) -> Bool {
        (3...30).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 48...57, 95, 97...122: true
                case 65...90: upper
                default: false
                }
            }
    }

    /// By the list of Unicode's white space.
    static func trimmed(_ scalars: [Unicode.Scalar]) -> ArraySlice<Unicode.Scalar> {
        func isSpace(_ scalar: Unicode.Scalar) -> Bool {
            switch scalar.value {
            case 9...13, 32, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
            default: false
            }
        }
        guard let last = scalars.lastIndex(where: { !isSpace($0) }) else { return [] }
        return scalars[...last].drop(while: isSpace)
    }

    /// Also what changes the direction of the text around it.
    private static func isControl(_ value: UInt32) -> Bool {
        switch value {
        case 0..<32, 0x7F..<0xA0, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
