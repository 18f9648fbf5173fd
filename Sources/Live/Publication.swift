/// One event of a feed with its position.
public struct Publication: Sendable, Equatable {
    /// The event object as JSON.
    public let event: [UInt8]
    public let type: String
    /// 0: none. A state that a subscription begins with has none, for it is not the last thing that was told.
    public let position: Int64

    public init(event: [UInt8], type: String, position: Int64) {
        self.event = event
        self.type = type
        self.position = position
    }
}
