/// The parser of a connection for as long as it reads requests: most connections are open for much longer.
final class RequestReader {
    var parser: HTTPParser

    init(_ parser: HTTPParser) { self.parser = parser }
}
