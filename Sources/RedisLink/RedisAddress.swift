import Core

/// Where a Redis is and how to log in: `redis://[user[:password]@]host[:port][/database]`, `unix:///path/redis.sock`
/// or a plain `/path/redis.sock`. User and password are percent-decoded; an IPv6 host is in brackets.
public struct RedisAddress: Sendable, Equatable, CustomStringConvertible {
    public enum Endpoint: Sendable, Equatable {
        /// A name or a numeric address. Names are resolved anew, on a thread of their own, before each connect.
        case tcp(host: String, port: Int)
        case unix(path: String)
    }

    public let endpoint: Endpoint
    public let user: String?
    public let password: String?
    public let database: Int

    public init(endpoint: Endpoint, user: String? = nil, password: String? = nil, database: Int = 0) {
        self.endpoint = endpoint
        self.user = user
        self.password = password
        self.database = database
    }

    public init(_ text: String) throws(RedisAddressError) {
        guard text.hasFewMarks else { throw RedisAddressError("more than 128 combining marks in a row") }
        if text.hasPrefix("/") {
            self.init(endpoint: .unix(path: try Self.socketPath(text[...])))
        } else if text.hasPrefix("unix://") {
            self.init(endpoint: .unix(path: try Self.socketPath(text.dropFirst(7))))
        } else if text.hasPrefix("redis://") {
            try self.init(afterScheme: text.dropFirst(8))
        } else if text.hasPrefix("rediss://") {
            throw RedisAddressError("rediss:// (TLS) is not supported: put a TLS proxy such as stunnel before Redis")
        } else {
            throw RedisAddressError("expected redis://host:port, unix:///path or /path")
        }
    }

    private init(afterScheme text: Substring) throws(RedisAddressError) {
        var rest = text
        var user: String?
        var password: String?
        if let at = rest.lastIndex(of: "@") {
            let login = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let name = try Self.percentDecoded(login[0])
            user = name.isEmpty ? nil : name
            if login.count == 2 { password = try Self.percentDecoded(login[1]) }
            guard user == nil || password != nil else {
                throw RedisAddressError("a user needs a password: redis://user:password@host")
            }
            rest = rest[rest.index(after: at)...]
        }
        var database = 0
        if let slash = rest.firstIndex(of: "/") {
            let number = rest[rest.index(after: slash)...]
            guard number.isEmpty || Self.decimal(number, in: 0...65_535) != nil else {
                throw RedisAddressError("the database is '\(number)', expected a number")
            }
            database = Int(number) ?? 0
            rest = rest[..<slash]
        }
        let (host, port) = try Self.hostAndPort(rest)
        self.init(endpoint: .tcp(host: host, port: port), user: user, password: password, database: database)
    }

    private static func hostAndPort(_ text: Substring) throws(RedisAddressError) -> (String, Int) {
        var host = text
        var port: Substring?
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { throw RedisAddressError("a '[' without ']' in the host") }
            host = text[text.index(after: text.startIndex)..<end]
            let after = text[text.index(after: end)...]
            guard after.isEmpty || after.hasPrefix(":") else { throw RedisAddressError("'\(after)' after the host") }
            port = after.isEmpty ? nil : after.dropFirst()
        } else if let colon = text.firstIndex(of: ":") {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
        }
        guard !host.isEmpty else { throw RedisAddressError("the host is missing") }
        guard host.utf8.allSatisfy({ $0 > 32 && $0 != 127 && $0 != 91 && $0 != 93 }) else {
            throw RedisAddressError("a bracket, space or control character in the host")
        }
        guard let port else { return (String(host), 6379) }
        guard let number = decimal(port, in: 1...65_535) else {
            throw RedisAddressError("the port is '\(port)', expected 1 to 65535")
        }
        return (String(host), number)
    }

    /// Without a sign.
    private static func decimal(_ text: Substring, in range: ClosedRange<Int>) -> Int? {
        guard let number = Int(text), range.contains(number), text.first?.isNumber == true else { return nil }
        return number
    }

    private static func socketPath(_ text: Substring) throws(RedisAddressError) -> String {
        guard text.hasPrefix("/") else { throw RedisAddressError("a socket's path is absolute: unix:///path") }
        guard !text.utf8.contains(0) else { throw RedisAddressError("a zero byte in the socket's path") }
        // sockaddr_un holds 108 bytes, the last of them zero.
        guard text.utf8.count < 108 else { throw RedisAddressError("the socket's path has more than 107 bytes") }
        return String(text)
    }

    private static func percentDecoded(_ text: Substring) throws(RedisAddressError) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            else {
                throw RedisAddressError("a '%' in user or password needs two hexadecimal digits")
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else {
            throw RedisAddressError("user or password is not UTF-8")
        }
        return decoded
    }

    /// Without user and password: for logs.
    public var description: String {
        let suffix = database == 0 ? "" : "/\(database)"
        return switch endpoint {
        case .tcp(let host, let port): "redis://\(host.contains(":") ? "[\(host)]" : host):\(port)\(suffix)"
        case .unix(let path): "unix://\(path)\(suffix)"
        }
    }
}

/// What is wrong with the address; the address itself, which may hold a password, is not repeated.
public struct RedisAddressError: Error, Equatable, CustomStringConvertible {
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
