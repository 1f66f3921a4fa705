import Layers
import LinearAlgebra

let outputs = Matrix<Float>([[-1, 2]])
Activation.relu.apply(inPlace: outputs)
print(outputs.arrays)
