/// What a connection needs for requests, for as long as it reads requests: most connections are open for much longer.
final class RequestReader {
    var parser: HTTPParser
    let remoteAddress: String
    /// What has come and waits for its turn.
    var early: [UInt8] = []

    init(_ parser: HTTPParser, from remoteAddress: String) {
        self.parser = parser
        self.remoteAddress = remoteAddress
    }
}
