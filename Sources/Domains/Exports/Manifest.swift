import Core
import Crypto

/// What is in an archive, signed so that somebody else's import can trust it:
/// `{"export","exported_at","files":[{"bytes","lines","name","sha256"}],"format","requested_at","signature","user":{"handle","id"}}`.
///
/// Its bytes are those of the JSON Canonicalization Scheme (RFC 8785); signed is the same without `signature`.
struct Manifest: Sendable {
    struct File: Sendable {
        let name: String
        var lines: Int64 = 0
        var bytes: Int64 = 0
        /// In hexadecimal digits.
        var sha256 = ""
    }

    static let format = "martlet-export-1"
    let export: ID
    let user: ID
    let handle: String
    /// Milliseconds since 1970.
    let requestedAt: Int64
    /// The same: when the archive was made. What is in it was read between the two.
    let exportedAt: Int64
    var files: [File] = []

    func signed(by signer: SigningKey) -> [UInt8] {
        let unsigned = canonical(signature: nil)
        return canonical(signature: Base64URL.encode(signer.sign(unsigned)))
    }

    /// Keys in the order of their bytes, no white space.
    private func canonical(signature: String?) -> [UInt8] {
        var members: [(String, JSONValue)] = [
            ("export", .string(export.description)),
            ("exported_at", .string(rfc3339(milliseconds: exportedAt))),
            (
                "files",
                .array(
                    files.map { file in
                        [
                            "bytes": .integer(file.bytes), "lines": .integer(file.lines), "name": .string(file.name),
                            "sha256": .string(file.sha256),
                        ]
                    })
            ),
            ("format", .string(Self.format)),
            ("requested_at", .string(rfc3339(milliseconds: requestedAt))),
        ]
        if let signature { members.append(("signature", .string(signature))) }
        members.append(("user", ["handle": .string(handle), "id": .string(user.description)]))
        return Array(JSONValue.object(JSONObject(members)).text.utf8)
    }
}
