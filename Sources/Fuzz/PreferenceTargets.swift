import Core
import HTTPService
import Preferences

extension FuzzTarget {
    private static let types = ["comment", "like", "message"]
    private static let fields = PreferenceFields(types: types)
    private static let names = fields.all.map(\.declaration.name)

    /// The body of preferences, and what they make of a push.
    static let preferences = FuzzTarget(
        "preferences",
        words: [
            "{", "}", ",", ":", "\"", "null", "true", "false", "\"types\":", "\"like\":", "\"message\":", "\"inbox\":",
            "\"push\":", "\"quiet\":", "\"from\":", "\"to\":", "\"time_zone\":", "\"urgent\":", "\"digest\":",
            "\"only_from\":", "\"previews\":", "\"daily\"", "\"hourly\"", "\"mutual\"", "\"22:00\"", "\"00:00\"",
            "\"23:59\"", "\"24:00\"", "\"Australia/Lord_Howe\"", "\"Africa/Cairo\"", "\"GMT+5\"", "\"UTC\"",
        ], leastAccepted: 10,
        timed: Timed(.pool) { input, watch in
            watch.time {
                guard let body = try? RequestBody.object(input, names) else { return }
                _ = try? fields.read(body)
            }
        }
    ) { input, _ throws(Finding) in
        guard let body = try? RequestBody.object(input, names) else { return false }
        let wish: Preferences
        do throws(Problem) {
            wish = try fields.read(body)
        } catch {
            // By bytes: a mark behind the dot would be one character with it.
            let isNamed = error.field.map { field in
                names.contains { field.isExactly($0) || field.utf8.starts(with: ($0 + ".").utf8) }
            }
            try require(isNamed == true && error.code.status == 400, "it is refused as \(error)")
            return false
        }
        let json = PreferenceView(preferences: wish, types: types).json
        let again = (try? JSONValue.parse(json))?.object.flatMap { try? fields.read($0) }
        try require(again == wish, "as it is shown it is another one: \(String(decoding: json, as: UTF8.self))")
        // Any time from 2020 on, for twenty years.
        let now = 1_577_836_800_000 + Int64(fingerprint(input) % 631_152_000_000)
        for (type, actor) in [("like", ActorRelation.mutual), ("message", .mutual), ("comment", .nobody)] {
            switch wish.decision(on: type, from: actor, now: now) {
            case .hold(let until):
                try require(until > now && until <= now + 26 * 3_600_000, "held from \(now) to \(until)")
            case .digest(let until):
                try require(until > now && until <= now + 52 * 3_600_000, "told at \(until), asked at \(now)")
            case .send, .suppress: break
            }
        }
        return true
    }
}
