import DataParallel
import Layers
import LinearAlgebra

extension Curriculum {
    /// Whether w and U are learned in turns.
    var takesTurns: Bool { if case .alternate = self { true } else { false } }
}

extension ModelShape {
    /// The estimate of pooling all samples for the first layer, the way that training takes.
    ///
    /// - Parameter isTurned: whether U has its turn, after which it is no longer separable.
    func poolingEstimate(isTurned: Bool, training: Int) throws(DictionaryError) -> Double {
        let weights = layers[0].weights
        guard !isTurned, let prediction = layers[0].prediction, prediction.dictionary == .se,
            let dictionary = try prediction.makeDictionary(of: layers[0].spec.grid) as? SquaredExponential,
            SeparablePooling.pays(dictionary, of: weights, samples: training)
        else { return weights.poolingEstimate(samples: training) }
        return SeparablePooling.estimates(dictionary, of: weights, samples: training).separable
    }

    /// The floats between the layers for one sample, and those that layers hold of it.
    package func floatsPerSample(paths: [ComputePath]) -> Int {
        var weighted = 0, between: [(inputColumns: Int, outputGradient: Int)] = [], held = 0
        for place in network.places where !place.isInPlace {
            var columns = place.inputOrder.columns(of: place.input)
            if place.isWeighted {
                if layers[weighted].spec.convolution == nil {
                    columns = FullyConnected.inputColumns(of: layers[weighted].weights, path: paths[weighted])
                }
                weighted += 1
            }
            between.append((columns, place.outputGradient))
            if case .layer(let spec, _) = place.kind { held += spec.heldFloats(of: place.input) }
        }
        return Network.floats(perSample: between) + held
    }

    /// The floats that as many bytes as samples have take.
    func sampleFloats(_ samples: Int) -> Int { (samples * network.input.count + 3) / 4 }

    /// The most floats that the start of a layer from a file takes on rank 0, beside the layer of the file: W, and what
    /// fits w, in Double.
    var fittingFloats: Int {
        layers.map { layer in
            let weights = layer.weights, full = weights.fullWeights
            guard let atoms = weights.atoms else { return 3 * full }
            return 7 * full + 2 * weights.learnedValues + 2 * atoms * (weights.grid.positions + atoms)
        }.max()!
    }

    /// The floats of a checkpoint's copy on the rank of most, beside what the exchange keeps: the values of the model,
    /// their velocities, and every U that is not made from the settings alone.
    ///
    /// - Parameter isPrepared: whether what training starts from is made from data, and so kept, too.
    func keptFloats(isPrepared: Bool) -> Int {
        let made = layers.reduce(0) { sum, layer in
            let isMade = layer.prediction.map { $0.dictionary.need != nil } ?? false
            return sum + (isMade || layer.dictionaryParameter != nil ? layer.weights.dictionaryValues : 0)
        }
        return (isPrepared ? 2 : 1) * (layers.reduce(0) { $0 + $1.values } + made) + dataFloats + learnedValues
    }

    /// The floats that training takes beside the model: data, workspaces, gradient, the optimiser's state.
    ///
    /// - Parameter owners: ranks that divide the units of every parameter; 1: every rank updates all.
    func trainingFloats(paths: [ComputePath], samples: Int, training: Int, owners: Int) -> Int {
        let first = layers[0].weights
        let workspaces = zip(layers, paths).reduce(0) {
            $0 + $1.0.workspace(path: $1.1, capacity: samples)
        }
        // That of the rank that owns most.
        let state = parameters.reduce(0) { $0 + ($1.units + owners - 1) / owners * $1.valuesPerUnit }
        // Images are bytes, which the ranks of a machine share. Where they are pooled once, the rows stand beside them,
        // with a chunk of images in Float and what blurs it: inverses, one of them on its way from Double, and 400
        // images.
        var data = sampleFloats(training)
        if paths[0] == .reduced {
            data += training * first.pooledInputs + sampleChunk * (first.grid.count + 1)
            if layers[0].prediction?.dictionary == .se {
                let atoms = first.atoms!
                data += (first.columns + 10) * atoms * atoms + 400 * first.grid.positions
            }
        }
        return data + samples * floatsPerSample(paths: paths) + workspaces + learnedValues + state
    }
}

extension NetworkSettings {
    /// Bytes of the whitening in a model file.
    var whiteningBytes: Int {
        preprocessing == .whiten ? 4 * network.input.count * (network.input.count + 1) : 0
    }

    /// The floats of the whitening, of whitened training images and of a chunk of them on its way.
    func whitenedFloats(training: Int) -> Int {
        preprocessing == .whiten ? whiteningBytes / 4 + (training + 2 * sampleChunk) * (network.input.count + 1) : 0
    }

    /// The most floats that fitting the whitening takes: a covariance and its factors, beside the images.
    func whiteningFloats(exchange: ExchangeOptions, ranks: Int, training: Int) -> Int {
        guard preprocessing == .whiten else { return 0 }
        let values = network.input.count
        return (training * values + 3) / 4 + 2 * values * values
            + LayerInputs.floats(
                for: .covariance(ofSquares: false), grid: TensorShape(channels: 1, height: 1, width: values),
                sums: { 2 * exchange.reduction.heldValues(sumOf: $0, ranks: ranks) })
    }

    /// The floats that a rank holds beside the model while dictionaries are made from data and layers are pre-trained.
    func preparationFloats(of shape: ModelShape, exchange: ExchangeOptions, ranks: Int, training: Int) -> Int {
        let samples = exchange.reduction.largestPart(of: batch, ranks: ranks)
        let capacity = max(self.network.preparationChunk, samples)
        let expanded = shape.layers.reduce(0) {
            $0 + $1.workspace(path: .expanded, capacity: $1.spec.convolution == nil ? 0 : capacity)
        }
        let perSample = shape.floatsPerSample(paths: shape.layers.map { _ in .expanded })
        let network = capacity * perSample + expanded + shape.learnedValues
        let preparing = shape.layers.dropLast().map { layer in
            preparationFloats(
                layer, samples: samples, sums: { 2 * exchange.reduction.heldValues(sumOf: $0, ranks: ranks) }
            ) { units, valuesPerUnit, inputs in
                let summed = ("", units, exchange.sumsExpanded ? inputs : valuesPerUnit + 1)
                return ExchangeCost(exchange, parameters: [summed], ranks: ranks).heldFloats
            }
        }
        return shape.sampleFloats(training) + whitenedFloats(training: training) + network + (preparing.max() ?? 0)
    }

    /// The most floats that making a layer's dictionary or pre-training it takes, beside the network that its inputs
    /// come from; a Double is two.
    ///
    /// - Parameters:
    ///   - sums: the floats that a sum of so many Doubles over ranks takes.
    ///   - held: the floats that the exchange of units × (values of a unit + 1) takes, whose W is units × inputs.
    private func preparationFloats(
        _ layer: ModelShape.Layer, samples: Int, sums: (Int) -> Int, held: (Int, Int, Int) -> Int
    ) -> Int {
        let weights = layer.weights, inputs = weights.grid.count + 1
        /// Values, their gradient and velocity, where they are not all weights W with its gradient, and a batch on its
        /// way.
        func autoencoder(_ units: Int, _ valuesPerUnit: Int, isDense: Bool) -> Int {
            units * (3 * (valuesPerUnit + 1) + (isDense ? 0 : 2 * inputs)) + samples * 2 * (inputs + units)
                + held(units, valuesPerUnit, inputs)
        }
        let dictionary =
            switch layer.prediction?.dictionary.need {
            case .autoencoder(let units): autoencoder(units, inputs - 1, isDense: true)
            case let need?:
                LayerInputs.floats(for: need, grid: layer.prediction!.dictionaryGrid(of: layer.spec.grid), sums: sums)
            case nil: 0
            }
        let isPretrained = pretrainEpochs > 0 && layer.prediction?.dictionary.traits.contains(.learned) != true
        return max(
            dictionary,
            isPretrained ? autoencoder(weights.units, weights.valuesPerUnit, isDense: weights.isDense) : 0)
    }
}
