internal import COpenBLAS

/// The BLAS behind the products: which one, how many threads, which kernels.
public enum Backend {
    /// Sets the number of threads of every later product. One thread a rank is the default shape.
    public static func setThreads(_ count: Int) { openblas_set_num_threads(Int32(count)) }

    /// The address space that products on so many threads take beside what is taken already: OpenBLAS maps a buffer for
    /// each, and every thread but the first has a stack.
    public static func bytes(threads count: Int) -> Int {
        let bufferBytes = 1 << 27, stackBytes = 1 << 23
        // Threads that were started when the library was loaded have theirs.
        return bufferBytes + max(0, count - threads) * (bufferBytes + stackBytes)
    }

    /// Lets OpenBLAS map its buffers now. Where memory is refused it tries for ever in silence, so ask for
    /// `bytes(threads:)` before.
    public static func takeBuffers() {
        // Products of small matrices may do without.
        let size = 256, factor = Matrix<Float>(rows: size, columns: size)
        multiply(factor, factor, into: Matrix<Float>(rows: size, columns: size))
    }

    public static var threads: Int { Int(openblas_get_num_threads()) }

    /// Version and build options, such as "OpenBLAS 0.3.21 DYNAMIC_ARCH …".
    public static var version: String { String(cString: openblas_get_config()) }

    /// The kernels that OpenBLAS chose for this processor, such as "Haswell" or "SkylakeX".
    public static var kernels: String { String(cString: openblas_get_corename()) }

    /// What to set where the kernels stay below what the processor can do: OpenBLAS gives a processor that it does not
    /// know its Haswell kernels, at half the speed where there is AVX-512. Nil where they fit.
    ///
    /// - Parameter processorFlags: the words of /proc/cpuinfo's "flags".
    public static func betterKernels(processorFlags: Set<String>) -> String? {
        let wide: Set = ["avx512f", "avx512bw", "avx512dq", "avx512vl"]
        let knowsWide: Set = ["skylakex", "cooperlake", "sapphirerapids"]
        return wide.isSubset(of: processorFlags) && !knowsWide.contains(kernels.lowercased()) ? "SkylakeX" : nil
    }
}
