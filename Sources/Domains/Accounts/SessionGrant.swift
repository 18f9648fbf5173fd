public import Core
public import HTTPService

/// A signed-in user's tokens.
public struct SessionGrant: Sendable {
    public let user: UserView
    public let accessToken: String
    public let refreshToken: String
    public let session: ID
    /// Seconds until the access token ends.
    public let expiresIn: Int64
    /// The user has asked to be erased, and may only take that back.
    public var isLeaving = false
    /// Of an account that was made without a name, or recovered: it is shown this once.
    public var recoveryCode: String?

    /// `{"user","access_token","token_type":"Bearer","expires_in","refresh_token","recovery_code"?,"leaving"?}`
    public func append(to writer: inout ByteWriter) {
        writer.append(ascii: "{\"user\":")
        user.append(to: &writer)
        writer.append(ascii: ",\"access_token\":")
        writer.append(jsonString: accessToken)
        writer.append(ascii: ",\"token_type\":\"Bearer\",\"expires_in\":")
        writer.append(decimal: expiresIn)
        writer.append(ascii: ",\"refresh_token\":")
        writer.append(jsonString: refreshToken)
        writer.append(key: "recovery_code", of: recoveryCode)
        writer.append(isLeaving ? ",\"leaving\":true}" : "}")
    }

    var json: [UInt8] {
        var writer = ByteWriter(capacity: 768)
        append(to: &writer)
        return writer.bytes
    }

    public static let component = Component(
        "Session",
        .object([
            .always("user", UserView.component.reference), .always("access_token", .string()),
            .always("token_type", .constant("Bearer")), .always("expires_in", .integer(from: 1), "Seconds."),
            .always("refresh_token", .string()),
            .sometimes(
                "recovery_code", .string(),
                "Of an account without a name, or after a recovery: it opens the account, and is shown this once."),
            .sometimes(
                "leaving", .boolean,
                "The account is about to be deleted: these tokens may only take that back (`DELETE /v1/me/deletion`)."),
        ]), writing: example.append)

    static let example = SessionGrant(
        user: .example, accessToken: "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJtYXJ0bGV0In0.c2lnbmF0dXJl",
        refreshToken: "Zm9ydHktdGhyZWUgY2hhcmFjdGVycyBhcyBzZW50", session: .zero,
        expiresIn: TokenLife.accessSeconds)
}
