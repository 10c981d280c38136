import Shared
import Testing

@Suite("Pages and cursors") struct PageTests {
    private func code(_ limit: String?, _ cursor: String?) -> String? {
        do {
            _ = try PageRequest(limit: limit, cursor: cursor)
            return nil
        } catch let problem as Problem {
            return problem.errors.first.map { "\($0.pointer) \($0.code)" }
        } catch {
            return "\(error)"
        }
    }

    @Test("limits go from 1 to 200, 50 when nobody says")
    func limits() throws {
        #expect(try PageRequest(limit: nil, cursor: nil).limit == 50)
        #expect(try PageRequest(limit: "1", cursor: "").limit == 1)
        #expect(try PageRequest(limit: "200", cursor: nil).limit == 200)
        for wrong in ["0", "201", "-1", "x", "", "1.5", "99999999999999999999"] {
            #expect(code(wrong, nil) == "?limit out_of_range", "\(wrong)")
        }
    }

    @Test("a cursor brings its keys back; anything else is refused by name")
    func cursors() throws {
        let keys: [JSON] = ["2026-03-01T00:00:00Z", 5, nil, "ğ/+\"", .int(.min)]
        #expect(try PageRequest(limit: nil, cursor: Cursor.encode(keys)).after == keys)
        for wrong in [
            "x", "%%%", Base64URL.encode(Array("{}".utf8)), Base64URL.encode(Array("[1".utf8)), String(repeating: "A", count: 3_000),
        ] {
            #expect(code(nil, wrong) == "?cursor invalid_cursor", "\(wrong.prefix(10))")
        }
        var random = Seeded()
        for _ in 0..<3_000 { _ = Cursor.decode(random.text(random.int(0...30))) }
    }

    @Test("the row too many says that there is a next page, and the last shown is where it begins")
    func pages() throws {
        func page(_ rows: [Int], _ limit: Int) -> Page {
            Page(rows, PageRequest(limit: limit, after: nil), key: { [.int(Int64($0))] }, json: { .int(Int64($0)) })
        }
        #expect(page([1, 2, 3], 2).json == ["data": [1, 2], "next_cursor": .string(Cursor.encode([2]))])
        #expect(page([1, 2], 2).json == ["data": [1, 2], "next_cursor": nil])
        #expect(page([], 2).json == ["data": [], "next_cursor": nil])
    }

    @Test("going from page to page shows every row once")
    func walk() throws {
        let rows = Array(1...103)
        var seen: [Int64] = []
        var cursor: String?
        repeat {
            let request = try PageRequest(limit: "10", cursor: cursor)
            let after = request.after?.first?.int ?? 0
            let page = Page(
                rows.filter { $0 > after }.prefix(11).map { $0 }, request, key: { [.int(Int64($0))] }, json: { .int(Int64($0)) })
            seen += page.data.compactMap(\.int)
            cursor = page.nextCursor
        } while cursor != nil
        #expect(seen == rows.map(Int64.init))
    }
}
