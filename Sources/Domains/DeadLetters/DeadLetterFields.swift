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
    static let providerParameter = parameter("provider", example: "webhook", "Who refused it.")

    private static let group = field("group", example: "notifications", "Which consumer group.")
    private static let reason = field("reason", example: "malformed", "Why.")
    private static let provider = field("provider", example: "webhook", "Who refused it.")
    private static let ids = Field<[ID]>.distinct(
        "ids", of: Field<ID>.id("id"), count: 1...1000, example: ["17"], "These and no others."
    ).orNil
    private static let before = Field<Int64>.time(
        "died_before", example: "2026-01-05T00:07:21.289Z", "Died before this time."
    ).orNil

    static let filter = Field<DeadLetterFilter>.object(
        "filter", "DeadLetterFilter", [group, reason, provider, ids, before], "Which; what is left out chooses all."
    ) { object throws(Problem) in
        var filter = DeadLetterFilter()
        filter.group = try group.read(object)
        filter.reason = try reason.read(object)
        filter.provider = try provider.read(object)
        filter.ids = try ids.read(object)?.map(\.raw)
        filter.before = try before.read(object)
        return filter
    }
    static let dryRun = Field<Bool>.boolean("dry_run", example: true, "Only count.").or(false)
    static let rate = Field<Int>.integer("rate", in: DeadLetterDesk.rates, example: 100, "Letters a second.").or(100)
}
