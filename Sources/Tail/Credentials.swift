import Core
import HTTPClient

/// Has an access token when one is needed: the given one, or that of a session of its own, which it renews in time.
final class Credentials {
    private enum Source {
        case token(String)
        case account(handle: String, password: String)
    }

    private struct Access {
        let token: String
        /// Of `monotonicNanoseconds()`: a while before its end.
        let renewAt: UInt64
    }

    private let source: Source
    private let server: Server
    private var access: Access?
    private var refreshToken: String?
    /// Names the refresh until its answer has come: an answer that was lost on the way can be asked for again.
    private var refreshKey: String?
    private var refusals = 0

    init(_ options: TailOptions, _ server: Server) throws(TailEnd) {
        self.server = server
        switch (options.token, options.handle, options.password) {
        case (let token?, nil, nil):
            guard !token.isEmpty, token.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
                throw .failed("the access token has a character that is not allowed", code: TailExit.credentials)
            }
            source = .token(token)
        case (nil, let handle?, let password?): source = .account(handle: handle, password: password)
        default:
            throw .failed(
                "give either an access token, or a handle and a password (in MARTLET_PASSWORD)",
                code: TailExit.credentials)
        }
    }

    /// When a stream must give way to one with a new token; `nil` for never.
    var renewAt: UInt64? { access?.renewAt }

    func token() throws(Trouble) -> String {
        guard case .account(let handle, let password) = source else {
            guard case .token(let token) = source else { preconditionFailure() }
            return token
        }
        if let access, monotonicNanoseconds() < access.renewAt { return access.token }
        if let refreshToken, let token = try refresh(refreshToken) { return token }
        return try logIn(handle, password)
    }

    /// The server has taken the token.
    func accepted() { refusals = 0 }

    /// The server has not taken it: the next one will be new. Ends it all where there is none to come.
    func refused(_ detail: String) throws(TailEnd) {
        refusals += 1
        access = nil
        if case .token = source {
            throw .failed(
                "the server does not take the access token (any more): \(detail)", code: TailExit.credentials)
        }
        if refusals > 2 {
            throw .failed("the server does not take its own tokens: \(detail)", code: TailExit.credentials)
        }
    }

    /// `nil` when the session has ended.
    private func refresh(_ refreshToken: String) throws(Trouble) -> String? {
        let key = refreshKey ?? uuidV7(clock: SystemClock())
        refreshKey = key
        let reply = try server.post("/v1/auth/refresh", [("refresh_token", refreshToken)], key: key)
        if reply.status == 401 {
            self.refreshToken = nil
            refreshKey = nil
            return nil
        }
        try Server.check(reply)
        refreshKey = nil
        return try take(reply)
    }

    private func logIn(_ handle: String, _ password: String) throws(Trouble) -> String {
        let reply = try server.post("/v1/auth/login", [("handle", handle), ("password", password)])
        if reply.status == 401 || reply.status == 400 {
            throw .end(.failed("@\(handle): \(Server.detail(reply))", code: TailExit.credentials))
        }
        try Server.check(reply)
        return try take(reply)
    }

    private func take(_ reply: HTTPReply) throws(Trouble) -> String {
        guard let session = (try? JSONValue.parse(reply.body))?.object, let token = session["access_token"]?.string,
            let refreshToken = session["refresh_token"]?.string, let seconds = session["expires_in"]?.integer,
            (1...(1 << 31)).contains(seconds)
        else { throw .strange("the session is not Martlet's") }
        let margin = min(60, seconds / 2)
        access = Access(token: token, renewAt: monotonicNanoseconds() + UInt64(seconds - margin) * 1_000_000_000)
        self.refreshToken = refreshToken
        return token
    }

    /// Ends the session that it opened, if the server answers at once.
    func logOut(from server: Server) {
        guard let refreshToken else { return }
        _ = try? server.post("/v1/auth/logout", [("refresh_token", refreshToken)], milliseconds: 1500)
    }
}
