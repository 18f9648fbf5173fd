import Core
import HTTPService
import Live

/// A long poll, as the gateway sees it. Lives on its loop.
final class Poll {
    let session: ID
    let news: PollNews
    /// Of the user's feed first: it hears what concerns all that the user subscribed to, whether it is told the feed or not.
    fileprivate let subscribers: [Subscriber]

    fileprivate init(_ user: ID, _ session: ID, hasFeed: Bool, _ channels: [ChannelName], _ news: PollNews) {
        self.session = session
        self.news = news
        subscribers = ([nil] + channels.map(Optional.some)).map { channel in
            let key = channel.map { LogKey.channel($0) } ?? .feed(of: user)
            let isTold = channel != nil || hasFeed
            return Subscriber(
                user: user, channel: channel, kind: .signal({ if isTold { news.note(key, isDoubtful: $0) } }),
                sink: nil,
                session: LiveSession(from: nil, limit: 0))
        }
    }

    fileprivate var channels: ArraySlice<Subscriber> { subscribers.dropFirst() }

    func recheckChannels() {
        for subscriber in channels { news.note(subscriber.key, isDoubtful: true) }
    }
}

/// Long polls: they are told that something has come, and read it themselves.
extension Gateway {
    /// - Parameter completion: when all logs are registered.
    func listen(
        for user: ID, session: ID, hasFeed: Bool, channels: [ChannelName], _ news: PollNews,
        _ completion: @escaping (Result<Poll, any Error>) -> Void
    ) {
        guard hasRoom(for: channels.count, of: user), counts.connect(user, atMost: options.connectionsPerUser) else {
            return completion(.failure(Problem.tooManyLive))
        }
        let poll = Poll(user, session, hasFeed: hasFeed, channels, news)
        for subscriber in poll.subscribers {
            hub.add(subscriber)
            idleSince[subscriber.key] = nil
        }
        for subscriber in poll.channels { count(subscriber) }
        polls[ObjectIdentifier(poll.subscribers[0])] = poll
        // Either may have come since the request was admitted.
        if hasEnded(session) || isDraining { news.wakeup.signal() }
        register(poll.subscribers[...]) { [unowned self] error in
            guard let error else { return completion(.success(poll)) }
            stopListening(poll)
            completion(.failure(error))
        }
    }

    private func register(_ subscribers: ArraySlice<Subscriber>, _ completion: @escaping ((any Error)?) -> Void) {
        var (left, failure) = (subscribers.count, (any Error)?.none)
        for subscriber in subscribers {
            node.register(subscriber.key) { result in
                if case .failure(let error) = result { failure = error }
                left -= 1
                if left == 0 { completion(failure) }
            }
        }
    }

    func stopListening(_ poll: Poll) {
        guard let feed = poll.subscribers.first, polls.removeValue(forKey: ObjectIdentifier(feed)) != nil else {
            return
        }
        leave(feed)
        counts.disconnect(feed.user)
        for subscriber in poll.channels { leaveChannel(subscriber) }
    }
}
