/// Key and headers of a record that somebody else has written: no UTF-8, no key, a header twice or without a value.
public struct RawRecord: Sendable, Equatable {
    public struct Header: Sendable, Equatable {
        public let name: String
        public let value: [UInt8]?

        public init(name: String, value: [UInt8]?) {
            (self.name, self.value) = (name, value)
        }
    }

    public let key: [UInt8]?
    /// In their order.
    public let headers: [Header]

    public init(key: [UInt8]?, headers: [Header]) {
        (self.key, self.headers) = (key, headers)
    }
}
