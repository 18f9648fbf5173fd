import Core
package import HTTPService

/// The rules of the fields of an account. Every error names its field.
package enum AccountFields {
    package static func handle(_ text: String) throws(Problem) -> String {
        let handle = text.lowercased()
        guard (3...30).contains(handle.utf8.count), handle.utf8.allSatisfy(isHandleByte) else {
            throw Problem(.invalidField, "a handle is 3 to 30 of a-z, 0-9 and _", field: "handle")
        }
        return handle
    }

    private static func isHandleByte(_ byte: UInt8) -> Bool {
        (97...122).contains(byte) || (48...57).contains(byte) || byte == UInt8(ascii: "_")
    }

    package static func password(_ text: String) throws(Problem) -> String {
        guard (8...256).contains(text.unicodeScalars.count) else {
            throw Problem(.invalidField, "a password has 8 to 256 characters", field: "password")
        }
        return text
    }

    package static func displayName(_ text: String) throws(Problem) -> String {
        let name = text.withoutOuterSpace
        guard (1...60).contains(name.unicodeScalars.count), name.hasFewMarks, VisibleName.accepts(name) else {
            throw Problem(
                .invalidField,
                "a display name has 1 to 60 characters, something to see among them, and no control or format characters",
                field: "display_name")
        }
        return name
    }
}
