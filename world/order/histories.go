package order

// histories is a tree of everything that the update side did: a node for each
// sequence of replies that it got. A coroutine cannot be copied, but it is a
// function of the replies to it. So a node stands for the update side, and a
// session is rerun only to extend the tree by a new sequence.
type histories struct {
	c     *Case
	nodes []history

	initialWord Value // of the machine's words

	live   *session // a session that has got the replies up to node at
	at     int32
	reruns int
}

// history is the update side after one sequence of replies.
type history struct {
	parent  int32
	task    int
	answer  Value
	pending []request // by task
	crash   string
	next    map[reply]int32
}

type reply struct {
	task   int
	answer Value
}

func newHistories(c *Case) *histories {
	b := &histories{c: c, live: newSession(c)}
	b.initialWord = b.live.initialWord
	b.nodes = []history{{parent: -1, pending: b.pending(), crash: b.live.crash}}
	return b
}

func (b *histories) pending() []request {
	p := make([]request, len(b.live.tasks))
	for i, t := range b.live.tasks {
		p[i] = t.pending
	}
	return p
}

func (b *histories) taskName(i int) string { return b.live.tasks[i].name }

// step replies to a task's request at a node and returns the node that follows.
func (b *histories) step(node int32, task int, answer Value) int32 {
	key := reply{task, answer}
	if n, ok := b.nodes[node].next[key]; ok {
		return n
	}
	b.seek(node)
	b.live.resume(task, answer)
	n := int32(len(b.nodes))
	b.nodes = append(b.nodes, history{
		parent: node, task: task, answer: answer,
		pending: b.pending(), crash: b.live.crash,
	})
	if b.nodes[node].next == nil {
		b.nodes[node].next = map[reply]int32{}
	}
	b.nodes[node].next[key] = n
	b.at = n
	return n
}

// seek brings the live session to a node.
func (b *histories) seek(node int32) {
	if b.at == node {
		return
	}
	var path []reply
	for n := node; n != 0; n = b.nodes[n].parent {
		path = append(path, reply{b.nodes[n].task, b.nodes[n].answer})
	}
	b.live.close()
	b.live = newSession(b.c)
	b.reruns++
	for i := len(path) - 1; i >= 0; i-- {
		b.live.resume(path[i].task, path[i].answer)
	}
	b.at = node
}

// forget drops all nodes but the root, to bound memory.
func (b *histories) forget() {
	b.seek(0)
	b.nodes = b.nodes[:1]
	b.nodes[0].next = nil
}

func (b *histories) close() { b.live.close() }
