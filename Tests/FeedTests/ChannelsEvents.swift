import Core
import Live

@testable import Feed

/// What tests put into channels.
enum TestSource {
    static let name = "test.events/0"

    /// An event as a consumer reads it.
    /// - Parameters:
    ///   - age: how many seconds ago it was made.
    ///   - text: fills its payload.
    static func event(_ offset: Int64, age: Int64 = 0, _ text: String = "") -> ChannelPublication {
        let clock = ManualClock(milliseconds: SystemClock().milliseconds() - age * 1000)
        return ChannelPublication(offset: offset, envelope(offset, uuidV7(clock: clock), text))
    }

    static func envelope(_ number: Int64, _ id: String, _ text: String = "") -> Envelope {
        let json = "{\"type\":\"test.event\",\"number\":\(number),\"text\":\"\(text)\"}"
        return Envelope(
            EventKind("test.event", version: 1)!, eventID: id, TraceContext(requestID: "r-\(number)"),
            payload: Array(json.utf8))
    }
}

extension Envelope {
    /// Of the test's events.
    var number: Int64? { requestID.hasPrefix("r-") ? Int64(requestID.dropFirst(2)) : nil }
}

extension ChannelRecovery {
    var numbers: [Int64]? { missed?.compactMap(\.envelope.number) }
}

extension Channels {
    func publish(_ events: [ChannelPublication], on channel: ChannelName, from source: String = TestSource.name)
        async throws -> ChannelCounts
    {
        try await publish([channel: events], from: source)
    }

    /// As it is in Redis.
    func key(_ prefix: String, _ channel: ChannelName) -> String {
        "\(timelines.options.prefix)\(prefix):\(timelines.tag(partition(of: channel))):\(channel)"
    }

    func heardKey(_ channel: ChannelName) -> String {
        "\(timelines.options.prefix)heard:\(timelines.tag(partition(of: channel)))"
    }
}
