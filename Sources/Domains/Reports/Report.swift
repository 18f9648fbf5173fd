package import Core
import HTTPService

/// What somebody reported, as he himself gets it: `{"id","target":{"type","id"},"reason","text"?,"created_at"}`.
package struct Report: Sendable, Equatable {
    package enum Reason: String, CaseIterable, Sendable {
        case spam, abuse, nsfw, illegal, other
    }

    package struct Target: Sendable, Equatable {
        package let type: String
        package let id: ID
    }

    let id: ID
    let type: String
    /// `nil`: there is no such thing.
    let target: ID?
    let reason: String
    let text: String?

    func append(to writer: inout ByteWriter) {
        writer.append(ascii: "{\"id\":\"")
        writer.append(decimal: id.raw)
        writer.append(ascii: "\",\"target\":{\"type\":")
        writer.append(jsonString: type)
        writer.append(key: "id", of: target?.description)
        writer.append(ascii: "}")
        writer.append(key: "reason", of: reason)
        writer.append(key: "text", of: text)
        writer.append(key: "created_at", time: id.milliseconds)
        writer.append(ascii: "}")
    }
}

extension Report {
    static let mostText = 1000

    /// - Parameter types: of what may be reported.
    static func component(_ types: [String]) -> Component {
        Component(
            "Report",
            .object([
                .always("id", Component.id.reference),
                .always("target", .object([.always("type", .word(of: types)), .always("id", Component.id.reference)])),
                .always("reason", .word(of: Reason.allCases.map(\.rawValue))),
                .sometimes("text", .string(length: 1...mostText)), .always("created_at", Component.time.reference),
            ]), writing: example(types[0]).append)
    }

    private static func example(_ type: String) -> Report {
        Report(
            id: ID(raw: 14_173_400_195_072), type: type, target: ID(raw: 14_173_392_076_800),
            reason: Reason.spam.rawValue, text: "The same advertisement a dozen times.")
    }
}
