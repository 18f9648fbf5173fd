import Live
import Sockets

/// How many messages a WebSocket may send: a few before its `connect`, then so many a second, and bytes. Sizes of single
/// messages are limited by the socket, and so are frames: as many as messages in pieces want, and a ping for each.
struct MessageAllowance {
    private static let first = 4.0
    private static let messages = (burst: 200.0, perSecond: 10.0)
    private static let bytes = (burst: 65_536.0, perSecond: 8192.0)

    static let firstFrames = FrameLimit(burst: 32)
    static let frames = FrameLimit(burst: 400, interval: 25)

    private let isOn: Bool
    private var messagesLeft = Self.first
    private var bytesLeft = Self.bytes.burst
    /// When it was filled up last; `nil` before a good `connect`.
    private var filledAt: UInt64?

    /// - Parameter isOn: whether it counts behind a good `connect`.
    init(isOn: Bool) {
        self.isOn = isOn
    }

    mutating func connected(now: UInt64) {
        guard filledAt == nil else { return }
        filledAt = now
        messagesLeft = Self.messages.burst
    }

    /// - Parameters:
    ///   - messages: the commands in it, for each costs an answer.
    ///   - now: nanoseconds.
    /// - Returns: false when it is too much.
    mutating func take(messages: Int, bytes: Int, now: UInt64) -> Bool {
        guard let filledAt else {
            messagesLeft -= 1
            return messagesLeft >= 0
        }
        guard isOn else { return true }
        let seconds = Double(now - filledAt) / 1e9
        self.filledAt = now
        messagesLeft = min(Self.messages.burst, messagesLeft + seconds * Self.messages.perSecond) - Double(messages)
        bytesLeft = min(Self.bytes.burst, bytesLeft + seconds * Self.bytes.perSecond) - Double(bytes)
        return messagesLeft >= 0 && bytesLeft >= 0
    }
}

extension FrameLimit {
    fileprivate convenience init(burst: Int, interval: Int? = nil) {
        let end = Disconnect.tooManyRequests
        self.init(burst: burst, interval: interval, code: end.rawValue, reason: end.reason)
    }
}
