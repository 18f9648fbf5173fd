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
    /// The response to what could not be read as a request; its status is the error's own.
    public static func refusal(_ error: HTTPRequestError) -> HTTPResponse {
        let requestID = String.newRequestID
        let problem = Problem(error)
        let status = problem.code == .invalidField ? error.status : problem.code.status
        return Response.problem(problem, requestID: requestID, status: status).http(requestID: requestID)
    }
}
