import Core
package import Wire

/// The rules of the fields that clients send. Every error names its field.
package enum Fields {
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
        let name = trimmed(text)
        guard (1...60).contains(name.unicodeScalars.count), name.hasFewMarks, VisibleName.accepts(name) else {
            throw Problem(
                .invalidField,
                "a display name has 1 to 60 characters, something to see among them, and no control or format characters",
                field: "display_name")
        }
        return name
    }

    package static func text(_ text: String) throws(Problem) -> String {
        guard !text.unicodeScalars.contains(where: isControl) else {
            throw Problem(.invalidField, "a text has no control characters but line feeds and tabs", field: "text")
        }
        guard text.hasFewMarks else {
            throw Problem(.invalidField, "a text has at most 128 combining marks in a row", field: "text")
        }
        let text = trimmed(text)
        guard (1...5000).contains(text.unicodeScalars.count) else {
            throw Problem(.invalidField, "a text has 1 to 5,000 characters without the space around it", field: "text")
        }
        return text
    }

    /// Without white space (Unicode's property) at both ends.
    static func trimmed(_ text: String) -> String {
        let scalars = text.unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return String(scalars[first...last])
    }

    /// Unicode's control characters, but for line feed and tab.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 32 && scalar.value != 9 && scalar.value != 10 || (127...159).contains(scalar.value)
    }
}
