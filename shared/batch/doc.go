// Package batch scores a file of rows with one version of a model: rows in,
// results and errors out, in the order of the file.
//
// A Service opens, follows, cancels and closes jobs. Steps do the work for the
// state machine functions/batch/batch.asl.json: Split reads the object once and
// cuts it into chunks of whole records, a Distributed Map has them scored by up to
// a hundred functions, several by each where there are more, and Merge joins
// their results to files one after the other. Whatever a file is written in, it is decoded in Split alone: a chunk is
// the same rows for everybody, and a record that cannot be read is an error in
// its place. Only the order of the file reaches the results, never the size of
// a chunk or who scored it.
//
// A part of the Map that gives up tells "fail" its own error first, since the Map
// tells only that a part failed; one that is refused has closed the job with the reason.
//
// The version is resolved once, when the job is opened. Every step overwrites
// its own work with the same bytes, so it may run twice, and the end of a job is
// written under its revision. What is kept between the steps is under
// work/TENANT/JOB in the models bucket, what remains under batch/TENANT/JOB;
// both expire. The package knows no HTTP: how one answer is written is given to
// Steps as Render.
package batch
