import Accounts
import Core
import HTTPService
import Store

/// What somebody did to a user: `{"at","who"?,"did","target","before","after","request_id"}`.
public struct AuditEntry: Sendable {
    public enum Deed: String, CaseIterable {
        case changedRole = "role.changed"
        case suspended = "user.suspended"
        case restored = "user.restored"
        case endedSessions = "user.sessions_ended"
        case endedAllSessions = "sessions.ended"
        case redroveDeadLetters = "dead_letters.redriven"
        case purgedDeadLetters = "dead_letters.purged"
    }

    /// By its time.
    let id: ID
    /// `nil`: the operator, by the command line.
    let who: ID?
    let did: String
    let target: ID
    let before: JSONValue
    let after: JSONValue
    let requestID: String

    static let columns: SQL = "id, who, did, target, before::text AS before, after::text AS after, request_id"

    init(_ row: PgRow) throws {
        id = try row.id("id")
        who = try row.optionalID("who")
        did = try row.text("did")
        target = try row.id("target")
        before = try JSONValue.parse(Array(try row.text("before").utf8))
        after = try JSONValue.parse(Array(try row.text("after").utf8))
        requestID = try row.text("request_id")
    }

    private init(example: Void) {
        (id, who, target) = (UserView.example.id, UserView.example.id, UserView.example.id)
        did = Deed.changedRole.rawValue
        (before, after) = (["role": "user"], ["role": "moderator"])
        requestID = "4f9c1b7e2a6d8035"
    }

    static func statement(
        _ id: ID, _ who: ID?, _ did: Deed, _ target: ID, before: JSONValue, after: JSONValue, _ context: TraceContext
    ) -> SQL {
        """
        INSERT INTO audit (id, who, did, target, before, after, request_id)
        VALUES (
            \(id), \(who), \(did.rawValue), \(target), \(before.text)::jsonb, \(after.text)::jsonb,
            \(context.requestID))
        """
    }

    func append(to writer: inout ByteWriter) {
        writer.append(ascii: "{\"at\":\"")
        writer.appendTime(milliseconds: id.milliseconds)
        writer.append(ascii: "\"")
        if let who {
            writer.append(ascii: ",\"who\":\"")
            writer.append(decimal: who.raw)
            writer.append(ascii: "\"")
        }
        writer.append(ascii: ",\"did\":")
        writer.append(jsonString: did)
        writer.append(ascii: ",\"target\":\"")
        writer.append(decimal: target.raw)
        writer.append(ascii: "\",\"before\":")
        writer.append(json: before)
        writer.append(ascii: ",\"after\":")
        writer.append(json: after)
        writer.append(ascii: ",\"request_id\":")
        writer.append(jsonString: requestID)
        writer.append(ascii: "}")
    }

    private static let component = Component(
        "AuditEntry",
        .object([
            .always("at", Component.time.reference),
            .sometimes(
                "who", Component.id.reference,
                "Without it: the operator, by the command line; `0`: somebody whose account was deleted, as for `target`."
            ),
            .always("did", .string(), "Such as \(Deed.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", "))."),
            .always("target", Component.id.reference, "To which user; `0`: to none."), .always("before", .anyObject),
            .always("after", .anyObject), .always("request_id", .string()),
        ]), writing: AuditEntry(example: ()).append)

    static let list = Component(
        "AuditList", .list(of: component),
        example: ["items": [component.example], "next": Component.cursor.example])
}
