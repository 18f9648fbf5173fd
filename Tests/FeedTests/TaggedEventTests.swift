import Testing

@testable import Feed

@Suite struct TaggedEventTests {
    @Test func taggedEvents() {
        let (requestID, json) = TaggedEvent.split(TaggedEvent.join(requestID: "r-1", Array("{}".utf8)))
        #expect(requestID == "r-1" && json.elementsEqual("{}".utf8))
        #expect(TaggedEvent.split([]).requestID == "")
    }
}
