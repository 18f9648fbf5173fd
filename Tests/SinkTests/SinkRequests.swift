import Core
import Push
import Sink

let now: Int64 = 1_800_000_000_000

extension SinkRequest {
    /// A request as a server reads it.
    init(_ request: PushRequest, without gone: String? = nil, with more: [PushHeader] = [], body: [UInt8]? = nil) {
        let start = request.url.firstRange(of: "://")!.upperBound
        let path = request.url[start...].drop { $0 != "/" }
        self.init(
            method: PushRequest.method, path: String(path),
            headers: request.headers.filter { header in
                header.name != gone && (gone != nil || !more.contains { $0.name == header.name })
            } + more, body: body ?? request.body)
    }

    func by(_ method: String) -> SinkRequest {
        SinkRequest(method: method, path: path, headers: headers, body: body)
    }

    func at(_ path: String) -> SinkRequest {
        SinkRequest(method: method, path: path, headers: headers, body: body)
    }
}

extension SinkReply {
    /// What is in a response, as JSON.
    var object: JSONObject? { try? JSONValue.parse(response.body).object }
}
