public import Core
import Crypto

/// The key of a developer team by which Apple knows us: one file for all of its applications.
public struct APNsKey: Sendable, Concealed {
    public let keyID: String
    public let teamID: String
    private let key: P256Key

    /// - Parameters:
    ///   - p8: the file that Apple gives once.
    ///   - keyID: its name, ten letters and digits.
    ///   - teamID: the same of the team.
    /// - Throws: of the field `key`, `key_id` or `team_id`.
    public init(p8: String, keyID: String, teamID: String) throws(InvalidPush) {
        guard let key = P256Key(pem: p8) else {
            throw InvalidPush("key", "must be a private key on P-256 in a PEM file, as Apple's .p8 is")
        }
        guard Checks.isName(keyID, 10...10) else { throw InvalidPush("key_id", "must be ten letters and digits") }
        guard Checks.isName(teamID, 10...10) else { throw InvalidPush("team_id", "must be ten letters and digits") }
        (self.key, self.keyID, self.teamID) = (key, keyID, teamID)
    }

    /// - Parameter now: seconds since 1970.
    func token(now: Int64) -> String {
        SignedToken.make(
            head: ["alg": "ES256", "kid": .string(keyID)], claims: ["iss": .string(teamID), "iat": .integer(now)],
            sign: key.sign)
    }
}
