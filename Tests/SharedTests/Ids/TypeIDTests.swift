import Shared
import Testing

@Suite("TypeID") struct TypeIDTests {
    @Test("is a prefix and the base32 of a UUIDv7 with the time in front")
    func format() throws {
        let time = Timestamp(milliseconds: 0x0189_0A5D_AC96)
        for _ in 0..<500 {
            let id = TypeID.make("order", at: time)
            #expect(TypeID.isValid(id, prefix: "order"))
            let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz")
            let value = try id.dropFirst(6).reduce(UInt128(0)) { try $0 << 5 | UInt128(#require(alphabet.firstIndex(of: $1))) }
            #expect(value >> 80 == 0x0189_0A5D_AC96)
            #expect(value >> 76 & 0xF == 7)
            #expect(value >> 62 & 0b11 == 0b10)
        }
    }

    @Test("is TypeID's own example")
    func example() {
        // From the TypeID specification, valid.yml: prefix_01h455vb4pex5vsknk084sn02q is 01890a5d-ac96-774b-bcce-b302099a8057.
        #expect(TypeID.encode(high: 0x0189_0A5D_AC96_774B, low: 0xBCCE_B302_099A_8057) == "01h455vb4pex5vsknk084sn02q")
        #expect(TypeID.encode(high: 0, low: 0) == "00000000000000000000000000")
        #expect(TypeID.encode(high: .max, low: .max) == "7zzzzzzzzzzzzzzzzzzzzzzzzz")
    }

    @Test("sorts by time, and no two are the same")
    func order() {
        var random = Seeded()
        var times = (0..<2_000).map { _ in random.int64(0...0xFFFF_FFFF_FFFF) }
        times.sort()
        let ids = times.map { TypeID.make("x", at: Timestamp(milliseconds: $0), using: &random) }
        for (a, b) in zip(zip(times, ids), zip(times, ids).dropFirst()) where a.0 < b.0 { #expect(a.1 < b.1, "\(random)") }
        let one = Timestamp(milliseconds: 5)
        #expect(Set((0..<10_000).map { _ in TypeID.make("x", at: one) }).count == 10_000)
    }

    @Test("any time makes a valid id", arguments: [Int64.min, -1, 0, 0xFFFF_FFFF_FFFF, 0x1_0000_0000_0000, .max])
    func anyTime(milliseconds: Int64) {
        #expect(TypeID.isValid(TypeID.make("a_b", at: Timestamp(milliseconds: milliseconds)), prefix: "a_b"))
    }

    @Test(
        "tells an id from what is none",
        arguments: [
            "", "order_", "order", "order_01h455vb4pex5vsknk084sn02", "order_01h455vb4pex5vsknk084sn02qq",
            "order_81h455vb4pex5vsknk084sn02q",
            "order_01H455VB4PEX5VSKNK084SN02Q", "order_01h455vb4pex5vsknk084sn02i", "order_01h455vb4pex5vsknk084sn02u",
            "ordr_01h455vb4pex5vsknk084sn02qq",
            "Order_01h455vb4pex5vsknk084sn02q", "order-01h455vb4pex5vsknk084sn02q", "01h455vb4pex5vsknk084sn02q",
            "order_01h455vb4pex5vsknk084sn0é",
        ])
    func invalid(id: String) {
        #expect(!TypeID.isValid(id, prefix: "order"))
        #expect(TypeID.isValid("order_01h455vb4pex5vsknk084sn02q", prefix: "order"))
    }
}
