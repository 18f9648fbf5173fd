import Core
import HTTPService
import Live

/// Long polls: they are told that something has come, and read it themselves.
extension Gateway {
    func listen(
        for user: ID, session: ID, _ action: @escaping () -> Void,
        _ completion: @escaping (Result<Subscriber, any Error>) -> Void
    ) {
        guard hub.subscribers(of: .feed(of: user)).count < options.connectionsPerUser else {
            return completion(.failure(Problem.tooManyLive))
        }
        let subscriber = Subscriber(
            user: user, kind: .signal(action), sink: nil, session: LiveSession(from: nil, limit: 0))
        hub.add(subscriber)
        idleSince[subscriber.key] = nil
        polls[ObjectIdentifier(subscriber)] = (session, action)
        // Either may have come since the request was admitted.
        if hasEnded(session) || isDraining { action() }
        node.register(subscriber.key) { [unowned self] result in
            switch result {
            case .success(let wasRegistered):
                if !wasRegistered { lostRegistration(of: subscriber.key, but: subscriber) }
                completion(.success(subscriber))
            case .failure(let error):
                stopListening(subscriber)
                completion(.failure(error))
            }
        }
    }

    func stopListening(_ subscriber: Subscriber) {
        polls[ObjectIdentifier(subscriber)] = nil
        leave(subscriber)
    }
}
