import Core
public import Sockets

extension Problem {
    /// What the server could not read as a request.
    public init(_ error: HTTPRequestError) {
        let code: ErrorCode =
            switch error.kind {
            case .headerTooLarge, .targetTooLong: .headerTooLarge
            case .bodyTooLarge: .bodyTooLarge
            case .overloaded: .overloaded
            default: .invalidField
            }
        self.init(
            code, error.detail, field: code == .invalidField ? "request" : nil,
            retryAfter: code == .overloaded ? 1 : nil)
    }
}

extension HTTPResponse {
    /// The answer to what could not be read as a request; its status is the error's own.
    public static func refusal(_ error: HTTPRequestError) -> HTTPResponse {
        var generator = SystemRandomNumberGenerator()
        let requestID = String(generator.next() as UInt64 | 1 << 63, radix: 16)
        let problem = Problem(error)
        let status = problem.code == .invalidField ? error.status : problem.code.status
        var answer = Answer.problem(problem, requestID: requestID)
        answer.status = status
        answer.body = problem.json(requestID: requestID, status: status)
        return answer.response(requestID: requestID)
    }
}
