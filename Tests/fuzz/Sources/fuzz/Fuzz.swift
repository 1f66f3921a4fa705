// fuzz --list                          the names of the readers
// fuzz READER FOLDER CORPUS OPTION…    one of them, by libFuzzer with these options: its files are in FOLDER,
//                                      inputs that are worth keeping in CORPUS; with a file among the options it gets
//                                      that input alone
//
// The program's main is libFuzzer's, which calls the functions below.
import Foundation

nonisolated(unsafe) private var chosen: Reader!

/// Chooses the reader, writes its seeds, and puts what libFuzzer needs to know of it among the arguments.
@_cdecl("LLVMFuzzerInitialize") public func initialize(
    _ count: UnsafeMutablePointer<Int32>,
    _ words: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>
) -> Int32 {
    let arguments = (0..<Int(count.pointee)).map { String(cString: words.pointee[$0]!) }
    if arguments.dropFirst() == ["--list"] {
        print(readers.map(\.name).joined(separator: "\n"))
        exit(0)
    }
    guard arguments.count >= 4, let reader = readers.first(where: { $0.name == arguments[1] }) else {
        say("fuzz: expected --list, or a reader, a folder and a folder of inputs")
        exit(64)
    }
    do {
        chosen = try reader.make(Folder(arguments[2]))
        var options = ["-max_len=\(chosen.longest)"]
        if !chosen.words.isEmpty {
            let path = arguments[2] + ".words"
            let lines = chosen.words.map { word in
                "\"" + word.utf8.map { String(format: "\\x%02x", $0) }.joined() + "\"\n"
            }
            try lines.joined().write(toFile: path, atomically: false, encoding: .utf8)
            options.append("-dict=\(path)")
        }
        if arguments.dropFirst(4).allSatisfy({ $0.hasPrefix("-") }) {
            let corpus = try Folder(arguments[3])
            for (i, seed) in chosen.seeds.enumerated() { corpus.write("seed-\(i)", seed) }
            options.append(corpus.path)
        }
        atexit { say("heap: at most \(Memory.most.text)") }
        // libFuzzer keeps the addresses, and wants the first as it was.
        let others = (options + arguments.dropFirst(4)).map { strdup($0) }
        let all = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: others.count + 2)
        for (i, word) in ([words.pointee[0]] + others + [nil]).enumerated() { all[i] = word }
        words.pointee = all
        count.pointee = Int32(others.count + 1)
        return 0
    } catch { finding("the harness cannot begin: \(error)") }
}

@_cdecl("LLVMFuzzerTestOneInput") public func test(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    do { try chosen.read([UInt8](UnsafeBufferPointer(start: bytes, count: count))) } catch {
        finding("the harness failed: \(error)")
    }
    return 0
}

func say(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }
