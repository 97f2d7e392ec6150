// Package cluster runs the trials of campaigns on many machines. Its Executor, the
// coordinator, puts chunks of trials into a NATS JetStream work queue; workers
// pull chunks, run them and publish the results.
//
// JetStream stores, delivers and redelivers. A worker acknowledges a chunk after
// its results are stored; a chunk that is not acknowledged in time is delivered
// again, to any worker. So a chunk may run twice, and the coordinator counts the
// first result of each trial by its number. It hands results on in plan order:
// those of a reproducible world are byte for byte those of a local run.
//
// Beside the queue there are plain messages, which may be lost without harm:
// coordinators and workers send a beat at regular intervals, and a worker asks a
// coordinator for admission. It is admitted if it has the same build and model and
// computes the same canary trials.
package cluster
