package repro

import (
	"slices"
	"strings"
)

// Symptom is a kind of report with its subject: the common part of two logs of one
// failure, without numbers and names.
type Symptom string

// The symptoms that the virtual kernel can show.
const (
	CloseHung     Symptom = "close() hung"
	QueueHung     Symptom = "tasks hung at event_mutex"
	WorkerHung    Symptom = "a worker hung in process_srcu, in a normal grace period"
	WorkerHungExp Symptom = "a worker hung in process_srcu, in an expedited grace period"
	StallReader   Symptom = "RCU stall of a preempted reader"
	StallCPU      Symptom = "RCU stall of a CPU"
	StallKthread  Symptom = "RCU stall of nobody"
	StallExp      Symptom = "stall of an expedited grace period"
	KthreadReady  Symptom = "grace-period kthread ready to run and starved"
	PoolStuck     Symptom = "workqueue lockup"
	SlowSamples   Symptom = "samples that take too long"
)

// The symptoms that it cannot show.
const (
	KthreadAsleep Symptom = "grace-period kthread asleep past its timer"
	TasksGP       Symptom = "old grace period of RCU Tasks"
	CPUStuck      Symptom = "soft or hard lockup"
	TimerSlow     Symptom = "slow timer interrupt or NMI"
	OtherHung     Symptom = "a task hung in another wait"
)

// Unmodelled gives the reason why the virtual kernel cannot show a symptom; empty
// if it can.
func (s Symptom) Unmodelled() string {
	switch s {
	case KthreadAsleep:
		return "timers are not lost and CPUs are not stolen there"
	case TasksGP:
		return "it has no RCU Tasks, and Tasks Trace only as an SRCU domain"
	case CPUStuck:
		return "it has no lockup detector"
	case TimerSlow:
		return "it does not print these lines"
	case OtherHung:
		return "it has no such wait"
	}
	return ""
}

// Symptoms returns the symptoms of the log, sorted and without repetition.
func (l *Log) Symptoms() []Symptom {
	f := l.Facts
	found := map[Symptom]bool{}
	for _, h := range f.Hung {
		found[hungSymptom(h.Task)] = true
	}
	for _, s := range f.Stalls {
		found[StallReader] = found[StallReader] || len(s.Tasks) > 0 || s.Unnamed > 0
		found[StallCPU] = found[StallCPU] || len(s.CPUs) > 0
		found[StallKthread] = found[StallKthread] || s.AllSeen > 0 && s.Unnamed == 0
	}
	for _, s := range f.Starved {
		found[KthreadReady] = found[KthreadReady] || s.Running
		found[KthreadAsleep] = found[KthreadAsleep] || !s.Running
	}
	for _, x := range f.Lockups {
		found[PoolStuck] = found[PoolStuck] || x.Kind == "workqueue"
		found[CPUStuck] = found[CPUStuck] || x.Kind != "workqueue"
	}
	for _, s := range f.Slow {
		found[SlowSamples] = found[SlowSamples] || s.Kind == "perf"
		found[TimerSlow] = found[TimerSlow] || s.Kind != "perf"
	}
	found[StallExp] = len(f.Expedited) > 0
	found[KthreadAsleep] = found[KthreadAsleep] || len(f.Timers) > 0
	found[TasksGP] = len(f.RCUTasks) > 0
	var all []Symptom
	for s, ok := range found {
		if ok {
			all = append(all, s)
		}
	}
	slices.Sort(all)
	return all
}

func hungSymptom(t *Task) Symptom {
	switch t.Family {
	case WaitEventMutex:
		return QueueHung
	case SRCUScan:
		return WorkerHung
	case SRCUScanExp:
		return WorkerHungExp
	case WaitTracepoint, WaitTrace:
		if !has(t, functionTracers...) && (has(t, closers...) || has(t, openers...)) {
			return CloseHung
		}
	case WaitRCU, WaitExpedited, WaitSRCU:
		if has(t, closers...) {
			return CloseHung
		}
	}
	return OtherHung
}

// without returns the symptoms of a that are not in b.
func without(a, b []Symptom) []Symptom {
	return slices.DeleteFunc(slices.Clone(a), func(s Symptom) bool { return slices.Contains(b, s) })
}

func join(all []Symptom) string {
	parts := make([]string, len(all))
	for i, s := range all {
		parts[i] = string(s)
	}
	return strings.Join(parts, "; ")
}
