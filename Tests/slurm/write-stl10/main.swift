// `write-stl10 DIR` writes the small data set of the Slurm test to DIR/stl10_binary.

import Foundation
import TestSupport

guard CommandLine.arguments.count == 2 else {
    print("usage: write-stl10 DIR")
    exit(64)
}
try writeSmallSTL10(to: CommandLine.arguments[1])
