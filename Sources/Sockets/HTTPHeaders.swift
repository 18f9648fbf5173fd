import Core

/// The header fields of a request, in the order received. Names are compared without regard to case.
///
/// The bytes of the section are kept as one piece, and text is made when it is asked for: a request costs two
/// allocations here, however many fields it has.
public struct HTTPHeaders: Sendable {
    /// Where a field is in `bytes`.
    struct Field: Sendable {
        var nameStart: Int32
        var nameEnd: Int32
        var valueStart: Int32
        var valueEnd: Int32
    }

    private var bytes: [UInt8]
    private var fields: [Field]

    public init() {
        bytes = []
        fields = []
    }

    /// For tests and tools: nothing is checked.
    public init(_ pairs: [(name: String, value: String)]) {
        self.init()
        for (name, value) in pairs {
            let start = bytes.count
            bytes.append(contentsOf: name.utf8)
            let middle = bytes.count
            bytes.append(contentsOf: value.utf8)
            fields.append(
                Field(
                    nameStart: Int32(start), nameEnd: Int32(middle), valueStart: Int32(middle),
                    valueEnd: Int32(bytes.count)))
        }
    }

    init(bytes: [UInt8], fields: [Field]) {
        self.bytes = bytes
        self.fields = fields
    }

    public var count: Int { fields.count }

    /// The value of the first field of this name, without the white space around it. What is not ASCII is
    /// replaced.
    public func first(_ name: String) -> String? {
        index(of: name, from: 0).map(value)
    }

    /// The values of all fields of this name, in order.
    public func all(_ name: String) -> [String] {
        var found: [String] = []
        var start = 0
        while let index = index(of: name, from: start) {
            found.append(value(index))
            start = index + 1
        }
        return found
    }

    /// The value of a field that appears once; `nil` when there is none or more than one.
    public func only(_ name: String) -> String? {
        guard let first = index(of: name, from: 0), index(of: name, from: first + 1) == nil else { return nil }
        return value(first)
    }

    /// The elements of a list (RFC 9110, section 5.6.1) over all fields of this name, in order, without white space
    /// around them and without empty ones. A comma in quotes separates nothing.
    public func list(_ name: String) -> [Substring] {
        all(name).flatMap { value in
            var isQuoted = false
            return value[...].utf8.split { byte in
                if byte == 34 { isQuoted.toggle() }
                return byte == 44 && !isQuoted
            }.map { Substring($0).trimmingWhiteSpace }.filter { !$0.isEmpty }
        }
    }

    /// All fields, names as the client wrote them.
    public var pairs: [(name: String, value: String)] {
        fields.indices.map { index in
            let field = fields[index]
            return (String(decoding: bytes[Int(field.nameStart)..<Int(field.nameEnd)], as: UTF8.self), value(index))
        }
    }

    /// Is the token in the list? Its elements may be thousands, so no text is made of them.
    public func hasToken(_ token: StaticString, in name: StaticString) -> Bool {
        fields.indices.contains { matches($0, name) && hasElement(token, raw($0)) }
    }

    private func hasElement(_ token: StaticString, _ list: ArraySlice<UInt8>) -> Bool {
        var isQuoted = false
        var start = list.startIndex
        for index in list.indices {
            if list[index] == 34 { isQuoted.toggle() }
            guard list[index] == 44, !isQuoted else { continue }
            if isElement(token, list[start..<index]) { return true }
            start = index + 1
        }
        return isElement(token, list[start...])
    }

    private func isElement(_ token: StaticString, _ element: ArraySlice<UInt8>) -> Bool {
        var rest = element
        while let first = rest.first, first == 32 || first == 9 { rest = rest.dropFirst() }
        while let last = rest.last, last == 32 || last == 9 { rest = rest.dropLast() }
        guard rest.count == token.utf8CodeUnitCount else { return false }
        return token.withUTF8Buffer { equal(at: rest.startIndex, $0) }
    }

    func matches(_ index: Int, _ name: StaticString) -> Bool {
        let field = fields[index]
        guard field.nameEnd - field.nameStart == name.utf8CodeUnitCount else { return false }
        return name.withUTF8Buffer { equal(at: Int(field.nameStart), $0) }
    }

    /// The bytes of a value.
    func raw(_ index: Int) -> ArraySlice<UInt8> {
        bytes[Int(fields[index].valueStart)..<Int(fields[index].valueEnd)]
    }

    /// No header that is read here has characters other than ASCII's, and text with arbitrary ones is slow to compare:
    /// see `String.hasFewMarks`.
    private func value(_ index: Int) -> String {
        let bytes = raw(index)
        guard bytes.contains(where: { $0 >= 128 }) else { return String(decoding: bytes, as: UTF8.self) }
        var writer = ByteWriter(capacity: 3 * bytes.count)
        for byte in bytes {
            if byte < 128 { writer.append(byte) } else { writer.append(ascii: "\u{FFFD}") }
        }
        return writer.string
    }

    private func index(of name: String, from start: Int) -> Int? {
        var name = name
        return name.withUTF8 { wanted in
            var index = start
            while index < fields.count {
                let field = fields[index]
                if Int(field.nameEnd - field.nameStart) == wanted.count, equal(at: Int(field.nameStart), wanted) {
                    return index
                }
                index += 1
            }
            return nil
        }
    }

    private func equal(at start: Int, _ wanted: UnsafeBufferPointer<UInt8>) -> Bool {
        for offset in 0..<wanted.count where lowercase(bytes[start + offset]) != lowercase(wanted[offset]) {
            return false
        }
        return true
    }
}

func lowercase(_ byte: UInt8) -> UInt8 {
    byte >= 65 && byte <= 90 ? byte | 0x20 : byte
}

extension Substring {
    /// Without spaces and tabs at both ends.
    var trimmingWhiteSpace: Substring {
        guard let first = utf8.firstIndex(where: { $0 != 32 && $0 != 9 }),
            let last = utf8.lastIndex(where: { $0 != 32 && $0 != 9 })
        else { return self[startIndex..<startIndex] }
        return self[first...last]
    }
}
