import Core

/// A whole push of one event as the bytes of a WebSocket frame. All subscribers of a channel share it. Those of feeds share
/// it but for the digits of the user's id, which are written into a copy: all who have as many digits have the same lengths.
struct SharedPush {
    private let form: LiveForm
    private let isDeflated: Bool
    private let bytes: [UInt8]
    /// Bytes behind the digits.
    private let behind: Int
    /// Users with as many digits.
    private let users: Range<Int64>?

    /// - Parameters:
    ///   - bytes: as made for a subscriber of this log.
    ///   - tail: how many of them all recipients share, from the end.
    init(_ bytes: [UInt8], _ form: LiveForm, isDeflated: Bool, for key: LogKey, tail: Int) {
        self.form = form
        self.isDeflated = isDeflated
        self.bytes = bytes
        behind = tail + form.behindUser
        switch key {
        case .channel: users = nil
        case .feed(let user): users = Self.range(of: user.raw)
        }
    }

    /// Those that are written with as many digits.
    private static func range(of raw: Int64) -> Range<Int64> {
        var end: Int64 = 10
        while raw >= end { end *= 10 }
        return (end == 10 ? 0 : end / 10)..<end
    }

    func fits(_ form: LiveForm, isDeflated: Bool, _ key: LogKey) -> Bool {
        guard self.form == form, self.isDeflated == isDeflated else { return false }
        // A frame goes to one channel, or to feeds.
        guard case .feed(let user) = key, let users else { return true }
        return users.contains(user.raw)
    }

    /// - Parameter key: it fits.
    func append(for key: LogKey, to writer: inout ByteWriter) {
        writer.append(bytes)
        guard case .feed(let user) = key else { return }
        let end = writer.count - behind
        writer.bytes.withUnsafeMutableBufferPointer { all in
            var (rest, index) = (UInt64(user.raw), end)
            repeat {
                index -= 1
                all[index] = 48 + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
        }
    }
}
