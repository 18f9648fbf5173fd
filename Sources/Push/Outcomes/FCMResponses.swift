import Core

/// What FCM's v1 API responds: a status, and a `google.rpc.Status` whose details name the error
/// (`google.firebase.fcm.v1.FcmError`), a field (`google.rpc.BadRequest`) or a quota (`google.rpc.QuotaFailure`).
enum FCMResponses {
    static func verdict(of response: PushResponse, now: Int64) -> PushVerdict {
        let failure = Failure(response.object?["error"]?.object)
        func verdict(_ outcome: PushOutcome, of scope: PushVerdict.Scope = .device) -> PushVerdict {
            PushVerdict(outcome, of: scope, status: response.status, reason: failure.code ?? failure.status)
        }
        let wait = response.retryAfter(now: now)
        switch response.status {
        case 200..<300: return verdict(.delivered)
        case 404 where failure.code == "UNREGISTERED", 403 where failure.code == "SENDER_ID_MISMATCH":
            return verdict(.deviceGone(since: nil))
        // Others of its 400s are about the message, one that is too long among them.
        case 400 where failure.namesToken: return verdict(.deviceGone(since: nil))
        // Apple's or a browser's vendor has no key of the project's: other devices are reached without one.
        case 401 where failure.code == "THIRD_PARTY_AUTH_ERROR": return verdict(.deviceRefused, of: .host)
        case 401: return verdict(.credentialRefused(renews: true), of: .credential)
        // A 404 that names no device is of an address without this project.
        case 403, 404: return verdict(.credentialRefused(renews: false), of: .credential)
        case 429:
            // A quota of messages is counted by the minute.
            let scope: PushVerdict.Scope = failure.isOfDevice ? .device : .credential
            return verdict(RetryAfter.throttled(wait), of: scope)
        case 408: return verdict(.temporary(wait: wait), of: .host)
        case 400..<500: return verdict(.messageRefused(attempts: 1))
        default: return verdict(.temporary(wait: wait), of: .host)
        }
    }

    private struct Failure {
        let status: String?
        /// FCM's own name of the error.
        private(set) var code: String?
        /// The device's token is not one.
        private(set) var namesToken = false
        /// The quota is that of one device.
        private(set) var isOfDevice = false

        init(_ error: JSONObject?) {
            status = PushResponse.word(error?["status"])
            for detail in error?["details"]?.array ?? [] {
                guard let detail = detail.object, let type = PushResponse.word(detail["@type"]) else { continue }
                if type.hasSuffix("google.firebase.fcm.v1.FcmError") {
                    code = PushResponse.word(detail["errorCode"]) ?? code
                } else if type.hasSuffix("google.rpc.BadRequest") {
                    namesToken =
                        namesToken || Self.texts("field", of: detail["fieldViolations"]) { $0 == "message.token" }
                } else if type.hasSuffix("google.rpc.QuotaFailure") {
                    isOfDevice =
                        isOfDevice
                        || Self.texts("description", of: detail["violations"]) { $0.lowercased().contains("device") }
                }
            }
        }

        private static func texts(_ key: String, of list: JSONValue?, _ isOne: (String) -> Bool) -> Bool {
            list?.array?.contains { PushResponse.word($0.object?[key]).map(isOne) == true } ?? false
        }
    }
}
