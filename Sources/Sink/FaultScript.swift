public import Core
import Push

/// Faults one after the other, each for so many requests; behind them all is well, or they begin again:
/// `{"steps": [{"times"?: 3, "status"?: 503, "headers"?: {…}, "body"?: …, "close"?: "before"|"after"|"refused"|"goaway",
/// "delay"?: 500}…], "repeat"?: true}`. A step with neither `status` nor `close` lets requests pass.
public struct FaultScript: Sendable {
    public static let mostSteps = 1000
    private static let mostHeaders = 20
    private static let longestDelay: Int64 = 600_000
    private static let keys = ["times", "status", "headers", "body", "close", "delay"]

    private let steps: [(fault: Fault, times: Int64)]
    private let repeats: Bool
    private var index = 0
    private var used: Int64 = 0

    /// No fault at all.
    public init() { (steps, repeats) = ([], false) }

    /// - Throws: `SettingError` that names the step and its key.
    public init(_ bytes: [UInt8]) throws(SettingError) {
        guard let object = try? JSONValue.parse(bytes).object, let list = object["steps"]?.array else {
            throw SettingError(#"a script must be a JSON object with an array "steps""#)
        }
        if let unknown = object.firstKey(besides: ["steps", "repeat"]) {
            throw SettingError("there is no key \(unknown.harmlessName)")
        }
        guard list.count <= Self.mostSteps else { throw SettingError("there are more than \(Self.mostSteps) steps") }
        var steps: [(Fault, Int64)] = []
        for (index, value) in list.enumerated() { steps.append(try Self.step(value, at: "steps[\(index)]")) }
        repeats = object["repeat"] == .bool(true)
        guard repeats || object["repeat"] == nil || object["repeat"] == .bool(false) else {
            throw SettingError("repeat must be true or false")
        }
        self.steps = steps
    }

    /// For the next request.
    public mutating func next() -> Fault {
        if index == steps.count, repeats { index = 0 }
        guard index < steps.count else { return Fault(kind: .pass, delay: 0) }
        let (fault, times) = steps[index]
        used += 1
        if used == times { (index, used) = (index + 1, 0) }
        return fault
    }

    private static func step(_ value: JSONValue, at place: String) throws(SettingError) -> (Fault, Int64) {
        guard let object = value.object else { throw SettingError("\(place) must be an object") }
        if let unknown = object.firstKey(besides: keys) {
            throw SettingError("\(place): there is no key \(unknown.harmlessName)")
        }
        func number(_ key: String, _ range: ClosedRange<Int64>) throws(SettingError) -> Int64? {
            guard let value = object[key] else { return nil }
            guard let number = value.integer, range.contains(number) else {
                throw SettingError("\(place).\(key) must be \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
        let times = try number("times", 1...1_000_000) ?? 1
        let delay = try number("delay", 0...longestDelay) ?? 0
        let status = try number("status", 200...599)
        guard let close = object["close"] else {
            guard let status else {
                guard object["headers"] == nil, object["body"] == nil else {
                    throw SettingError("\(place).status is missing")
                }
                return (Fault(kind: .pass, delay: delay), times)
            }
            return (Fault(kind: .respond(try response(Int(status), object, place)), delay: delay), times)
        }
        guard status == nil, object["headers"] == nil, object["body"] == nil else {
            throw SettingError("\(place): give close or a response, not both")
        }
        switch close.string {
        case "before": return (Fault(kind: .close, delay: delay), times)
        case "after": return (Fault(kind: .closeAfter, delay: delay), times)
        case "refused": return (Fault(kind: .refuseStream, delay: delay), times)
        case "goaway": return (Fault(kind: .goAway, delay: delay), times)
        default: throw SettingError("\(place).close must be before, after, refused or goaway")
        }
    }

    private static func response(_ status: Int, _ object: JSONObject, _ place: String) throws(SettingError)
        -> PushResponse
    {
        var headers: [PushHeader] = []
        if let given = object["headers"] {
            guard let members = given.object, members.keys.count <= mostHeaders else {
                throw SettingError("\(place).headers must be an object of at most \(mostHeaders) texts")
            }
            for (name, value) in members.members {
                guard let text = value.string, isToken(name), text.utf8.allSatisfy({ 0x20...0x7e ~= $0 }) else {
                    throw SettingError("\(place).headers must have names and values of a header")
                }
                headers.append(PushHeader(name, text))
            }
        }
        var body: [UInt8] = []
        if let given = object["body"] {
            // A text is sent as it is, another value as JSON.
            body = Array((given.string ?? given.text).utf8)
            guard body.count <= PushResponse.longestBody else {
                throw SettingError("\(place).body must have at most \(PushResponse.longestBody) bytes")
            }
        }
        return PushResponse(status: status, headers: headers, body: body)
    }

    private static func isToken(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy {
                (48...57).contains($0) || (97...122).contains($0 | 32) || $0 == UInt8(ascii: "-")
            }
    }
}
