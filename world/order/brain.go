package order

// brain remembers what the update side does for every sequence of answers it
// was ever given. A coroutine cannot be copied, but it is a function of its
// answers: a place in this tree stands for it, and a session is rerun only to
// find out what follows a sequence that is new.
type brain struct {
	c     *Case
	nodes []moment

	live   *session // a session that stands at node at
	at     int32
	reruns int
}

// moment is the update side after one sequence of answers.
type moment struct {
	parent  int32
	task    int
	answer  Value
	pending []request // by task
	crash   string
	next    map[stimulus]int32
}

type stimulus struct {
	task   int
	answer Value
}

func newBrain(c *Case) *brain {
	b := &brain{c: c, live: newSession(c)}
	b.nodes = []moment{{parent: -1, pending: b.pending(), crash: b.live.crash}}
	return b
}

func (b *brain) pending() []request {
	p := make([]request, len(b.live.tasks))
	for i, t := range b.live.tasks {
		p[i] = t.pending
	}
	return p
}

func (b *brain) taskName(i int) string { return b.live.tasks[i].name }

// step answers a task's request at node and returns where that leads.
func (b *brain) step(node int32, task int, answer Value) int32 {
	key := stimulus{task, answer}
	if n, ok := b.nodes[node].next[key]; ok {
		return n
	}
	b.seek(node)
	b.live.resume(task, answer)
	n := int32(len(b.nodes))
	b.nodes = append(b.nodes, moment{
		parent: node, task: task, answer: answer,
		pending: b.pending(), crash: b.live.crash,
	})
	if b.nodes[node].next == nil {
		b.nodes[node].next = map[stimulus]int32{}
	}
	b.nodes[node].next[key] = n
	b.at = n
	return n
}

// seek makes the live session stand at node.
func (b *brain) seek(node int32) {
	if b.at == node {
		return
	}
	var path []stimulus
	for n := node; n != 0; n = b.nodes[n].parent {
		path = append(path, stimulus{b.nodes[n].task, b.nodes[n].answer})
	}
	b.live.close()
	b.live = newSession(b.c)
	b.reruns++
	for i := len(path) - 1; i >= 0; i-- {
		b.live.resume(path[i].task, path[i].answer)
	}
	b.at = node
}

// forget drops all but the beginning, to bound memory.
func (b *brain) forget() {
	b.seek(0)
	b.nodes = b.nodes[:1]
	b.nodes[0].next = nil
}

func (b *brain) close() { b.live.close() }
