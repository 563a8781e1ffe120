// Package training turns an uploaded file into a registered version.
//
// A Service opens jobs: one record each, conditionally, then one execution of
// the state machine in functions/trainer/training.asl.json. The machine calls
// Steps.Run for each state:
//
//	prepare  read, check and clean the rows, file every finding and a profile,
//	         hold rows out, plan the search, write the encoded rows once
//	search   one variant (features, learner, weights) on one fold along its path
//	         of C; many side by side
//	block    some classes of a task of the search, or of a fit of finish
//	select   gather the scores; open the next rung or settle
//	finish   calibrate, evaluate on held-out rows, fit on all, file suspicious
//	         labels, write the artifacts, decide about promotion, commit version,
//	         alias and job in one transaction
//	fail     write down why
//
// and of a job whose rows are divided over functions (engine rows, see rows.go), in
// place of search, block and select:
//
//	census, encode, round, judge   for each shard of the rows, side by side
//	vocabulary, reduce, settle     after all shards, what they come to together
//
// A shard's step that gives up tells "fail" its own error first, since the Map tells
// only that a part failed; one that is refused has closed the job with the reason.
//
// Rows are texts, images or the cells of a table, with a class or a number to predict.
// The file says which unless the settings do; past Prepare only rows.trial,
// rows.fitting and rows.input know the difference. Folds are stratified, or go
// forward in time when the newest rows are held out.
//
// The search begins with few candidates and follows the winner: its neighbours
// in C, class weights when classes are uneven, a floor on document frequencies,
// another learner where that is cheap. How far it goes is counted in work units,
// never in seconds, so that a slow machine finds what a fast one does. Whatever
// is fitted on predictions, the calibration, the prediction sets and intervals,
// how far weights are pruned and the suspicion against labels, uses what models
// say of training rows they did not see. A model too large to serve is fitted
// without its rarest terms.
//
// A network, of images or of texts, is a candidate whose C is the number of its
// epochs: one training gives the margins of held rows after each count of its
// path. Where all folds would cost more than the budget it is judged on one.
//
// A function ends after a quarter of an hour. Search and finish fit block by
// block of the classes, keep each block as an object, and near the end leave the
// rest to the next function: see Done.More. A fit of many blocks, by its work, is
// left to functions side by side instead (shardclasses.go, Done.Spread). Either
// changes who does the work, never what comes of it.
//
// Where no function could hold the matrix of all texts, a linear SVM is trained on
// shards of the rows, each of which stays with a function from round to round: to
// within a thousandth of the same objective, for ten times the processor time and
// far more bytes. It is judged on one fold, as networks are. Prepare alone holds
// all texts at one time.
//
// A file called *.onnx is a model trained elsewhere (import.go): prepare judges
// it, there is nothing to search, and finish registers it without figures. It
// takes an alias only where none is in its way or the settings name it.
//
// Steps pass numbers of tasks only; data goes through the job's work folder in
// the models bucket, which expires. Each step may run again at any time: it
// overwrites its own files, and finish commits under a lease, so the worker
// that was thought dead cannot. Nothing is visible in the registry before that
// commit.
//
// The package knows nothing of S3, DynamoDB, Step Functions or HTTP: it works
// on blob.Store, registry.Store and Machine.
package training
