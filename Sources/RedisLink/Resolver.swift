import Glibc

/// Names to numeric addresses.
enum Resolver {
    /// Blocks as long as DNS takes: never on a loop. At least one address.
    static func numericHosts(of host: String) -> Result<[String], RedisError> {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, nil, &hints, &list)
        guard status == 0 else {
            return .failure(.connectionLost("\(host): \(String(cString: gai_strerror(status)))"))
        }
        defer { freeaddrinfo(list) }
        var hosts: [String] = []
        var next = list
        while let entry = next {
            if let text = numeric(entry) { hosts.append(text) }
            next = entry.pointee.ai_next
        }
        return hosts.isEmpty ? .failure(.connectionLost("\(host) has no address")) : .success(hosts)
    }

    private static func numeric(_ entry: UnsafeMutablePointer<addrinfo>) -> String? {
        var buffer = [UInt8](repeating: 0, count: Int(NI_MAXHOST))
        let status = buffer.withUnsafeMutableBytes { bytes in
            getnameinfo(
                entry.pointee.ai_addr, entry.pointee.ai_addrlen, bytes.bindMemory(to: CChar.self).baseAddress,
                socklen_t(bytes.count), nil, 0, NI_NUMERICHOST)
        }
        return status == 0 ? String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self) : nil
    }
}
