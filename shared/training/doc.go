// Package training turns an uploaded file into a registered version.
//
// A Service opens jobs: one record each, conditionally, then one execution of
// the state machine in functions/trainer/training.asl.json. The machine calls
// Steps.Run for each state:
//
//	prepare  read, check and clean the rows, file every finding, hold rows out,
//	         plan the search, write the encoded rows once
//	search   one recipe on one fold along its path of C; many side by side
//	select   gather the scores; open the next rung or settle
//	finish   evaluate on held-out rows, fit on all, write the artifacts, decide
//	         about promotion, commit version, alias and job in one transaction
//	fail     write down why
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
