import HTTPService

extension Problem {
    static let goesDown = Problem(.overloaded, "this process goes down: connect again", retryAfter: 1)
    static let tooManyLive = Problem(.rateLimited, "too many live connections", retryAfter: 5)
}
