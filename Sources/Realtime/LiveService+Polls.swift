import Core
import DomainKit
public import Feed
public import HTTPService
public import Live

/// Long polls of several logs.
extension LiveService {
    public func poll(
        _ request: RequestContext, _ channels: StreamChannels, since held: StreamCursor, seconds: Int,
        _ read: (() async throws -> Response) async throws -> Response
    ) async throws -> Response {
        let caller = request.authenticated!
        try admit(caller.user, from: request.address)
        let names = channels.names(for: caller.user)
        let found = try await open(names, to: caller.user, since: held)
        let signal = try await listen(
            for: caller.user, session: caller.session, hasFeed: channels.hasFeed, channels: names)
        defer { signal.cancel() }
        var poll = ChannelPoll(of: caller.user, hasFeed: channels.hasFeed, found, since: held)
        let deadline = monotonicNanoseconds() + UInt64(seconds) * 1_000_000_000
        while true {
            poll.note(signal.news.takeChanged())
            let response = try await look(&poll, caller.user, signal.news, read)
            let now = monotonicNanoseconds()
            if poll.isEmpty, now < deadline {
                if try await signal.wait(milliseconds: Int((deadline - now) / 1_000_000) + 1) { continue }
            }
            for missed in poll.told { charge(caller.user, from: request.address, for: missed) }
            return response
        }
    }

    /// Those that the position names were open to the caller; whether they still are is asked when they are read.
    private func open(
        _ names: [ChannelName], to user: ID, since held: StreamCursor
    ) async throws -> [Channel] {
        let found = try names.map { try channel($0) }
        let new = found.filter { held[.channel($0.name)] == nil }
        for channel in new where try await !channel.isOpen(to: user) { throw Self.noChannel(channel.name) }
        budget.charge(user: user, channels: new.count)
        return found
    }

    /// What was read while it became doubtful who may see it is read again.
    private func look(
        _ poll: inout ChannelPoll, _ user: ID, _ news: PollNews,
        _ read: (() async throws -> Response) async throws -> Response
    ) async throws -> Response {
        for _ in 0..<Self.mostLooks {
            _ = news.takeDoubt()
            var looked = poll
            let response = try await read {
                try await looked.look(reader)
                return looked.response(live: looked.position.encode(user: user, cursors))
            }
            guard news.takeDoubt() else {
                poll = looked
                return response
            }
        }
        throw Problem(.overloaded, "who may see the channels changes too often: try again", retryAfter: 1)
    }

    private static let mostLooks = 10
}
