package import Core
package import HTTPService
import TimeZones

/// What clients send of preferences. What they leave out has its default again.
package struct PreferenceFields: Sendable {
    /// Of one type.
    struct Ways: Sendable {
        var inbox = true
        var push = true
    }

    private static let inbox = Field.boolean("inbox", example: true, "In the list, and live.").or(true)
    private static let push = Field.boolean("push", example: false, "To the user's devices.").or(true)

    static let quiet = Field<QuietHours>.object(
        "quiet", "QuietHours", [from, to, zone, urgent], "Pushes wait until they end."
    ) { object throws(Problem) in
        QuietHours(
            from: try from.read(object), to: try to.read(object), in: try zone.read(object),
            letsUrgentPass: try urgent.read(object))
    }.orNil

    private static let from = time("from", "22:00", "The first minute, on the zone's clocks.")
    private static let to = time("to", "07:00", "The first minute behind them. The same as `from`: there are none.")

    private static let zone = Field.string(
        "time_zone", .string(length: 1...TimeZone.longestName), example: "Europe/London", "A name of the IANA's."
    ) { text throws(Refusal) in
        guard let zone = TimeZone(text) else { throw Refusal("there is no time zone of this name") }
        return zone
    }

    private static let urgent = Field.boolean(
        "urgent", example: false, "A `message` of who follows the caller, and is followed back, does not wait."
    ).or(false)

    private static func time(_ name: String, _ example: String, _ description: String) -> Field<Int> {
        .string(name, .string(pattern: "^([01][0-9]|2[0-3]):[0-5][0-9]$"), example: example, description) {
            text throws(Refusal) in
            guard let minute = QuietHours.minute(text) else {
                throw Refusal("\(name) must be a time of the day such as \(example)")
            }
            return minute
        }
    }

    static let digest = word(
        "digest", Preferences.Digest.allCases, .off, example: "off",
        "Pushes are told together: at each full hour, or at 09:00 of the zone of `quiet`, without it of the profile's.")

    static let onlyFrom = word(
        "only_from", Preferences.Actors.allCases, .all, example: "all",
        "Whose doings are told: anybody's; of those whom the caller follows; of those who follow back.")

    static let previews = Field.boolean(
        "previews", example: true, "Pushes say what was written."
    ).or(true)

    private static func word<Word: RawRepresentable<String> & Sendable>(
        _ name: String, _ words: [Word], _ fallback: Word, example: String, _ description: String
    ) -> Field<Word> {
        let all = words.map(\.rawValue)
        return .string(name, .word(of: all), example: example, description) { text throws(Refusal) in
            guard let word = words.first(where: { $0.rawValue.isExactly(text) }) else {
                throw Refusal("\(name) is one of \(all.joined(separator: ", "))")
            }
            return word
        }.or(fallback)
    }

    private let types: Field<[String: Ways]>

    /// - Parameter known: types of notifications.
    package init(types known: [String]) {
        let fields = known.map { type in
            Field<Ways>.object(type, "NotificationWays", [Self.inbox, Self.push]) { object throws(Problem) in
                Ways(inbox: try Self.inbox.read(object), push: try Self.push.read(object))
            }.or(Ways())
        }
        types = Field<[String: Ways]>.object(
            "types", "NotificationTypes", fields, "By the type of a notification."
        ) { object throws(Problem) in
            var found: [String: Ways] = [:]
            for (type, field) in zip(known, fields) { found[type] = try field.read(object) }
            return found
        }.or([:])
    }

    package var all: [any Declares] { [types, Self.quiet, Self.digest, Self.onlyFrom, Self.previews] }

    /// What the fields of an object say.
    package func read(_ object: JSONObject) throws(Problem) -> Preferences {
        Self.preferences(
            try types.read(object), try Self.quiet.read(object), try Self.digest.read(object),
            try Self.onlyFrom.read(object), try Self.previews.read(object))
    }

    func preferences(_ request: RequestContext) -> Preferences {
        Self.preferences(
            request[types], request[Self.quiet], request[Self.digest], request[Self.onlyFrom], request[Self.previews])
    }

    private static func preferences(
        _ ways: [String: Ways], _ quiet: QuietHours?, _ digest: Preferences.Digest, _ onlyFrom: Preferences.Actors,
        _ previews: Bool
    ) -> Preferences {
        var made = Preferences()
        made.withoutInbox = Set(ways.filter { !$0.value.inbox }.keys)
        made.withoutPush = Set(ways.filter { !$0.value.push }.keys)
        (made.quiet, made.digest, made.onlyFrom, made.previews) = (quiet, digest, onlyFrom, previews)
        return made
    }
}
