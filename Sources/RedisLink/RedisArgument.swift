import Core

/// One word of a command.
public enum RedisArgument: Sendable, Equatable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation,
    ExpressibleByIntegerLiteral
{
    case text(String)
    case number(Int64)
    case bytes([UInt8])

    public init(stringLiteral value: String) { self = .text(value) }
    public init(integerLiteral value: Int64) { self = .number(value) }
}

extension ByteWriter {
    /// Appends a command as Redis reads it (RESP): the caller's thread encodes, the loop only copies.
    mutating func append(command arguments: [RedisArgument]) {
        append(ascii: "*")
        append(decimal: UInt64(arguments.count))
        append(ascii: "\r\n")
        for argument in arguments {
            switch argument {
            case .text(let text):
                appendLength(text.utf8.count)
                append(text)
            case .number(let number):
                appendLength(Self.decimalWidth(number))
                append(decimal: number)
            case .bytes(let bytes):
                appendLength(bytes.count)
                append(bytes)
            }
            append(ascii: "\r\n")
        }
    }

    private mutating func appendLength(_ count: Int) {
        append(ascii: "$")
        append(decimal: UInt64(count))
        append(ascii: "\r\n")
    }

    private static func decimalWidth(_ number: Int64) -> Int {
        var width = number < 0 ? 2 : 1
        var rest = number.magnitude
        while rest >= 10 {
            rest /= 10
            width += 1
        }
        return width
    }
}
