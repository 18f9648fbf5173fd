/// What goes to the server: a text with `$1`, `$2`, …, and their values.
struct RenderedSQL: Sendable, Equatable {
    let text: String
    let parameters: [PgValue]
}

extension SQL {
    func rendered() -> RenderedSQL {
        if parts.count == 1, case .text(let text) = parts[0] {
            return RenderedSQL(text: text.description, parameters: [])
        }
        var numbering = Numbering()
        let text = String(unsafeUninitializedCapacity: capacity) { bytes in
            var end = 0
            var isBehindNumber = false
            for part in parts {
                switch part {
                case .text(let text):
                    // A digit behind a parameter's number would make another one of it.
                    if isBehindNumber, Self.startsWithDigit(text) { end += Self.copy(" ", to: bytes, at: end) }
                    end += Self.copy(text, to: bytes, at: end)
                    isBehindNumber = false
                case .value(let value):
                    end += Self.write(numbering.number(of: value), to: bytes, at: end)
                    isBehindNumber = true
                case .shared(let value):
                    end += Self.write(numbering.number(of: value), to: bytes, at: end)
                    isBehindNumber = true
                }
            }
            return end
        }
        return RenderedSQL(text: text, parameters: numbering.values)
    }

    private struct Numbering {
        private(set) var values: [PgValue] = []
        private var shared: [(value: SharedValue, number: Int)] = []

        mutating func number(of value: PgValue) -> Int {
            values.append(value)
            return values.count
        }

        mutating func number(of value: SharedValue) -> Int {
            if let known = shared.first(where: { $0.value === value }) { return known.number }
            let number = number(of: value.value)
            shared.append((value, number))
            return number
        }
    }

    private var capacity: Int {
        // `$`, up to nineteen digits and a space.
        parts.reduce(0) { total, part in
            if case .text(let text) = part { total + text.utf8CodeUnitCount } else { total + 21 }
        }
    }

    private static func copy(_ text: StaticString, to bytes: UnsafeMutableBufferPointer<UInt8>, at start: Int) -> Int {
        text.withUTF8Buffer { source in
            UnsafeMutableBufferPointer(rebasing: bytes[start...]).update(fromContentsOf: source)
        }
    }

    private static func startsWithDigit(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { $0.first.map { 48...57 ~= $0 } ?? false }
    }

    private static func write(_ number: Int, to bytes: UnsafeMutableBufferPointer<UInt8>, at start: Int) -> Int {
        var digits = 1
        var rest = number
        while rest >= 10 { (rest, digits) = (rest / 10, digits + 1) }
        bytes[start] = UInt8(ascii: "$")
        rest = number
        for place in stride(from: digits, to: 0, by: -1) {
            bytes[start + place] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
        return digits + 1
    }
}
