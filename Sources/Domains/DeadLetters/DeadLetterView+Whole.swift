import Consumers
import Core
import HTTPService

/// One letter with all that it brings, how far a redrive is, and what a purge removes.
extension DeadLetterView {
    /// Bytes of its value and of each of its headers that are shown, and headers.
    private static let (mostValue, mostHeader, mostHeaders) = (65_536, 1024, 64)
    /// Bytes of the JSON: its value in Base64, each byte of a header as an escape.
    static let largestWhole = largest + mostValue * 2 + mostHeaders * mostHeader * 12

    static func append(_ letter: DeadLetter, value: [UInt8], to json: inout ByteWriter) {
        func text(_ bytes: some Collection<UInt8>) -> String {
            String(decoding: bytes.prefix(mostHeader), as: UTF8.self)
        }
        json.append(ascii: "{\"letter\":")
        append(letter, to: &json)
        json.append(ascii: ",\"headers\":[")
        for (index, header) in letter.frame.headers.prefix(mostHeaders).enumerated() {
            json.append(ascii: index == 0 ? "{\"name\":" : ",{\"name\":")
            json.append(jsonString: text(header.name.utf8))
            json.append(key: "value", of: header.value.map(text))
            json.append(ascii: "}")
        }
        json.append(ascii: "]")
        json.append(key: "value", of: Base64.encode(value.prefix(mostValue)))
        json.append(ascii: "}")
    }

    static let whole = Component(
        "DeadLetterWhole",
        .object([
            .always("letter", component.reference),
            .always(
                "headers",
                .array(
                    of: .object([.always("name", .string()), .sometimes("value", .string())]), count: 0...mostHeaders),
                "As they are in the log, with what is no UTF-8 replaced."),
            .always("value", .string(), "Base64 of its first \(mostValue) bytes."),
        ]),
        example: [
            "letter": component.example, "headers": [["name": "event-type", "value": "follow.removed"]],
            "value": "/wA=",
        ])

    static func append(_ progress: DeadLetters.Progress, of redrive: ID, to json: inout ByteWriter) {
        json.append(ascii: "{\"id\":\"")
        json.append(decimal: redrive.raw)
        json.append(ascii: "\"")
        json.append(key: "moved", of: Int64(progress.moved))
        json.append(ascii: progress.isDone ? ",\"done\":true}" : ",\"done\":false}")
    }

    static let progress = Component(
        "RedriveProgress",
        .object([
            .always("id", Component.id.reference),
            .always("moved", .integer(0...Int.max), "How many are given back by now."), .always("done", .boolean),
        ]), example: ["id": "3", "moved": 12, "done": true])

    static func append(matching: Int, purged: Int?, to json: inout ByteWriter) {
        json.append(ascii: "{\"matching\":")
        json.append(decimal: Int64(matching))
        if let purged { json.append(key: "purged", of: Int64(purged)) }
        json.append(ascii: "}")
    }

    static let purge = Component(
        "PurgeAnswer",
        .object([
            .always("matching", .integer(0...Int.max), "How many there are."),
            .sometimes("purged", .integer(0...DeadLetterDesk.mostPurged), "Without it nothing is done: `dry_run`."),
        ]), example: ["matching": 12, "purged": 12])
}
