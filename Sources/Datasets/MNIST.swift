/// MNIST (LeCun et al. 1998), Fashion-MNIST (Xiao, Rasul & Vollgraf 2017), and the part of it that comes with the code.
extension DatasetKind {
    static let sample = DatasetKind(name: "sample") { _ in
        try openMNIST("sample", in: samplesFolder() + "/fashion-mnist", classNames: fashionClasses)
    }
    static let mnist = DatasetKind(name: "mnist") { data in
        try openMNIST(
            "mnist", in: findFolder(of: idx("MNIST", folder: "mnist", torchvision: "MNIST"), data: data),
            classNames: (0...9).map(String.init))
    }
    static let fashionMNIST = DatasetKind(name: "fashion-mnist") { data in
        try openMNIST(
            "fashion-mnist",
            in: findFolder(of: idx("Fashion-MNIST", folder: "fashion-mnist", torchvision: "FashionMNIST"), data: data),
            classNames: fashionClasses)
    }
}

private let fashionClasses = [
    "T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
]

/// - Parameter torchvision: the folder that torchvision makes for the set.
private func idx(_ title: String, folder: String, torchvision: String) -> PublicSet {
    let names = ["train-images-idx3-ubyte", "t10k-images-idx3-ubyte"].flatMap { [$0, $0 + ".gz"] }
    return PublicSet(
        title: title, folder: folder, files: names,
        nearMisses: ["train-images.idx3-ubyte", "train-images.idx3-ubyte.gz"]
            .map { ($0, "write '-idx' for '.idx' in the names of all four files") }
            + ["raw/", torchvision + "/raw/"].flatMap { raw in
                names.map { (raw + $0, "name its folder with --data") }
            },
        source: "its four IDX files with 'scripts/data \(folder)' (into COLONNADE_DATA, else data)")
}
