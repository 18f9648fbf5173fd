import Accounts
import Core
import Crypto
import HTTPService

/// How far the deletion of an account is, and in the end what was found and removed in each store:
/// `{"erase_at","id","key","requested_at","signature","state","stores"}`.
///
/// Its bytes are those of the JSON Canonicalization Scheme (RFC 8785); signed is the same without `signature`.
struct Receipt: Sendable {
    enum State: String, Sendable, CaseIterable {
        case scheduled
        case running
        case done
    }

    struct Store: Sendable {
        let name: String
        let removed: Int64
        /// `nil`: nobody can count it.
        let left: Int64?
        /// Milliseconds since 1970.
        let checkedAt: Int64
        /// The same, of what forgets by itself.
        let keptUntil: Int64?
        let why: String?
    }

    let id: ID
    let key: String
    let state: State
    /// Milliseconds since 1970.
    let eraseAt: Int64
    let stores: [Store]

    func signed(by signer: SigningKey) -> [UInt8] {
        let unsigned = canonical(signature: nil)
        return canonical(signature: Base64URL.encode(signer.sign(unsigned)))
    }

    /// Keys in the order of their bytes, no white space.
    func canonical(signature: String?) -> [UInt8] {
        var writer = ByteWriter(capacity: 256 + stores.count * 160)
        writer.append(ascii: "{\"erase_at\":\"")
        writer.appendTime(milliseconds: eraseAt)
        writer.append(ascii: "\",\"id\":\"")
        writer.append(decimal: id.raw)
        writer.append(ascii: "\",\"key\":")
        writer.append(jsonString: key)
        writer.append(ascii: ",\"requested_at\":\"")
        writer.appendTime(milliseconds: id.milliseconds)
        writer.append(ascii: "\"")
        writer.append(key: "signature", of: signature)
        writer.append(key: "state", of: state.rawValue)
        writer.append(ascii: ",\"stores\":[")
        for (index, store) in stores.enumerated() {
            if index > 0 { writer.append(ascii: ",") }
            Self.append(store, to: &writer)
        }
        writer.append(ascii: "]}")
        return writer.bytes
    }

    private static func append(_ store: Store, to writer: inout ByteWriter) {
        func append(_ key: StaticString, _ number: Int64?) {
            writer.append(ascii: ",\"")
            writer.append(ascii: key)
            writer.append(ascii: "\":")
            if let number { writer.append(decimal: number) } else { writer.append(ascii: "null") }
        }
        writer.append(ascii: "{\"checked_at\":\"")
        writer.appendTime(milliseconds: store.checkedAt)
        writer.append(ascii: "\"")
        append("found", store.left.map { store.removed + $0 })
        if let keptUntil = store.keptUntil {
            writer.append(ascii: ",\"kept_until\":\"")
            writer.appendTime(milliseconds: keptUntil)
            writer.append(ascii: "\"")
        }
        append("left", store.left)
        writer.append(key: "name", of: store.name)
        append("removed", store.left == nil ? nil : store.removed)
        writer.append(key: "why", of: store.why)
        writer.append(ascii: "}")
    }
}

// MARK: As it is documented

extension Receipt {
    private static let example = Receipt(
        id: ID(Component.id.example.string!)!, key: "q3W0c2Zx4bR1n9LkTt5uYw8e7v6d2s1a", state: .done,
        eraseAt: ID(Component.id.example.string!)!.milliseconds + 7 * 86_400_000,
        stores: [
            Store(
                name: "postgres.posts", removed: 12, left: 0, checkedAt: ID(Component.id.example.string!)!.milliseconds,
                keptUntil: nil, why: nil),
            Store(
                name: "log.post.events", removed: 0, left: nil,
                checkedAt: ID(Component.id.example.string!)!.milliseconds,
                keptUntil: ID(Component.id.example.string!)!.milliseconds + 14 * 86_400_000,
                why: "the event log forgets by age, not by user"),
        ])

    private static let count = Schema(["type": ["integer", "null"], "minimum": 0])

    private static let store = Component(
        "DeletionStore",
        .object([
            .always("name", .string(length: 1...64), "A table, a family of keys in Redis, a topic."),
            .always("found", count, "`null` where nobody can count it."), .always("removed", count),
            .always("left", count), .always("checked_at", Component.time.reference),
            .sometimes(
                "kept_until", Component.time.reference, "It forgets by age: from then on there is nothing left."),
            .sometimes("why", .string(length: 1...200), "Why it is kept until then."),
        ]), writing: { Self.append(example.stores[1], to: &$0) })

    static let component = Component(
        "Deletion",
        .object([
            .always("id", Component.id.reference),
            .always("key", .string(length: 1...64), "Opens the receipt, without an account."),
            .always("state", .word(of: State.allCases.map(\.rawValue))),
            .always("requested_at", Component.time.reference), .always("erase_at", Component.time.reference),
            .always(
                "stores", .array(of: store.reference),
                "All that can hold something of a user; empty while nothing was begun."),
            .always(
                "signature", .string(length: 86...86),
                "Ed25519, base64url, by the key at `/v1/keys`: of this document without `signature`, as RFC 8785 writes it."
            ),
        ]),
        writing: { $0.append(example.canonical(signature: String(repeating: "A", count: 86))) })
}
