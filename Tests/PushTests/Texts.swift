import Core
import Crypto
import Push

/// Bytes of a text in Base64url.
func bytes(_ text: String) -> [UInt8] { Base64URL.decode(text)! }

/// What is refused, and for which field; `nil`: nothing is.
func refusal<Made>(_ make: () throws(InvalidPush) -> Made) -> String? {
    do throws(InvalidPush) {
        _ = try make()
        return nil
    } catch {
        return error.field
    }
}

extension PushRequest {
    func header(_ name: String) -> String? { headers.first(named: name) }
}
