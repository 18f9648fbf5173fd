import Core
import HTTPService

/// An archive of an account: `{"id","state","requested_at","bytes"?,"url"?,"expires_at"?}`.
struct Export: Sendable {
    enum State: String, Sendable, CaseIterable {
        case waiting
        case running
        case ready
        case failed
    }

    let id: ID
    let state: State
    /// Milliseconds since 1970.
    let requestedAt: Int64
    /// Of the archive.
    var length: Int64?
    /// Where it is, for who has no token either.
    var url: String?
    /// Milliseconds since 1970.
    var expiresAt: Int64?

    func append(to writer: inout ByteWriter) {
        writer.append(ascii: "{\"id\":\"")
        writer.append(decimal: id.raw)
        writer.append(ascii: "\"")
        writer.append(key: "state", of: state.rawValue)
        writer.append(key: "requested_at", time: requestedAt)
        if let length {
            writer.append(ascii: ",\"bytes\":")
            writer.append(decimal: length)
        }
        writer.append(key: "url", of: url)
        writer.append(key: "expires_at", time: expiresAt)
        writer.append(ascii: "}")
    }

    var json: [UInt8] {
        var writer = ByteWriter(capacity: 256)
        append(to: &writer)
        return writer.bytes
    }
}

// MARK: As it is documented

extension Export {
    private static let example = Export(
        id: ID(Component.id.example.string!)!, state: .ready,
        requestedAt: ID(Component.id.example.string!)!.milliseconds, length: 48_213,
        url: "/v1/exports/14173392076800?key=q3W0c2Zx4bR1n9LkTt5uYw8e7v6d2s1aQ3W0c2Zx4bR",
        expiresAt: ID(Component.id.example.string!)!.milliseconds + 86_400_000)

    static let component = Component(
        "Export",
        .object([
            .always("id", Component.id.reference),
            .always(
                "state", .word(of: State.allCases.map(\.rawValue)),
                "`failed`: the account is too large, or something went wrong ten times."),
            .always("requested_at", Component.time.reference),
            .sometimes("bytes", .integer(from: 0), "Of the archive, once it is ready."),
            .sometimes(
                "url", .string(length: 1...200),
                "Where the archive is, at this host: who has it needs no token. There once it is ready."),
            .sometimes("expires_at", Component.time.reference, "From then on there is nothing left of it."),
        ]), writing: example.append)

    static let list = Component(
        "ExportList", .list(of: component), example: ["items": [component.example], "next": Component.cursor.example])
}
