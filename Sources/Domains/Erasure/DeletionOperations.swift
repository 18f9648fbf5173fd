import Accounts
import Core
import Crypto
import HTTPService
import Relations

/// An account is deleted, with a receipt.
struct DeletionOperations: Sendable {
    private static let tag = Tag("deletion", "An account is deleted, with a receipt")
    private static let id = PathParameter.id("id", "Of the deletion.")
    private static let key = Parameter<String>.text(
        "key", .string(length: 1...64), example: "q3W0c2Zx4bR1n9LkTt5uYw8e7v6d2s1a", "That was given with the deletion."
    )
    private static let grace = Parameter<Int>.integer(
        "grace", in: 0...30, example: 7, "Days in which it can be taken back."
    ).or(7)
    let accounts: Accounts
    let password: PasswordCheck
    let deletions: Deletions
    let receipts: Receipts
    let writes: Writes
    let audience: AudienceChanges

    var all: [Operation] {
        [
            Operation(
                .post, "/v1/me/deletion", id: "deleteAccount", tag: Self.tag, "Delete the caller's account",
                description: """
                    At once the account does not exist for others any more, and all its sessions end. Until the grace is \
                    over a log-in can take that back, and nothing else. Then all that is held of the user is erased; \
                    the receipt says where, and what was found. Wants the account's password, or its recovery code; of \
                    an account without a password that a provider opens, a session younger than \
                    \(Accounts.youngMinutes) minutes will do. Whose answer was \
                    lost logs in again within the grace, and repeats the request with its key.
                    """,
                access: .signedInOrLeaving, rate: .auth, lane: .auth, parameters: [Self.grace],
                body: RequestBody("AccountDeletion", AccountFields.confirmingPassword, AccountFields.confirmingCode),
                responses: [.json(Receipt.component, "It will be deleted.", status: 202)],
                problems: [.passwordRequired, .forbidden], idempotency: .key("delete account"), servesSuspended: true,
                handler: delete),
            Operation(
                .delete, "/v1/me/deletion", id: "keepAccount", tag: Self.tag, "Take the deletion back",
                description: "Refresh the session, or log in again, to be able to do more.",
                access: .signedInOrLeaving, responses: [.noContent("The account is here again.")],
                problems: [.notFound, .gone], idempotency: .key("keep account"), servesSuspended: true, handler: keep),
            Operation(
                .get, "/v1/deletions/\(Self.id)", id: "readDeletion", tag: Self.tag, "The receipt of a deletion",
                description: "For who has its key; there need not be an account any more.", access: .anyone,
                parameters: [Self.key], responses: [.json(Receipt.component, "How far it is.")], handler: read),
            Operation(
                .get, "/v1/keys", id: "listKeys", tag: Self.tag, "The public keys of receipts",
                description: "A JSON Web Key Set (RFC 7517, RFC 8037).", access: .anyone,
                responses: [.json(Self.keySet, "The key that signs now, and those that have signed before.")],
                handler: keys),
        ]
    }

    @Sendable private func delete(_ request: RequestContext) async throws -> Response {
        let verified = try await password.verify(request)
        let (response, told) = try await writes.run(request) { transaction in
            guard !request.authenticated!.isLeaving else {
                throw Problem(
                    .forbidden, "the account is about to be deleted: its receipt goes by the key of the request")
            }
            let eraseAt = try await accounts.leave(
                transaction, request.authenticated!, verified: verified, graceDays: request[Self.grace], request.trace)
            let (id, key) = try await deletions.schedule(transaction, request.caller, at: eraseAt)
            let receipt = Receipt(id: id, key: key, state: .scheduled, eraseAt: eraseAt, stores: [])
            return (StoredResponse(status: 202, body: receipt.signed(by: receipts.key)), true)
        }
        if told != nil {
            await audience.tell(.left(request.caller, .erased), requestID: request.requestID)
        }
        return response
    }

    @Sendable private func keep(_ request: RequestContext) async throws -> Response {
        let (response, isHere) = try await writes.run(request) { transaction in
            try await deletions.cancel(transaction, of: request.caller)
            let isHere = try await accounts.comeBack(transaction, request.caller, request.trace)
            return (StoredResponse(status: 204, body: []), isHere)
        }
        if isHere == true { await audience.tell(.returned(request.caller), requestID: request.requestID) }
        return response
    }

    @Sendable private func read(_ request: RequestContext) async throws -> Response {
        .json(try await receipts.read(request[Self.id], key: request[Self.key]))
    }

    // MARK: Keys

    @Sendable private func keys(_ request: RequestContext) async throws -> Response {
        let published = try await receipts.published.all().filter { $0 != receipts.key.publicKey }
        return .json(Array(Self.keySet(of: [receipts.key.publicKey] + published).text.utf8))
    }

    private static func keySet(of keys: [[UInt8]]) -> JSONValue { ["keys": .array(keys.map(Self.jsonWebKey))] }

    private static func jsonWebKey(_ key: [UInt8]) -> JSONValue {
        let x = Base64URL.encode(key)
        // The thumbprint of RFC 7638.
        let thumb = Crypto.sha256(Array("{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"\(x)\"}".utf8))
        return [
            "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": .string(Base64URL.encode(thumb)),
            "x": .string(x),
        ]
    }

    private static let keySet = Component(
        "KeySet",
        .object([
            .always(
                "keys",
                .array(
                    of: .object([
                        .always("kty", .constant("OKP")), .always("crv", .constant("Ed25519")),
                        .always("use", .constant("sig")), .always("alg", .constant("EdDSA")),
                        .always("kid", .string(length: 43...43)), .always("x", .string(length: 43...43)),
                    ])))
        ]), example: keySet(of: [[UInt8](repeating: 7, count: 32)]))
}
