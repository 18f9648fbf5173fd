extension String {
    /// As a part of a URL: all but what is unreserved (RFC 3986) is escaped, a space, too.
    public var percentEscaped: String {
        let digits = Array("0123456789ABCDEF".utf8)
        var writer = ByteWriter(capacity: utf8.count)
        for byte in utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                writer.append(byte)
            default: writer.append([UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]])
            }
        }
        return writer.string
    }
}
