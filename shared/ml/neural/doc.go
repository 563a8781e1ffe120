// Package neural trains and runs small neural networks on the CPU, in single
// precision and without cgo: convolutional ones for images, recurrent ones for
// texts.
//
// A Run is a training under way. Start begins one on Images or Texts, Train goes
// through the epochs, telling the losses of each, and stops early when the
// validation rows say so; Encode and Resume carry it over to another process,
// between any two steps. What comes out, an Image or a Text, does not change,
// serves any number of goroutines, each with its Scratch, explains its answers,
// and is written to a file by Encode (FORMAT.md).
//
// A batch is cut into a fixed number of shards. Each has a replica of the
// network, the replicas' gradients are added up in the order of the shards, and
// random numbers go by epoch, step and place: equal data, settings and seed give
// equal bits on any number of goroutines, interrupted or not.
//
// The rooms below hold the parts: gemm and vector the arithmetic, layer and
// recurrent the layers, optim the optimisers, random the chance, weights how
// parameters are stored. This package reads no image files, calibrates no scores
// and chooses no settings.
package neural
