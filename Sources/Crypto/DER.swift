/// The few forms of DER (X.690) that keys and signatures need.
enum DER {
    /// The name of the curve, `prime256v1`.
    static let p256: [UInt8] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]

    static func sequence(_ content: [UInt8]) -> [UInt8] { [0x30] + length(content.count) + content }

    static func bitString(_ content: [UInt8]) -> [UInt8] { [0x03] + length(content.count + 1) + [0] + content }

    static func octetString(_ content: [UInt8]) -> [UInt8] { [0x04] + length(content.count) + content }

    /// The first of a sequence's optional parts.
    static func firstOptional(_ content: [UInt8]) -> [UInt8] { [0xa0] + length(content.count) + content }

    /// - Parameter bytes: big-endian, without zeros in front; not negative.
    static func integer(_ bytes: [UInt8]) -> [UInt8] {
        let content = bytes.first.map { $0 >= 0x80 ? [0] + bytes : bytes } ?? [0]
        return [0x02] + length(content.count) + content
    }

    static func trimmed(_ bytes: [UInt8]) -> [UInt8] { Array(bytes.drop { $0 == 0 }) }

    private static func length(_ count: Int) -> [UInt8] {
        if count < 0x80 { return [UInt8(count)] }
        return count < 0x100 ? [0x81, UInt8(count)] : [0x82, UInt8(count >> 8), UInt8(count & 0xff)]
    }
}
