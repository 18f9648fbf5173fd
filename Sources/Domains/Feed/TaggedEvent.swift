import Core

/// An event in messages to nodes of the form `operations`: the id of the request that caused it, a line feed, the event's
/// JSON (which has no line feed). So the request can be followed to the socket, and the JSON is sent on as it is.
public enum TaggedEvent {
    public static func join(requestID: String, _ json: [UInt8]) -> [UInt8] {
        Array(requestID.utf8) + [10] + json
    }

    public static func split(_ payload: [UInt8]) -> (requestID: String, json: ArraySlice<UInt8>) {
        guard let end = payload.firstIndex(of: 10) else { return ("", payload[...]) }
        return (String(decoding: payload[..<end], as: UTF8.self), payload[(end + 1)...])
    }

    /// Whether it may go into the frames of clients: a plain id, and an event.
    static func isWellFormed(_ payload: [UInt8]) -> Bool {
        let (requestID, json) = split(payload)
        return (requestID.isEmpty || RequestID.accepts(requestID)) && LiveJSON.isEvent(json)
    }
}
