import Consumers
import Core
import HTTPService

/// Dead letters as admins see them.
enum DeadLetterView {
    /// Bytes of one: its error and its key are cut.
    static let largest = 8192
    private static let mostKey = 256

    static func append(_ json: inout ByteWriter, _ letter: DeadLetter) {
        append(letter, to: &json)
    }

    static func append(_ letter: DeadLetter, to json: inout ByteWriter) {
        json.append(ascii: "{\"id\":\"")
        json.append(decimal: letter.id)
        json.append(ascii: "\",\"group\":")
        json.append(jsonString: letter.group)
        json.append(ascii: ",\"topic\":")
        json.append(jsonString: letter.topic)
        json.append(ascii: ",\"partition\":")
        json.append(decimal: Int64(letter.partition))
        json.append(ascii: ",\"offset\":")
        json.append(decimal: letter.offset)
        json.append(ascii: ",\"key\":")
        json.append(jsonString: String(decoding: (letter.frame.key ?? []).prefix(mostKey), as: UTF8.self))
        json.append(ascii: ",\"bytes\":")
        json.append(decimal: Int64(letter.bytes))
        json.append(ascii: ",\"reason\":")
        json.append(jsonString: letter.reason)
        json.append(ascii: ",\"error\":")
        json.append(jsonString: letter.error)
        if let provider = letter.provider {
            json.append(ascii: ",\"provider\":")
            json.append(jsonString: provider)
        }
        json.append(ascii: ",\"attempts\":")
        json.append(decimal: Int64(letter.attempts))
        json.append(ascii: ",\"redrives\":")
        json.append(decimal: Int64(letter.redrives))
        json.append(ascii: ",\"failed_at\":\"")
        json.appendTime(milliseconds: letter.failedAt)
        json.append(ascii: "\",\"at\":\"")
        json.appendTime(milliseconds: letter.diedAt)
        json.append(ascii: "\"}")
    }

    static let component = Component(
        "DeadLetter",
        .object([
            .always("id", Component.id.reference), .always("group", .string(), "Which consumer group."),
            .always("topic", .string()), .always("partition", .integer(0...Int(Int32.max))),
            .always("offset", .integer(0...Int.max)), .always("key", .string()),
            .always("bytes", .integer(0...Int(Int32.max)), "Of the record's value."),
            .always(
                "reason", .string(),
                "Such as \(Outcome.Death.Reason.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", "))."),
            .always("error", .string()), .sometimes("provider", .string(), "Who refused it."),
            .always("attempts", .integer(0...Int(Int32.max))),
            .always("redrives", .integer(0...Int(Int32.max)), "How often it was given back."),
            .always("failed_at", Component.time.reference, "The first time."),
            .always("at", Component.time.reference, "When it was given up."),
        ]),
        example: [
            "id": "17", "group": "notifications", "topic": "graph.events", "partition": 3, "offset": 4711,
            "key": "117133603443712", "bytes": 0, "reason": "malformed", "error": "it is no event", "attempts": 1,
            "redrives": 0, "failed_at": "2026-01-05T00:07:21.289Z", "at": "2026-01-05T00:07:21.289Z",
        ])

    static let list = Component("DeadLetterList", .list(of: component), example: ["items": [component.example]])

    struct Redrive {
        let matching: Int
        let tooOften: Int
        /// `nil`: nothing is redriven.
        let id: Int64?
    }

    static func append(_ redrive: Redrive, to json: inout ByteWriter) {
        json.append(ascii: "{\"matching\":")
        json.append(decimal: Int64(redrive.matching))
        json.append(ascii: ",\"too_often\":")
        json.append(decimal: Int64(redrive.tooOften))
        if let id = redrive.id {
            json.append(ascii: ",\"redrive\":\"")
            json.append(decimal: id)
            json.append(ascii: "\"")
        }
        json.append(ascii: "}")
    }

    static let redrive = Component(
        "RedriveAnswer",
        .object([
            .always("matching", .integer(0...Int.max), "How many are given back."),
            .always("too_often", .integer(0...Int.max), "How many stay, for they have died too often."),
            .sometimes("redrive", Component.id.reference, "Without it nothing is done: `dry_run`."),
        ]), example: ["matching": 12, "too_often": 0, "redrive": "3"])
}
