import Confusables
import Core
public import HTTPService
import Store

/// Which names nobody may take: those of the operator's list, the handles of moderators and admins, what can be taken for
/// one of them, and the handles of anonymous accounts. Who is refused is told which field, never why: whoever wants to pass for somebody else would learn how.
public struct NameRules: Sendable {
    /// Of users with a role, those whose handles are looked at.
    private static let mostWithRole = 1_000
    static let refusal = "this name can't be taken"
    /// What the names of the list look like.
    private let listed: Set<String>

    /// - Parameter names: the operator's; what has no shape is none.
    public init(_ names: [String] = []) {
        listed = names.reduce(into: []) { $0.formUnion(NameShape($1, isListed: true)?.forms ?? []) }
    }

    /// The names of a list: one a line, `#` begins a comment.
    public static func names(of text: String) -> [String] {
        text.split(whereSeparator: \.isNewline).map { line in
            String(line.prefix { $0 != "#" }).withoutOuterSpace
        }.filter { !$0.isEmpty }
    }

    /// - Parameters:
    ///   - names: each with the field that it came in; `nil`: it was not given.
    ///   - user: whose own handle is no obstacle; `nil`: nobody's.
    /// - Throws: `Problem` where one can't be taken.
    func check(
        _ names: [(field: String, name: String?)], of user: ID?, in transaction: Transaction
    ) async throws {
        let given = names.compactMap { field, name in name.map { (field: field, name: $0) } }
        guard !given.isEmpty else { return }
        guard !given.contains(where: { $0.field == "handle" && AnonymousHandle.begins($0.name) }) else {
            throw Problem(.nameRefused, Self.refusal, field: "handle")
        }
        let handles = try await transaction.query(
            """
            SELECT handle FROM users WHERE role IN ('moderator', 'admin') AND id IS DISTINCT FROM \(user)
            ORDER BY role, id LIMIT \(Self.mostWithRole)
            """
        ).map { try $0.text("handle") }
        let others = handles.reduce(into: Set<String>()) {
            $0.formUnion(NameShape($1, isListed: true)?.forms ?? [])
        }
        for (field, name) in given {
            guard let shape = NameShape(name) else { continue }
            guard shape.forms.isDisjoint(with: listed), shape.forms.isDisjoint(with: others) else {
                throw Problem(.nameRefused, Self.refusal, field: field)
            }
        }
    }
}

extension ErrorCode {
    public static let nameRefused = ErrorCode("name_refused", 400, "The name can't be taken")
}
