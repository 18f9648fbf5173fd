package import Deflate

/// Reads the frames of a client (RFC 6455, section 5), strictly. It does no I/O: bytes go in by `append`, what they
/// mean comes out of `next`. After a failure or a Close frame it reads nothing more.
package struct WebSocketParser {
    package enum Output: Equatable {
        case needsMore
        /// A whole message; text is valid UTF-8.
        case message([UInt8], isText: Bool)
        case ping([UInt8])
        /// - Parameter code: `nil` when the frame has none.
        case close(code: Int?)
        /// The connection is to be closed with this code.
        case failure(code: Int, reason: String)
        /// A frame has begun that is one too many.
        case tooManyFrames
    }

    private enum Failure: Error {
        case invalid(code: Int, reason: String)
        case tooMany
    }

    private struct Frame {
        let opcode: UInt8
        let isFinal: Bool
        let mask: UInt32
        /// Bytes of the payload that were not taken yet.
        var missing: Int
        /// Where in the mask the next byte is.
        var turn: UInt8 = 0

        var isControl: Bool { opcode >= 8 }
    }

    /// In bytes; a longer message fails with 1009 as soon as its length is known.
    package var maxMessage: Int
    /// How many more frames of any kind may begin.
    package var framesLeft = Int.max
    private var buffer: [UInt8] = []
    /// What comes before it in the buffer has been read.
    private var start = 0
    private var frame: Frame?
    /// Of the data message that has begun: 1 for text, 2 for binary.
    private var kind: UInt8?
    private var message: [UInt8] = []
    private var text = UTF8Check()
    private var hasEnded = false
    /// `nil`: no extension was agreed on.
    private let inflater: Inflater?
    /// The message that has begun is compressed.
    private var isDeflated = false

    package init(maxMessage: Int, inflater: Inflater? = nil) {
        self.maxMessage = maxMessage
        self.inflater = inflater
    }

    /// Bytes of memory that it holds for what has not come out yet.
    package var held: Int { buffer.capacity + message.capacity }

    /// Between messages, and it has not ended: it is as it was made.
    var isIdle: Bool { !hasEnded && frame == nil && kind == nil && start == buffer.count }

    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if !hasEnded { buffer.append(contentsOf: bytes) }
    }

    package mutating func next() -> Output {
        do throws(Failure) {
            while !hasEnded {
                if frame == nil { frame = try readHeader() }
                guard let begun = frame else { break }
                if begun.isControl {
                    guard buffer.count - start >= begun.missing else { break }
                    guard let output = try endControl(begun) else { continue }
                    return output
                }
                try takePayload()
                guard frame?.missing == 0 else { break }
                frame = nil
                if begun.isFinal { return try endMessage() }
            }
        } catch {
            end()
            switch error {
            case .invalid(let code, let reason): return .failure(code: code, reason: reason)
            case .tooMany: return .tooManyFrames
            }
        }
        compact()
        return .needsMore
    }

    private mutating func end() {
        hasEnded = true
        buffer = []
        start = 0
        message = []
        frame = nil
    }

    /// Between messages a connection holds no memory here, and after a large piece no more than what is left of it:
    /// part of a header or of a control frame.
    private mutating func compact() {
        if start > 0 { buffer = Array(buffer[start...]) }
        start = 0
    }

    // MARK: Header

    /// `nil` when it has not arrived whole.
    private mutating func readHeader() throws(Failure) -> Frame? {
        let available = buffer.count - start
        guard available >= 2 else { return nil }
        let first = buffer[start]
        let second = buffer[start + 1]
        let opcode = first & 0x0F
        let reserved = first & 0x70
        // The first frame of a message says whether it is compressed (RFC 7692, section 6).
        guard reserved == 0 || reserved == 0x40 && inflater != nil && (opcode == 1 || opcode == 2) else {
            throw Self.violation("reserved bits are set")
        }
        guard second & 0x80 != 0 else { throw Self.violation("the frame is not masked") }
        let isFinal = first & 0x80 != 0
        let short = Int(second & 0x7F)
        try check(opcode, isFinal: isFinal, shortLength: short)
        let extra = short == 126 ? 2 : short == 127 ? 8 : 0
        guard available >= 2 + extra else { return nil }
        let length = extra == 0 ? short : try readLength(extra)
        guard opcode >= 8 || length <= maxMessage - message.count else {
            throw .invalid(code: 1009, reason: "message too big")
        }
        guard available >= 6 + extra else { return nil }
        guard framesLeft > 0 else { throw .tooMany }
        framesLeft -= 1
        if opcode == 1 || opcode == 2 { (kind, isDeflated) = (opcode, reserved != 0) }
        let mask = buffer[(start + 2 + extra)..<(start + 6 + extra)].reduce(0) { $0 << 8 | UInt32($1) }
        start += 6 + extra
        return Frame(opcode: opcode, isFinal: isFinal, mask: mask, missing: length)
    }

    private func check(_ opcode: UInt8, isFinal: Bool, shortLength: Int) throws(Failure) {
        switch opcode {
        case 0: guard kind != nil else { throw Self.violation("nothing is to be continued") }
        case 1, 2: guard kind == nil else { throw Self.violation("the message before has not ended") }
        case 8, 9, 10:
            guard isFinal, shortLength < 126 else { throw Self.violation("a control frame is short and whole") }
        default: throw Self.violation("the opcode is unknown")
        }
    }

    private func readLength(_ width: Int) throws(Failure) -> Int {
        let length = buffer[(start + 2)..<(start + 2 + width)].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length >> 63 == 0, length > (width == 2 ? 125 : 65_535) else {
            throw Self.violation("the length is not in its shortest form")
        }
        return Int(length)
    }

    // MARK: Payload

    /// Moves what there is of a data frame's payload to the message.
    private mutating func takePayload() throws(Failure) {
        guard var begun = frame else { return }
        let count = min(begun.missing, buffer.count - start)
        let from = message.count
        message.append(contentsOf: buffer[start..<(start + count)])
        start += count
        let isGood = message.withUnsafeMutableBufferPointer { bytes in
            let piece = UnsafeMutableBufferPointer(rebasing: bytes[from...])
            Self.unmask(piece, begun.mask, from: Int(begun.turn))
            return kind != 1 || isDeflated || text.append(UnsafeBufferPointer(piece))
        }
        guard isGood else { throw Self.notText }
        begun.missing -= count
        begun.turn = UInt8((Int(begun.turn) + count) & 3)
        frame = begun
    }

    private mutating func endMessage() throws(Failure) -> Output {
        let isText = kind == 1
        let whole = isDeflated ? try inflated(message, isText: isText) : message
        guard !isText || text.isComplete else { throw Self.notText }
        message = []
        kind = nil
        return .message(whole, isText: isText)
    }

    private mutating func inflated(_ message: [UInt8], isText: Bool) throws(Failure) -> [UInt8] {
        let whole: [UInt8]
        do throws(Inflater.Failure) {
            whole = try inflater?.inflate(message, atMost: maxMessage) ?? message
        } catch {
            switch error {
            case .tooLong: throw .invalid(code: 1009, reason: "message too big")
            case .invalid: throw .invalid(code: 1007, reason: "the message can't be decompressed")
            }
        }
        guard !isText || whole.withUnsafeBufferPointer({ text.append($0) }) else { throw Self.notText }
        return whole
    }

    /// `nil` for a pong: nobody asked for one, so it means nothing.
    private mutating func endControl(_ begun: Frame) throws(Failure) -> Output? {
        var payload = Array(buffer[start..<(start + begun.missing)])
        payload.withUnsafeMutableBufferPointer { Self.unmask($0, begun.mask, from: 0) }
        start += begun.missing
        frame = nil
        switch begun.opcode {
        case 9: return .ping(payload)
        case 10: return nil
        default:
            let code = try closeCode(payload)
            end()
            return .close(code: code)
        }
    }

    /// RFC 6455, section 7.4, and what IANA has added to it.
    private func closeCode(_ payload: [UInt8]) throws(Failure) -> Int? {
        guard !payload.isEmpty else { return nil }
        guard payload.count >= 2 else { throw Self.violation("half a close code") }
        let code = Int(payload[0]) << 8 | Int(payload[1])
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: break
        default: throw Self.violation("the close code may not be sent")
        }
        guard String(validating: payload[2...], as: UTF8.self) != nil else { throw Self.notText }
        return code
    }

    /// - Parameters:
    ///   - mask: its first byte is the highest.
    ///   - turn: which of its bytes is the first one's.
    private static func unmask(_ bytes: UnsafeMutableBufferPointer<UInt8>, _ mask: UInt32, from turn: Int) {
        guard !bytes.isEmpty else { return }
        // In the order of memory, beginning with the turn: then whole words are unmasked, and at the end some bytes.
        let word = (mask << UInt32(turn * 8) | mask >> UInt32((32 - turn * 8) & 31)).bigEndian
        let wide = UInt64(word) << 32 | UInt64(word)
        let raw = UnsafeMutableRawBufferPointer(bytes)
        var index = 0
        while index + 8 <= raw.count {
            let value = raw.loadUnaligned(fromByteOffset: index, as: UInt64.self) ^ wide
            raw.storeBytes(of: value, toByteOffset: index, as: UInt64.self)
            index += 8
        }
        while index < raw.count {
            raw[index] ^= UInt8(truncatingIfNeeded: word >> UInt32((index & 3) * 8))
            index += 1
        }
    }

    private static func violation(_ reason: String) -> Failure { .invalid(code: 1002, reason: reason) }
    private static let notText = Failure.invalid(code: 1007, reason: "the text is not UTF-8")
}
