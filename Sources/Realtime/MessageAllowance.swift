import Live
import Sockets

/// How many messages a WebSocket may send: a few before its `connect`, then so many a second, and bytes. Sizes of single
/// messages are limited by the socket, and so are frames: as many as messages in pieces want, and a ping for each.
struct MessageAllowance {
    private static let first: Float = 4
    private static let messages: (burst: Float, perSecond: Float) = (burst: 200, perSecond: 10)
    private static let bytes: (burst: Float, perSecond: Float) = (burst: 65_536, perSecond: 8192)

    static let firstFrames = FrameLimit(burst: 32)
    static let frames = FrameLimit(burst: 400, interval: 25)

    /// When it was filled up last; 0 before a good `connect`.
    private var filledAt: UInt64 = 0
    private var messagesLeft = Self.first
    private var bytesLeft = Self.bytes.burst
    private let isOn: Bool

    /// - Parameter isOn: whether it counts behind a good `connect`.
    init(isOn: Bool) {
        self.isOn = isOn
    }

    mutating func connected(now: UInt64) {
        guard filledAt == 0 else { return }
        filledAt = now
        messagesLeft = Self.messages.burst
    }

    /// - Parameters:
    ///   - messages: the commands in it, for each costs an answer.
    ///   - now: nanoseconds.
    /// - Returns: false when it is too much.
    mutating func take(messages: Int, bytes: Int, now: UInt64) -> Bool {
        guard filledAt > 0 else {
            messagesLeft -= 1
            return messagesLeft >= 0
        }
        guard isOn else { return true }
        let seconds = Float(now - filledAt) / 1e9
        filledAt = now
        messagesLeft = min(Self.messages.burst, messagesLeft + seconds * Self.messages.perSecond) - Float(messages)
        bytesLeft = min(Self.bytes.burst, bytesLeft + seconds * Self.bytes.perSecond) - Float(bytes)
        return messagesLeft >= 0 && bytesLeft >= 0
    }
}

extension FrameLimit {
    fileprivate convenience init(burst: Int, interval: Int? = nil) {
        let end = Disconnect.tooManyRequests
        self.init(burst: burst, interval: interval, code: end.rawValue, reason: end.reason)
    }
}
