/// A Lua script, named by its hash: it is sent by EVALSHA and, where Redis does not know it yet, by EVAL.
public struct RedisScript: Sendable {
    public let source: String
    /// 40 hexadecimal digits.
    public let sha1: String

    public init(_ source: String) {
        self.source = source
        sha1 = SHA1.hex(source.utf8)
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

    var byHash: [RedisArgument] { ["EVALSHA", .text(script.sha1)] + operands }
    var bySource: [RedisArgument] { ["EVAL", .text(script.source)] + operands }

    private var operands: [RedisArgument] { [.number(Int64(keys.count))] + keys + arguments }
}

extension RedisReply {
    /// EVALSHA of a script that this Redis has not seen since its start.
    var isUnknownScript: Bool {
        if case .error(let text) = self { text.hasPrefix("NOSCRIPT") } else { false }
    }
}
