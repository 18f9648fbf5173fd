import Core
package import HTTPService

/// The rules of the fields of a post. Every error names its field.
package enum PostFields {
    package static func text(_ text: String) throws(Problem) -> String {
        guard !text.unicodeScalars.contains(where: isControl) else {
            throw Problem(.invalidField, "a text has no control characters but line feeds and tabs", field: "text")
        }
        guard text.hasFewMarks else {
            throw Problem(.invalidField, "a text has at most 128 combining marks in a row", field: "text")
        }
        let text = text.withoutOuterSpace
        guard (1...5000).contains(text.unicodeScalars.count) else {
            throw Problem(.invalidField, "a text has 1 to 5,000 characters without the space around it", field: "text")
        }
        return text
    }

    /// Unicode's control characters, but for line feed and tab.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 32 && scalar.value != 9 && scalar.value != 10 || (127...159).contains(scalar.value)
    }
}
