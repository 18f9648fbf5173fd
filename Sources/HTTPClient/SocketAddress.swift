import CCurl
import Core
import Glibc

/// Reads the address that curl is about to open a socket to.
enum SocketAddress {
    /// - Returns: `nil` for what is neither IPv4 nor IPv6.
    static func read(_ given: UnsafeMutablePointer<curl_sockaddr>) -> IPAddress? {
        guard let offset = MemoryLayout<curl_sockaddr>.offset(of: \.addr) else { return nil }
        // There is more of it than `sockaddr` has: as much as its family needs.
        let address = UnsafeRawPointer(given).advanced(by: offset)
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { text in
            let found: UnsafePointer<CChar>?
            switch given.pointee.family {
            case AF_INET:
                guard Int(given.pointee.addrlen) >= MemoryLayout<sockaddr_in>.size else { return nil }
                let place = address + MemoryLayout<sockaddr_in>.offset(of: \.sin_addr)!
                found = inet_ntop(AF_INET, place, text.baseAddress, socklen_t(text.count))
            case AF_INET6:
                guard Int(given.pointee.addrlen) >= MemoryLayout<sockaddr_in6>.size else { return nil }
                let place = address + MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr)!
                found = inet_ntop(AF_INET6, place, text.baseAddress, socklen_t(text.count))
            default: return nil
            }
            return found.flatMap { IPAddress(String(cString: $0)) }
        }
    }
}
