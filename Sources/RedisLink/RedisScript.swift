import Core
import Crypto

/// A Lua script, sent by its hash. A link loads the scripts of its options into Redis before its first command.
public struct RedisScript: Sendable {
    public let source: String
    /// 40 hexadecimal digits, by which Redis knows it.
    public let sha1: String

    public init(_ source: String) {
        self.source = source
        var digits = ByteWriter(capacity: 40)
        digits.append(hex: Crypto.sha1(Array(source.utf8)))
        sha1 = digits.string
    }

    /// A call of it with its keys and arguments.
    public func callAsFunction(keys: [RedisArgument], _ arguments: [RedisArgument]) -> RedisScriptCall {
        RedisScriptCall(script: self, keys: keys, arguments: arguments)
    }
}

/// One call of a script.
public struct RedisScriptCall: Sendable {
    let script: RedisScript
    let keys: [RedisArgument]
    let arguments: [RedisArgument]

    var command: [RedisArgument] { ["EVALSHA", .text(script.sha1), .number(Int64(keys.count))] + keys + arguments }
}

extension RedisReply {
    /// EVALSHA of a script that this Redis does not know, or does not know any more.
    var isUnknownScript: Bool {
        switch self {
        case .error(let text): text.hasPrefix("NOSCRIPT")
        // Of calls between MULTI and EXEC.
        case .array(let elements): elements.contains(where: \.isUnknownScript)
        default: false
        }
    }
}
