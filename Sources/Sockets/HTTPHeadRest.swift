/// What is left of a head that can't be read: it is skipped up to its end, but for its `Origin`. Without that a page of
/// another site could not read why its request was refused.
struct HTTPHeadRest {
    /// No more than that is read of anybody's.
    static let limit = 65_536
    private static let name = Array("origin:".utf8)
    /// How much of a line is kept: as much as an origin can take.
    private static let kept = 300

    private var line: [UInt8] = []
    private var lineLength = 0
    private var skipped = 0
    private var origins: [String] = []

    /// The one that it had.
    var origin: String? { origins.count == 1 ? origins[0] : nil }

    /// - Returns: true at the end of the head, or when enough was skipped.
    mutating func take(_ bytes: ArraySlice<UInt8>) -> Bool {
        var rest = bytes.prefix(Self.limit - skipped)
        skipped += rest.count
        // By line, not by byte: this is a whole buffer from somebody who may mean no good.
        while let end = rest.firstIndex(of: 10) {
            var text = rest[..<end]
            rest = rest[(end + 1)...]
            // Most lines are whole in the buffer, and need no copy.
            let length = lineLength + text.count
            if lineLength > 0 {
                keep(text)
                text = line[...]
            }
            if text.last == 13 { text = text.dropLast() }
            if text.isEmpty, length <= 1 { return true }
            readLine(text, length)
            line.removeAll(keepingCapacity: true)
            lineLength = 0
        }
        keep(rest)
        return skipped >= Self.limit
    }

    private mutating func keep(_ part: ArraySlice<UInt8>) {
        lineLength += part.count
        if line.count < Self.kept { line += part.prefix(Self.kept - line.count) }
    }

    /// - Parameter length: of the line, of which `text` is what was kept.
    private mutating func readLine(_ text: ArraySlice<UInt8>, _ length: Int) {
        guard length < Self.kept, text.count > Self.name.count,
            text.prefix(Self.name.count).elementsEqual(Self.name, by: { lowercase($0) == $1 }),
            text.allSatisfy({ $0 < 128 && isFieldText($0) })
        else { return }
        let value = String(decoding: text.dropFirst(Self.name.count), as: UTF8.self)
        origins.append(String(value[...].trimmingWhiteSpace))
    }
}
