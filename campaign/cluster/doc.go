// Package cluster runs the trials of campaigns on many machines. Its Executor, the
// coordinator, puts chunks of trials into a NATS JetStream work queue; workers
// pull chunks, run them and publish the results.
//
// JetStream stores, delivers and redelivers. A worker acknowledges a chunk after
// its results are stored. A chunk that is not acknowledged in time is redelivered to
// any worker. So a chunk may run twice, and the coordinator counts only the first
// result of each trial. It emits results in plan order. In a reproducible world they
// equal those of a local run byte for byte.
//
// Other messages do not go through the queue and may be lost without harm: coordinators
// and workers send heartbeats, and a worker requests admission by a coordinator. It is
// admitted if it has the same build and model and its canary trials have the same
// results.
package cluster
