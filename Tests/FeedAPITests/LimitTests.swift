import Core
import TestSite
import TestSupport
import Testing

@testable import HTTPService

/// What a declaration's schema says is what its parser does, and what an operation refuses is what it says.
@Suite(.site) struct LimitTests {
    private let site = TestSite.current

    private var declarations: [Declaration] {
        site.operations.flatMap { $0.path.placeholders + $0.parameters + ($0.body?.fields ?? []) }
    }

    private func takes(_ declaration: Declaration, _ value: JSONValue) -> Bool {
        (try? declaration.read(value)) != nil
    }

    @Test func takesItsExample() {
        for declaration in declarations {
            let given = declaration.place == .body ? declaration.example : .string(text(declaration.example))
            #expect(takes(declaration, given), "\(declaration.name)")
        }
    }

    private func text(_ value: JSONValue) -> String { value.string ?? value.text }

    @Test func lengthsAreThoseOfTheSchema() {
        var count = 0
        for declaration in declarations where declaration.place == .body {
            guard let least = declaration.schema.members["minLength"]?.integer,
                let most = declaration.schema.members["maxLength"]?.integer
            else { continue }
            func takes(_ length: Int64) -> Bool {
                self.takes(declaration, .string(String(repeating: "a", count: Int(length))))
            }
            #expect(takes(least) && takes(most) && !takes(least - 1) && !takes(most + 1), "\(declaration.name)")
            count += 1
        }
        #expect(count >= 3)
    }

    @Test func rangesAreThoseOfTheSchema() {
        var count = 0
        for declaration in declarations {
            guard let least = declaration.schema.members["minimum"]?.integer,
                let most = declaration.schema.members["maximum"]?.integer
            else { continue }
            func takes(_ number: Int64) -> Bool {
                let isText = declaration.place == .query
                return self.takes(declaration, isText ? .string("\(number)") : .integer(number))
            }
            #expect(takes(least) && takes(most) && !takes(least - 1) && !takes(most + 1), "\(declaration.name)")
            count += 1
        }
        #expect(count >= 6)
    }

    /// What the document shows as its default is what happens without.
    @Test func defaults() throws {
        for declaration in declarations {
            guard let fallback = declaration.schema.members["default"]?.integer else { continue }
            #expect(try declaration.read(nil) as? Int == Int(fallback))
        }
    }

    // MARK: What every operation refuses

    private struct Fault {
        let name: String
        var query = ""
        var headers: [String: String] = [:]
        var body: String?
        let code: String
        /// What it is named by.
        var field: String?
    }

    private func faults(of operation: Operation) -> [Fault] {
        var faults = [Fault(name: "a parameter", query: "colour=red", code: "unknown_parameter", field: "colour")]
        switch operation.access {
        case .anyone, .optional, .ticket: break
        case .signedIn, .signedInOrLeaving, .owner:
            faults += [
                Fault(name: "no token", headers: ["Authorization": ""], code: "unauthenticated"),
                Fault(name: "no good token", headers: ["Authorization": "Bearer x"], code: "unauthenticated"),
            ]
        }
        for parameter in operation.parameters where parameter.schema.members["type"] == "integer" {
            faults.append(
                Fault(name: parameter.name, query: "\(parameter.name)=x", code: "invalid_field", field: parameter.name))
        }
        guard operation.method != .get else { return faults }
        faults += [
            Fault(name: "no JSON", body: "{", code: "invalid_json"),
            Fault(name: "a key", body: #"{"colour":"red"}"#, code: "unknown_field", field: "colour"),
            Fault(
                name: "a coding", headers: ["Content-Encoding": "gzip"], body: "{}", code: "unsupported_media_type",
                field: "Content-Encoding"),
            Fault(
                name: "a type", headers: ["Content-Type": "text/plain"], body: "{}", code: "unsupported_media_type",
                field: "Content-Type"),
        ]
        guard let body = operation.body else { return faults }
        let example = body.component.example.object!
        for field in body.fields {
            let rest = example.members.filter { $0.0 != field.name }.map { ($0.0, $0.1) }
            if field.isRequired {
                let left = JSONValue.object(JSONObject(rest))
                faults.append(
                    Fault(name: "no \(field.name)", body: left.text, code: "missing_field", field: field.name))
            }
            let wrong = JSONValue.object(JSONObject(rest + [(field.name, .array([]))]))
            faults.append(
                Fault(name: "a list as \(field.name)", body: wrong.text, code: "invalid_field", field: field.name))
        }
        return faults
    }

    @Test func everyRefusalIsOneThatTheOperationDeclares() async throws {
        let alice = try await site.signUp()
        var count = 0
        for operation in site.operations where operation.isAnswered {
            for fault in faults(of: operation) {
                let target = operation.address(for: alice) + (fault.query.isEmpty ? "" : "?\(fault.query)")
                let response = try await alice.send(
                    operation.method.rawValue, target, fault.headers, body: fault.body.map { Array($0.utf8) })
                #expect(
                    response.code == fault.code && response.field == fault.field,
                    "\(operation.id), \(fault.name): \(response)")
                let declared = operation.problems.filter { $0.code.name == fault.code }
                #expect(declared.map(\.status) == [response.status], "\(operation.id), \(fault.name)")
                count += 1
            }
        }
        #expect(count > 100)
    }
}
