import Core
import Glibc

/// A process as others see it in the table `processes`.
public struct ProcessInfo: Sendable {
    /// Of this run.
    public let id: String
    public let role: String
    public let version: String
    public let host: String
    public let pid: Int64

    /// This process.
    public init(role: String, version: String) {
        id = String(UInt64.random(in: 0 ... .max), radix: 36)
        self.role = role
        self.version = version
        host = Self.hostName()
        pid = Int64(getpid())
    }

    private static func hostName() -> String {
        var name = [UInt8](repeating: 0, count: 256)
        let isKnown = name.withUnsafeMutableBytes { bytes in
            gethostname(bytes.baseAddress!.assumingMemoryBound(to: CChar.self), bytes.count - 1) == 0
        }
        return isKnown ? String(decoding: name.prefix { $0 != 0 }, as: UTF8.self) : "unknown"
    }
}
