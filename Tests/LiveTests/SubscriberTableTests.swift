import Core
import TestSupport
import Testing

@testable import Live

@Suite struct SubscriberTableTests {
    private func subscriber(_ key: LogKey) -> Subscriber {
        let session = LiveSession(from: nil, limit: 1)
        return switch key {
        case .feed(let user): Subscriber(user: user, kind: .webSocket(), sink: nil, session: session)
        case .channel(let name): Subscriber(user: .zero, channel: name, kind: .webSocket(), sink: nil, session: session)
        }
    }

    /// Against a dictionary: what was put in and not taken out is found, whatever shares places.
    @Test func asADictionary() throws {
        var random = Seeded(7)
        var table = SubscriberTable()
        var dictionary: [LogKey: Subscriber] = [:]
        let keys = (0..<300).map { number -> LogKey in
            number % 3 == 0
                ? .channel(ChannelName(kind: "post", id: ID(raw: number))) : .feed(of: ID(raw: number << 12))
        }
        for _ in 0..<20_000 {
            let key = keys.randomElement(using: &random)!
            if Bool.random(using: &random) {
                let new = subscriber(key)
                #expect(table.put(new) === dictionary.updateValue(new, forKey: key))
            } else {
                table.remove(key)
                dictionary[key] = nil
            }
            let other = keys.randomElement(using: &random)!
            #expect(table[other] === dictionary[other])
            #expect(table.count == dictionary.count)
        }
        for key in keys { #expect(table[key] === dictionary[key]) }
        #expect(Set(table.all.map(\.key)) == Set(dictionary.keys))
    }
}
