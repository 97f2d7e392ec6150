// # The live core
//
// Domain is SRCU-fast for goroutines. Readers are wait-free and cost two plain
// increments; updaters take no lock; whoever waits for a grace period runs it.
// The heavy barrier X is membarrier(2) where there is one. Shared data is to be
// loaded through sync/atomic, or through Pointer: the compiler orders atomic
// operations with the counts around them, and nothing else may move a load out
// of its section. What a reader may do, what this costs, the argument in terms
// of Go, and when not to use it: docs/live.md.
package srcu
