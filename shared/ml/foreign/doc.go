// Package foreign makes models of ONNX graphs that were trained elsewhere, so
// that they answer where our own models do.
//
// New judges a graph: every operator must be one that runs here, every input
// must be a row, and the outputs must be a classification or a regression. The
// Model it returns is a pipeline.Predictor; Encode wraps the graph in an
// artifact (FORMAT.md) and Open reads that again.
//
// What a row is follows from the inputs. One of shape [N] or [N,1] is a column
// of its name. One of [N,F] is F columns: named by the note "feature_names", a
// JSON list in the graph's metadata, else f0, f1 and so on, behind the input's
// name where there are several inputs. Wider ones and those of more axes are one
// column whose cell is a JSON list of numbers; a list is taken for [N,F] too,
// under the input's name. Graphs that package export wrote say themselves how
// their inputs are written, and answer as the model they were made of.
//
// What is answered follows from the outputs: labels come from the classifier in
// the graph or from the note "labels", a JSON list, and then the first output
// with as many numbers is the scores; without labels an output of one number is
// the value of a regression. Scores are taken as they are: nothing is calibrated,
// and prediction sets hold every label.
//
// A graph with operators that are not run here can be a model all the same where
// an Engine runs it: NewOn makes it of the signature that the engine tells, and
// On says which engine is asked.
//
// A graph is somebody else's program: each run has an allowance of work and
// memory, and may fail on a row, which Ask tells. Nothing is learnt here.
package foreign
