import Glibc

/// A call of the system that failed.
public struct SocketError: Error, Equatable, CustomStringConvertible {
    public let call: String
    public let number: Int32

    public var description: String { "\(call): \(String(cString: strerror(number)))" }
}
