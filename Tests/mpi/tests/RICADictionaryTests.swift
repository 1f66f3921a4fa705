import Foundation
import Storage
import Testing

/// The job rica with dictionaries that are made from patches, and the options about them.
@Suite(.serialized, .enabled(if: MPIRun.enabled, "mpirun is not in PATH"))
struct RICADictionaryTests {
    private static let options = ["--patch", "5", "--features", "12", "--patches", "1500", "--iterations", "2"]
    private let folder: RunFolder

    init() throws { folder = try RunFolder() }

    /// A covariance and centres are sums over samples: with a reproducible reduction the same bits on 1 and 3 ranks, in
    /// the model file, too, which holds U, so that later phases use what was learned with.
    @Test(arguments: [("emp", "normalised", "ridge"), ("kmeans", "whitened", nil), ("emp", "whitened", "orthonormal")])
    func aModelHoldsWhatWasMadeFromPatches(kind: String, source: String, basis: String?) async throws {
        let made =
            ["--dictionary", kind, "--dictionary-from", source, "--reduction", "fixed"]
            + (basis.map { ["--basis", $0] } ?? [])
        for ranks in [1, 3] { try await folder.succeed("\(ranks)", ranks: ranks, Self.options + made) }
        let model = try folder.file("1/model.safetensors")
        #expect(try model == folder.file("3/model.safetensors"))
        let file = try Safetensors(path: "\(folder.path)/1/model.safetensors")
        // 12 of 25 positions are learned.
        #expect(file.metadata["dictionary"] == kind && file.tensors["layer.U.3"]?.shape == [25, 12])

        try await folder.succeed("phases", Self.options + made + ["--phase", "learn"])
        for phase in ["encode", "classify"] {
            try await folder.succeed("phases", ["--phase", phase, "--dictionary-from", source, "--reduction", "fixed"])
        }
        #expect(try folder.result("phases").accuracy == folder.result("1").accuracy)
        let other = source == "whitened" ? "normalised" : "whitened"
        for (option, found) in [("--dictionary-from", other), ("--dictionary", "se")] {
            let outcome = try await folder.start("phases", ["--phase", "encode", option, found])
            let says = "rica: \(option): the model was learned with "
            #expect(outcome.code == 64 && outcome.error.contains(says), "\(outcome)")
        }
    }

    /// The default, `se`, is made from the grid alone.
    @Test func aModelThatNeedsNoPatchesHasNoSource() async throws {
        try await folder.succeed("phases", Self.options + ["--phase", "learn"])
        let outcome = try await folder.start("phases", ["--phase", "encode", "--dictionary-from", "whitened"])
        let says = "rica: --dictionary-from: the model was learned with none, found whitened"
        #expect(outcome.code == 64 && outcome.error.contains(says), "\(outcome)")
    }

    @Test(arguments: [
        (
            ["--dictionary", "lowrank"],
            "--dictionary: expected one of se, emp, emp2, randfixu, randcon, kmeans, dct, fourier, haar"
        ),
        (["--dictionary", "ae"], "found ae"), (["--dictionary", "se,emp"], "found se,emp"),
        (["--dictionary", "dense"], "found dense"),
        (["--dictionary", "haar", "--sigma", "1"], "--sigma has no meaning without the dictionary se"),
        (["--dictionary", "haar", "--ridge", "1"], "--ridge, --raw and --basis ridge or raw have no"),
        (["--dictionary-from", "whitened"], "--dictionary-from: expected a --dictionary that is made from patches"),
        (["--dictionary", "emp", "--dictionary-from", "raw"], "--dictionary-from"),
        (
            ["--dictionary", "kmeans", "--patches", "999"],
            "--patches: expected at least 1000, one for each centre of kmeans"
        ),
        (["--sigma", "1000", "--ridge", "1e-300"], "sigma 1000.0 and ridge 1e-300"),
    ])
    func whatNoRunCanHave(more: [String], says: String) async throws {
        let outcome = try await folder.start("run", Self.options + more)
        #expect(outcome.code == 64 && outcome.error.contains(says), "\(outcome)")
        #expect(throws: (any Error).self, "nothing is left") { try folder.file("run/run.json") }
    }
}
