public import Glibc

/// A text from outside as a key: compared and hashed by its bytes.
///
/// Swift compares and hashes strings in their normal form, for which it sorts the marks of a character by insertion: one
/// key of 64 KB that is nothing but marks would take seconds.
public struct ExactText: Hashable, Sendable {
    public let text: String

    public init(_ text: String) {
        self.text = text
    }

    public static func == (a: ExactText, b: ExactText) -> Bool { a.text.isExactly(b.text) }

    public func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension ExactText: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) { self.init(text) }
}

extension StringProtocol {
    /// The same bytes: what `==` says of texts that have no two spellings, in a time that nobody can stretch.
    @inlinable
    public func isExactly(_ other: some StringProtocol) -> Bool {
        let count = utf8.count
        guard count == other.utf8.count else { return false }
        guard count > 0 else { return true }
        // In place, which works nearly always; byte by byte takes ten times as long.
        let answer = utf8.withContiguousStorageIfAvailable { bytes in
            other.utf8.withContiguousStorageIfAvailable {
                memcmp(bytes.baseAddress!, $0.baseAddress!, bytes.count) == 0
            }
        }
        return (answer ?? nil) ?? utf8.elementsEqual(other.utf8)
    }
}

extension Sequence where Element: StringProtocol {
    /// Whether one of them is the same bytes. A set would hash the text in its normal form first.
    @inlinable
    public func containsExactly(_ text: some StringProtocol) -> Bool { contains { $0.isExactly(text) } }
}

extension String {
    /// A name from outside, such as a key, short and plain enough for a response or a log: at most 64 characters,
    /// no control or format character, and few marks in a row.
    public var harmlessName: String {
        var name = String.UnicodeScalarView()
        var marks = 0
        for scalar in unicodeScalars.prefix(64) {
            marks = scalar.properties.canonicalCombiningClass == .notReordered ? 0 : marks + 1
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse:
                name.append("\u{FFFD}")
            default:
                if marks <= 4 { name.append(scalar) }
            }
        }
        if unicodeScalars.dropFirst(64).first != nil { name.append("…") }
        return String(name)
    }
}
