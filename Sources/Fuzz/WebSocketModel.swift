import Sockets

/// What RFC 6455 makes of some bytes of a client, read with all of them at hand and without care for cost: what must come
/// out of the parser, and when.
struct WebSocketModel {
    typealias Output = WebSocketParser.Output

    private(set) var outputs: [Output] = []
    /// For each output: after how many bytes it is known. What is wrong with a header shows when its first two bytes or
    /// its length are there; with a text, at the first byte behind which no text can be right.
    private(set) var known: [Int] = []

    private let input: [UInt8]
    private let limit: Int
    /// The frames of the message that has begun, put together.
    private var message: [UInt8]?
    private var isText = false

    init(_ input: [UInt8], limit: Int) {
        self.input = input
        self.limit = limit
        var at = 0
        while let next = readFrame(at) { at = next }
    }

    /// Where the next frame begins; `nil` at the end of all that can be read.
    private mutating func readFrame(_ at: Int) -> Int? {
        guard at + 2 <= input.count else { return nil }
        let (first, second) = (input[at], input[at + 1])
        let isControl = first & 0x08 != 0
        let fits = isControl ? first & 0x80 != 0 && second & 0x7F < 126 : (first & 0x0F == 0) == (message != nil)
        guard first & 0x70 == 0, first & 0x07 < 3, second & 0x80 != 0, fits else { return fail(1002, at + 2) }
        let width = [126: 2, 127: 8][second & 0x7F] ?? 0
        let mask = at + 2 + width
        guard mask <= input.count else { return nil }
        let digits = width == 0 ? [second & 0x7F] : Array(input[at + 2..<mask])
        let number = digits.reduce(UInt64(0)) { $0 << 8 + UInt64($1) }
        let shortest: UInt64 = [2: 126, 8: 65_536][width] ?? 0
        guard number >= shortest, let length = Int(exactly: number) else { return fail(1002, mask) }
        guard isControl || length <= limit - (message?.count ?? 0) else { return fail(1009, mask) }
        let start = mask + 4
        guard start <= input.count else { return nil }
        let payload = input[start...].prefix(length).enumerated().map { $1 ^ input[mask + $0 % 4] }
        if isControl {
            guard payload.count == length else { return nil }
            return control(first & 0x0F, payload, end: start + length)
        }
        if first & 0x0F != 0 { isText = first & 0x0F == 1 }
        return data(payload, from: start, length: length, isFinal: first & 0x80 != 0)
    }

    private mutating func data(_ payload: [UInt8], from start: Int, length: Int, isFinal: Bool) -> Int? {
        let old = message?.count ?? 0
        let whole = (message ?? []) + payload
        message = whole
        if isText, !Self.mayBecomeText(whole[...]) {
            var (good, bad) = (old, whole.count)
            while bad - good > 1 {
                let middle = (good + bad) / 2
                if Self.mayBecomeText(whole[..<middle]) { good = middle } else { bad = middle }
            }
            return fail(1007, start + bad - old)
        }
        guard payload.count == length else { return nil }
        let end = start + length
        guard isFinal else { return end }
        guard !isText || String(validating: whole, as: UTF8.self) != nil else { return fail(1007, end) }
        put(.message(whole, isText: isText), end)
        message = nil
        return end
    }

    private mutating func control(_ opcode: UInt8, _ payload: [UInt8], end: Int) -> Int? {
        if opcode == 9 { put(.ping(payload), end) }
        guard opcode == 8 else { return end }
        guard payload.count != 1 else { return fail(1002, end) }
        let code = payload.count < 2 ? nil : Int(payload[0]) * 256 + Int(payload[1])
        if let code, !Self.maySend(code) { return fail(1002, end) }
        guard String(validating: payload.dropFirst(2), as: UTF8.self) != nil else { return fail(1007, end) }
        put(.close(code: code), end)
        return nil
    }

    private mutating func put(_ output: Output, _ end: Int) {
        outputs.append(output)
        known.append(end)
    }

    private mutating func fail(_ code: Int, _ end: Int) -> Int? {
        put(.failure(code: code, reason: ""), end)
        return nil
    }

    /// 1004 is reserved; 1005, 1006 and 1015 are never on the wire; the others of the protocol are not given out.
    private static func maySend(_ code: Int) -> Bool {
        code >= 3000 ? code < 5000 : (1000..<1015).contains(code) && !(1004...1006).contains(code)
    }

    /// Is it the beginning of a text? What is cut within a character is one once the character is complete.
    private static func mayBecomeText(_ bytes: ArraySlice<UInt8>) -> Bool {
        let ends: [[UInt8]] = [
            [], [0x80], [0x80, 0x80], [0xA0, 0x80], [0x80, 0x80, 0x80], [0x90, 0x80, 0x80],
        ]
        return ends.contains { String(validating: bytes + $0, as: UTF8.self) != nil }
    }
}
