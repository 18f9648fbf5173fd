/// Why an input is a finding: which property does not hold.
struct Finding: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// A parser that meets bytes of others, and what must hold whatever they are.
struct FuzzTarget: Sendable {
    /// Also the folder of its seeds.
    let name: String
    /// Pieces of the format that mutations put in.
    let words: [[UInt8]]
    /// Seeds that are made with the targets' key, besides those in the folder.
    let minted: [[UInt8]]
    /// Of 1,000 mutated inputs so many at least are taken as good; fewer, and the inputs no longer reach what they
    /// should test. 0 where good ones are made from the input by the check itself.
    let leastAccepted: Int
    /// Of the inputs for all targets it gets one in so many, for each costs it about as much as so many cost another. Asked for
    /// alone it gets all.
    let cost: Int
    let timed: Timed
    /// Reads the input; true when the parser took it as good. Thorough: may take milliseconds, for seeds and replays.
    let check: @Sendable (_ input: [UInt8], _ thorough: Bool) throws(Finding) -> Bool

    /// - Parameter pieces: words that are not text.
    init(
        _ name: String, words: [String] = [], pieces: [[UInt8]] = [], minted: [[UInt8]] = [], leastAccepted: Int,
        cost: Int = 1, timed: Timed,
        check: @escaping @Sendable (_ input: [UInt8], _ thorough: Bool) throws(Finding) -> Bool
    ) {
        self.name = name
        self.words = words.map { Array($0.utf8) } + pieces
        self.minted = minted
        self.leastAccepted = leastAccepted
        self.cost = cost
        self.timed = timed
        self.check = check
    }

    static let all: [FuzzTarget] = [
        .http, .requestTarget, .webSocketHandshake, .json, .flatJSON, .command, .protobufCommand, .cursor, .channels,
        .ticket, .accessToken, .sealedBox, .eventHeaders, .nodeMessage, .timelineEntry, .redisAddress, .eventStream,
        .feedPage,
        .programSettings, .idToken, .webSocket, .inflate, .deflateOffer, .requestBody, .profile, .preferences,
        .aroundPosts,
        .recoveryCode,
        .nameShape, .textEntities, .pushResponse, .webhook, .pushKeys,
    ]
}

/// Throws where a property does not hold.
func require(_ holds: Bool, _ property: @autoclosure () -> String) throws(Finding) {
    if !holds { throw Finding(property()) }
}

/// 32 bytes: the key of everything that targets sign.
let fuzzKey = [UInt8](0..<32)

/// The same number for the same input in every run: what a check draws, such as where to cut, comes from it.
func fingerprint(_ input: [UInt8]) -> UInt64 {
    // FNV-1a; mixed by the generator that it seeds.
    input.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
}
