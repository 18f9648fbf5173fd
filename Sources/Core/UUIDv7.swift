/// A UUID whose first 48 bits are milliseconds since 1970 (RFC 9562): the name of an event.
public func uuidV7(clock: some WallClock) -> String {
    var generator = SystemRandomNumberGenerator()
    return uuidV7(milliseconds: clock.milliseconds(), generator.next(), generator.next())
}

/// The same for what has an id of its own: each time that it is made it is the same.
public func uuidV7(of id: ID) -> String {
    uuidV7(milliseconds: id.milliseconds, UInt64(id.raw), UInt64(id.raw))
}

/// - Parameters: 12 and 62 bits of what tells it from others of its millisecond.
private func uuidV7(milliseconds: Int64, _ first: UInt64, _ second: UInt64) -> String {
    let high = UInt64(milliseconds) << 16 | 0x7000 | (first & 0x0FFF)
    let low = (second & (~0 >> 2)) | 1 << 63
    var hex = ByteWriter(capacity: 36)
    for index in 0..<16 {
        if [4, 6, 8, 10].contains(index) { hex.append(ascii: "-") }
        let word = index < 8 ? high : low
        hex.append(hex: [UInt8(truncatingIfNeeded: word >> UInt64(56 - index % 8 * 8))])
    }
    return hex.string
}

/// When it was made, milliseconds since 1970; `nil` for another text.
public func milliseconds(ofUUIDv7 text: String) -> Int64? {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 5, parts[0].utf8.count == 8, parts[1].utf8.count == 4, parts[2].utf8.first == UInt8(ascii: "7")
    else { return nil }
    return Int64(parts[0] + parts[1], radix: 16)
}
