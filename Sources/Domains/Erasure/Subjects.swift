import Core
import Crypto

/// Whose a deletion was, after it is done: sealed, so that only who has the secret can look again whether something is left.
struct Subjects: Sendable {
    let box: SealedBox

    func seal(_ user: ID, of deletion: ID) -> [UInt8] {
        box.seal(Array(user.description.utf8), for: Array(deletion.description.utf8))
    }

    /// - Returns: `nil` where it was sealed with another secret.
    func open(_ sealed: [UInt8], of deletion: ID) -> ID? {
        box.open(sealed, for: Array(deletion.description.utf8)).flatMap { ID(String(decoding: $0, as: UTF8.self)) }
    }
}
