import Core
import Posts
import Testing

@testable import Feed

@Suite struct ChunkEventsTests {
    private var event: Envelope {
        Envelope(PostEvent.created.kind, eventID: "e", TraceContext(requestID: "r"), payload: [])
    }

    @Test func rangesComeBack() {
        var chunk = event
        chunk[.buckets] = 64..<128
        chunk[.isTracked] = true
        #expect(chunk.headers["buckets"] == "64-128" && chunk.headers["tracked"] == "1")
        let read = Envelope(headers: chunk.headers, payload: [])
        #expect(read?[.buckets] == 64..<128 && read?[.isTracked] == true)
        #expect(event[.buckets] == nil && event[.isTracked] == nil)
    }

    @Test(arguments: ["", "5", "5-5", "7-5", "0-2000", "x-0-4", "-1-4", "00-4", "0-4-", "+0-4"])
    func noRange(_ text: String) {
        var headers = event.headers
        headers["buckets"] = text
        #expect(Envelope(headers: headers, payload: [])?[.buckets] == nil)
    }
}
