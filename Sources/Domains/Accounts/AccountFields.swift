import Core
public import HTTPService

/// What clients send about an account.
package enum AccountFields {
    package static let handle = Field.string(
        "handle",
        .string(pattern: "^[A-Za-z0-9_]{3,30}$").described("Made lower-case before it is used."), example: "ada_l",
        parse: readHandle)

    package static let password = Field.text(
        "password", TextRule("a password", .exact, 8...256), example: "correct horse battery")

    package static let displayName = Field.text(
        "display_name", TextRule("a display name", .name, 1...60), example: "Ada Lovelace", "Without it: the handle."
    ).orNil

    static let newHandle = handle.orNil
    static let newPassword = password.orNil
    static let oldPassword = Field.string(
        "old_password", example: "wrong horse battery", "Needed for a new password where there is one."
    ).orNil

    // Whoever has found a session knows neither.
    package static let confirmingPassword = Field.string(
        "password", example: "correct horse battery", "Of the account."
    ).orNil
    package static let confirmingCode = Field.string(
        "recovery_code", example: RecoveryCode.example.text, "Instead of the password."
    ).orNil

    // What is none is no error here, but nobody's.
    static let anyHandle = Field.string("handle", example: "ada_l", "In any case.")
    static let anyPassword = Field.string("password", example: "correct horse battery")
    static let anyRecoveryCode = Field.string(
        "recovery_code", example: RecoveryCode.example.text, "In any case, with or without hyphens and spaces.")
    static let refreshToken = Field.string(
        "refresh_token", example: SessionGrant.example.refreshToken, "Of the newest session response.")

    @Sendable private static func readHandle(_ text: String) throws(Refusal) -> String {
        let handle = text.lowercased()
        guard (3...30).contains(handle.utf8.count), handle.utf8.allSatisfy(isHandleByte) else {
            throw Refusal("a handle is 3 to 30 of a-z, 0-9 and _")
        }
        return handle
    }

    private static func isHandleByte(_ byte: UInt8) -> Bool {
        (97...122).contains(byte) || (48...57).contains(byte) || byte == UInt8(ascii: "_")
    }
}

extension ErrorCode {
    static let invalidCredentials = ErrorCode("invalid_credentials", 401, "The handle or the password is wrong")
    static let tokenReused = ErrorCode("token_reused", 401, "The refresh token was used before")
    public static let passwordRequired = ErrorCode("password_required", 403, "The account's password is needed")
    static let handleTaken = ErrorCode("handle_taken", 409, "The handle is taken")
}
