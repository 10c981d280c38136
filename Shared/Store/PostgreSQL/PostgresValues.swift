#if Postgres
    /// Values in the binary form the protocol takes, in one piece of memory, which is used again and again.
    final class PostgresValues {
        private var storage: [UInt8] = []
        /// Where each begins; -1 for NULL.
        private var offsets: [Int] = []
        private var lengths: [Int32] = []
        private var formats: [Int32] = []
        private var pointers: [UnsafePointer<CChar>?] = []

        var count: Int { offsets.count }

        /// Throws `.misuse` for a text with U+0000, which no PostgreSQL text can hold.
        func fill(_ values: [SQLValue]) throws(StoreError) {
            if storage.capacity > 1 << 20 { storage = [] }
            storage.removeAll(keepingCapacity: true)
            offsets.removeAll(keepingCapacity: true)
            lengths.removeAll(keepingCapacity: true)
            for value in values {
                let start = storage.count
                switch value {
                case .null:
                    offsets.append(-1)
                    lengths.append(0)
                    continue
                case .int(let number): append(UInt64(bitPattern: number))
                case .double(let number): append(number.bitPattern)
                case .text(let text):
                    storage += text.utf8
                    guard !storage[start...].contains(0) else {
                        throw .misuse("a text with U+0000, which PostgreSQL cannot hold")
                    }
                case .bytes(let bytes): storage += bytes
                }
                offsets.append(start)
                lengths.append(Int32(clamping: storage.count - start))
            }
            // An empty value has an address too: without one it would be NULL.
            storage.append(0)
        }

        private func append(_ number: UInt64) {
            withUnsafeBytes(of: number.bigEndian) { storage += $0 }
        }

        /// The number of the type a value is declared with; 0 leaves it to the server.
        static func type(_ value: SQLValue) -> UInt32 {
            switch value {
            case .null: 0
            case .int: 20
            case .double: 701
            case .text: 25
            case .bytes: 17
            }
        }

        func withPointers<T>(_ body: (UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?) -> T) -> T {
            storage.withUnsafeBytes { raw in
                let base = raw.baseAddress?.assumingMemoryBound(to: CChar.self)
                pointers.removeAll(keepingCapacity: true)
                for offset in offsets { pointers.append(offset < 0 ? nil : base.map { $0 + offset }) }
                while formats.count < offsets.count { formats.append(1) }
                return body(pointers, lengths, formats)
            }
        }
    }
#endif
