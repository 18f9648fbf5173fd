import Core
import Crypto
import HTTPService
import Live
import Realtime
import TestSupport

/// Nobody without the key makes one of these: what is accepted was minted here, byte for byte. And what is minted from
/// the input's bytes is good, and no longer when one bit of it is another.
extension FuzzTarget {
    private static let signer = CursorSigner(key: fuzzKey)
    private static let viewers = [ID.zero, ID(raw: 7), ID.max]
    private static let lists: [PageCursor.List] = [
        .init(tag: 1), .init(tag: 2, subject: ID(raw: 7)), .init(tag: 3, subject: ID(raw: 7)),
        .init(tag: 4, subject: .max),
    ]

    private static let mintedCursors: [[UInt8]] =
        viewers.flatMap { viewer in
            lists.map { PageCursor(below: ID(raw: 1 << 40)).encode($0, viewer: viewer, signer) }
                + [LiveCursor(epoch: 1 << 63 | 5, position: 1_767_225_600_000_000).encode(user: viewer, signer)]
                + [0, 1, StreamCursor.mostLogs].map { streamCursor(of: $0, 7).encode(user: viewer, signer) }
        }.map { Array($0.utf8) }

    private static func streamCursor(of count: Int, _ number: Int64) -> StreamCursor {
        var cursor = StreamCursor()
        for index in 0..<count {
            let key = LogKey.channel(ChannelName(kind: "post", id: ID(raw: number ^ Int64(index))))
            cursor[key] = LiveCursor(epoch: UInt64(bitPattern: number) << 11, position: number)
        }
        return cursor
    }

    /// Cursors of pages, live positions, and the names of epochs.
    static let cursor = FuzzTarget(
        "cursor", words: ["A", "_", "-", "=", "~", "+", "AQ"], minted: mintedCursors, leastAccepted: 0,
        timed: Timed(.loop) { input, watch in
            let text = String(decoding: input.prefix(ClientFrame.longest), as: UTF8.self)
            _ = watch.time { LiveCursor(text, user: viewers[1], signer) }
            _ = watch.time { StreamCursor(text, user: viewers[1], signer) }
            _ = watch.time { LiveCursor.epoch(named: text) }
        }
    ) { input, _ throws(Finding) in
        let text = String(decoding: input, as: UTF8.self)
        if let epoch = LiveCursor.epoch(named: text) {
            try require(LiveCursor(epoch: epoch, position: 0).epochName == text, "two names for one epoch: \(text)")
        }
        try checkMinted(input)
        var readers = 0
        for viewer in viewers {
            for list in lists {
                guard let cursor = PageCursor(text, list, viewer: viewer, signer) else { continue }
                readers += 1
                try require(cursor.encode(list, viewer: viewer, signer) == text, "an altered cursor is accepted")
            }
            if let cursor = StreamCursor(text, user: viewer, signer) {
                readers += 1
                try require(cursor.encode(user: viewer, signer) == text, "an altered position of a stream is accepted")
            }
            guard let cursor = LiveCursor(text, user: viewer, signer) else { continue }
            readers += 1
            try require(cursor.encode(user: viewer, signer) == text, "an altered position is accepted")
        }
        try require(readers <= 1, "one cursor for \(readers) lists or users")
        try require(readers == 0 || mintedCursors.contains(input), "a cursor that was never made is accepted")
        return readers == 1
    }

    private static func checkMinted(_ input: [UInt8]) throws(Finding) {
        var random = Seeded(fingerprint(input))
        let number = Int64(random.next() >> 11)
        let list = random.element(lists)
        let page = PageCursor(below: ID(raw: number))
        let text = page.encode(list, viewer: viewers[1], signer)
        try require(PageCursor(text, list, viewer: viewers[1], signer) == page, "a good cursor is refused")
        try require(
            PageCursor(altered(text, &random), list, viewer: viewers[1], signer) == nil, "an altered cursor is accepted"
        )
        try require(PageCursor(text, list, viewer: viewers[2], signer) == nil, "another caller's cursor is accepted")
        let live = LiveCursor(epoch: random.next(), position: number)
        let position = live.encode(user: viewers[1], signer)
        try require(LiveCursor(position, user: viewers[1], signer) == live, "a good position is refused")
        try require(
            LiveCursor(altered(position, &random), user: viewers[1], signer) == nil, "an altered position is accepted")
        let stream = streamCursor(of: random.below(StreamCursor.mostLogs + 1), number)
        let positions = stream.encode(user: viewers[1], signer)
        try require(
            StreamCursor(positions, user: viewers[1], signer) == stream, "a good position of a stream is refused")
        try require(
            StreamCursor(altered(positions, &random), user: viewers[1], signer) == nil,
            "an altered position of a stream is accepted")
        try require(LiveCursor.epoch(named: live.epochName) == live.epoch, "an epoch's name names another")
    }

    /// One character becomes another of the alphabet, one goes, or one comes.
    private static func altered(_ text: String, _ random: inout Seeded) -> String {
        var bytes = Array(text.utf8)
        let at = random.below(bytes.count)
        switch random.below(4) {
        case 0: bytes.remove(at: at)
        case 1: bytes.insert(random.element(Array("Aw_-=~.\u{0} ".utf8)), at: at)
        default:
            let old = bytes[at]
            while bytes[at] == old { bytes[at] = random.element(Array("ABCDEFGHwxyz0189-_".utf8)) }
        }
        let altered = String(decoding: bytes, as: UTF8.self)
        // Where two equal characters are together, one that comes or goes may leave the same text.
        return altered == text ? text + "A" : altered
    }

    private static let tickets = [
        Ticket(user: ID(raw: 7), session: ID(raw: 9), nonce: 11, expiresAt: 1_767_225_600_000),
        Ticket(user: .zero, session: .zero, nonce: 0, expiresAt: 0),
        Ticket(user: .max, session: .max, nonce: .max, expiresAt: (1 << 48) - 1),
    ]
    private static let proofs = tickets.map { $0.idSuffix(key: fuzzKey) }
    private static let mintedTickets = (tickets.map { $0.encode(key: fuzzKey) } + proofs).map { Array($0.utf8) }

    /// Tickets of event streams, and the proofs in their ids.
    static let ticket = FuzzTarget(
        "ticket", words: ["A", "_", "-", "=", "~", "AQ"], minted: mintedTickets, leastAccepted: 0,
        timed: Timed(.pool) { input, watch in
            let text = String(decoding: input, as: UTF8.self)
            _ = watch.time { Ticket(text, key: fuzzKey) }
            _ = watch.time { tickets[0].proves(text, key: fuzzKey) }
        }
    ) { input, _ throws(Finding) in
        let text = String(decoding: input, as: UTF8.self)
        var random = Seeded(fingerprint(input))
        let made = Ticket(
            user: ID(raw: Int64(random.next() >> 11)), session: ID(raw: Int64(random.next() >> 11)),
            nonce: random.next(), expiresAt: Int64(random.next() >> 16))
        let good = made.encode(key: fuzzKey)
        try require(Ticket(good, key: fuzzKey) == made, "a good ticket is refused")
        try require(Ticket(altered(good, &random), key: fuzzKey) == nil, "an altered ticket is accepted")
        try require(Ticket(good, key: Array(fuzzKey.reversed())) == nil, "a ticket of another key is accepted")
        let proof = made.idSuffix(key: fuzzKey)
        try require(made.proves(text + proof, key: fuzzKey), "a stream's own id is refused")
        try require(!made.proves(text, key: fuzzKey), "an id of another stream is accepted")
        let drawn = random.below(tickets.count)
        try require(
            !tickets[drawn].proves(text, key: fuzzKey) || input.suffix(23).elementsEqual(proofs[drawn].utf8),
            "an altered proof is accepted")
        guard let ticket = Ticket(text, key: fuzzKey) else { return false }
        try require(ticket.encode(key: fuzzKey) == text && tickets.contains(ticket), "a forged ticket is accepted")
        return true
    }
}
