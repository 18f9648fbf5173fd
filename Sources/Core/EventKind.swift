/// What an event is: a name that its domain gave, such as `post.created`, and the version of what it carries.
public struct EventKind: Sendable, Hashable, CustomStringConvertible {
    public let name: String
    /// From 1 on. Another version of a name is another thing to whoever does not know it.
    public let version: Int

    /// `nil` unless the name is 1 to 64 of `a-z`, `0-9`, `.`, `_` and `-`, and the version 1 to 65,535: it goes into log
    /// lines, labels of metrics and the fields of an event stream.
    public init?(_ name: String, version: Int) {
        guard (1...64).contains(name.utf8.count), name.utf8.allSatisfy(Self.isCharacter), 1...65_535 ~= version else {
            return nil
        }
        self.name = name
        self.version = version
    }

    public var description: String { version == 1 ? name : "\(name) (version \(version))" }

    private static func isCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."),
            UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
