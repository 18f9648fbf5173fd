import Core
import Glibc

/// An event on its way through Redis: the id of the request that caused it, a line feed, the event's JSON (which has no
/// line feed). So the request can be followed to the socket, and the JSON is sent on as it is.
public enum TaggedEvent {
    public static func join(requestID: String, _ json: [UInt8]) -> [UInt8] {
        Array(requestID.utf8) + [10] + json
    }

    public static func split(_ payload: [UInt8]) -> (requestID: String, json: ArraySlice<UInt8>) {
        guard let end = payload.firstIndex(of: 10) else { return ("", payload[...]) }
        return (String(decoding: payload[..<end], as: UTF8.self), payload[(end + 1)...])
    }

    /// Whether it may go into the frames of clients: a plain id, and one line that is a JSON object. A line feed more would
    /// forge the fields of an event stream, other JSON would break the frame of a WebSocket.
    static func isWellFormed(_ payload: [UInt8]) -> Bool {
        let (requestID, json) = split(payload)
        return (requestID.isEmpty || RequestID.accepts(requestID))
            && json.withUnsafeBytes({ isOneLine($0) })
            && JSONValue.isObject(json, .command)
    }

    private static func isOneLine(_ text: UnsafeRawBufferPointer) -> Bool {
        guard let start = text.baseAddress else { return true }
        return memchr(start, 10, text.count) == nil && memchr(start, 13, text.count) == nil
    }
}
