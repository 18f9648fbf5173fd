import Accounts
import Core
import HTTPService

extension FuzzTarget {
    private static let fields = ["display_name", "status_message", "bio", "locale", "time_zone", "private", "until"]
    private static let until = Field.time("until", example: "2099-12-31T23:00:00.000Z").orNil

    /// The body of a change of the profile: what is taken keeps its rule, `null` removes, and a refusal names its field.
    static let profile = FuzzTarget(
        "profile",
        words: [
            "{", "}", ",", ":", "\"", "null", "true", "false", "7", "\"display_name\":", "\"status_message\":",
            "\"bio\":",
            "\"locale\":", "\"time_zone\":", "\"private\":", "\"until\":", "\"zh-Hant-TW\"", "\"es-419\"", "-", "en",
            "GB",
            "\"Europe/London\"", "\"2099-12-31T23:00:00.000Z\"", "T", "Z", "+00:00", "60", "\\n", "\\u202e", "\\u0000",
            "\\u00e9", "\\ud83d\\ude00",
        ], leastAccepted: 50,
        timed: Timed(.pool) { input, watch in
            watch.time {
                guard let body = try? RequestBody.object(input, fields) else { return }
                for field in fields { _ = try? read(field, body) }
            }
        }
    ) { input, _ throws(Finding) in
        guard let body = try? RequestBody.object(input, fields) else { return false }
        var accepted = 0
        for field in fields {
            guard let given = body[field] else { continue }
            let value: String?
            do throws(Problem) {
                value = try read(field, body)
            } catch {
                try require(error.field == field && error.code == .invalidField, "\(field) is refused as \(error)")
                continue
            }
            accepted += 1
            guard let value else {
                try require(given.kind == JSONValue.null.kind, "\(given.kind) removes \(field)")
                continue
            }
            try checkRule(of: field, value)
        }
        return accepted > 0
    }

    /// By other code than the fields'.
    private static func checkRule(of field: String, _ value: String) throws(Finding) {
        let length = value.unicodeScalars.count
        switch field {
        case "display_name":
            try require((1...60).contains(length) && !hasControl(value), "the name \(value.debugDescription)")
        case "status_message":
            try require((1...100).contains(length) && !hasControl(value), "the status \(value.debugDescription)")
        case "bio":
            let lines = value.filter { $0 != "\n" && $0 != "\t" }
            try require((1...500).contains(length) && !hasControl(lines), "the bio \(value.debugDescription)")
        case "locale":
            let tag = /[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?/.asciiOnlyCharacterClasses()
            try require(value.wholeMatch(of: tag) != nil, "the locale \(value)")
        case "time_zone":
            try require((1...64).contains(length) && value.utf8.allSatisfy { $0 > 32 && $0 < 127 }, "the zone \(value)")
        case "until":
            try require(
                Int64(value).flatMap { milliseconds(rfc3339: rfc3339(milliseconds: $0)) }.map(String.init) == value,
                "written anew it is another time than \(value)")
        default: try require(value == "true" || value == "false", "the truth \(value)")
        }
    }

    private static func hasControl(_ text: some StringProtocol) -> Bool {
        text.unicodeScalars.contains { $0.properties.generalCategory == .control }
    }

    /// What is set, as text; `nil`: it is removed.
    private static func read(_ field: String, _ body: JSONObject) throws(Problem) -> String? {
        switch field {
        case "display_name": try ProfileFields.displayName.read(body).value
        case "status_message": try ProfileFields.statusMessage.read(body).value
        case "bio": try ProfileFields.bio.read(body).value
        case "locale": try ProfileFields.locale.read(body).value
        case "time_zone": try ProfileFields.timeZone.read(body).value
        case "private": try ProfileFields.isPrivate.read(body).map(String.init)
        default: try until.read(body).map { String($0) }
        }
    }
}
