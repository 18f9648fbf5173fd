import Core

/// What texts from outside must be.
enum Checks {
    /// A header's value, or a part of one: printable ASCII without a space at its ends.
    static func isHeaderText(_ text: String, _ length: ClosedRange<Int>) -> Bool {
        length.contains(text.utf8.count) && text.utf8.allSatisfy { 0x20...0x7e ~= $0 }
            && text.utf8.first != 0x20 && text.utf8.last != 0x20
    }

    /// Letters and digits of ASCII, and others that are named.
    static func isName(_ text: String, _ length: ClosedRange<Int>, and others: String = "") -> Bool {
        length.contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 48...57, 65...90, 97...122: true
                default: others.utf8.contains(byte)
                }
            }
    }

    /// An object in JSON of at most so many bytes, as APNs and webhooks get it.
    static func checkPayload(_ payload: [UInt8], longest: Int) throws(InvalidPush) {
        guard payload.count <= longest else {
            throw InvalidPush("payload", "must have at most \(longest) bytes, and has \(payload.count)")
        }
        guard JSONValue.isObject(payload, JSONLimits()) else { throw InvalidPush("payload", "must be a JSON object") }
    }
}
