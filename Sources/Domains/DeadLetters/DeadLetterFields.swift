import Consumers
import Core
import HTTPService

/// What admins send of dead letters.
enum DeadLetterFields {
    private static func parameter(_ name: String, example: String, _ description: String) -> Parameter<String?> {
        Parameter(name, .string(pattern: "^[a-z._-]{1,100}$"), example: example, description) { text throws(Refusal) in
            try Self.word(text, name)
        }.orNil
    }

    private static func field(_ name: String, example: String, _ description: String) -> Field<String?> {
        Field.string(name, .string(pattern: "^[a-z._-]{1,100}$"), example: example, description) {
            text throws(Refusal) in
            try Self.word(text, name)
        }.orNil
    }

    private static func word(_ text: String, _ name: String) throws(Refusal) -> String {
        guard 1...100 ~= text.utf8.count,
            text.utf8.allSatisfy({ 97...122 ~= $0 || $0 == 45 || $0 == 46 || $0 == 95 })
        else { throw Refusal("\(name) is 1 to 100 of a-z, '.', '_' and '-'") }
        return text
    }

    static let groupParameter = parameter("group", example: "notifications", "Which consumer group.")
    static let reasonParameter = parameter("reason", example: "malformed", "Why.")
    static let afterParameter = time("died_after", "Died at this time or later.")
    static let beforeParameter = time("died_before", "Died before this time.")
    static let letter = PathParameter.id("id", "Of the dead letter.")
    static let redrive = PathParameter.id("id", "Of the redrive.")

    private static func time(_ name: String, _ description: String) -> Parameter<Int64?> {
        Parameter(name, Component.time.reference, example: "2026-01-05T00:07:21.289Z", description) {
            text throws(Refusal) in
            guard let time = milliseconds(rfc3339: text) else {
                throw Refusal("\(name) must be a time in UTC such as 2026-01-05T00:07:21.289Z")
            }
            return time
        }.orNil
    }

    static let providerParameter = parameter("provider", example: "webhook", "Who refused it.")

    private static let group = field("group", example: "notifications", "Which consumer group.")
    private static let reason = field("reason", example: "malformed", "Why.")
    private static let provider = field("provider", example: "webhook", "Who refused it.")
    private static let ids = Field<[ID]>.distinct(
        "ids", of: Field<ID>.id("id"), count: 1...1000, example: ["17"], "These and no others."
    ).orNil
    private static let after = Field<Int64>.time(
        "died_after", example: "2026-01-05T00:07:21.289Z", "Died at this time or later."
    ).orNil
    private static let before = Field<Int64>.time(
        "died_before", example: "2026-01-05T00:07:21.289Z", "Died before this time."
    ).orNil

    static let filter = Field<DeadLetterFilter>.object(
        "filter", "DeadLetterFilter", [group, reason, provider, ids, after, before],
        "Which; what is left out chooses all. One without any is only counted: who wants all says `died_before`."
    ) { object throws(Problem) in
        var filter = DeadLetterFilter()
        filter.group = try group.read(object)
        filter.reason = try reason.read(object)
        filter.provider = try provider.read(object)
        filter.ids = try ids.read(object)?.map(\.raw)
        filter.after = try after.read(object)
        filter.before = try before.read(object)
        return filter
    }
    /// As the contract has it: who wants it done says so.
    static let dryRun = Field<Bool>.boolean("dry_run", example: false, "Only count.").or(true)
    static let expected = Field<Int>.integer(
        "expected", in: 0...Int(Int32.max), example: 12, "How many there are; with `dry_run: false` it must be there."
    ).orNil
    static let rate = Field<Int>.integer("rate", in: DeadLetterDesk.rates, example: 100, "Letters a second.").or(100)
}
