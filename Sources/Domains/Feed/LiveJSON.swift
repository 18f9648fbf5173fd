import Core
import Glibc

/// What may go into the frames of clients: one line that is a JSON object. A line feed more would forge the fields of an
/// event stream, other JSON would break the frame of a WebSocket.
enum LiveJSON {
    static func isEvent(_ json: ArraySlice<UInt8>) -> Bool {
        json.withUnsafeBytes { isOneLine($0) } && JSONValue.isObject(json, .command)
    }

    private static func isOneLine(_ text: UnsafeRawBufferPointer) -> Bool {
        guard let start = text.baseAddress else { return true }
        return memchr(start, 10, text.count) == nil && memchr(start, 13, text.count) == nil
    }
}
