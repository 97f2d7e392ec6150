package order

// histories is a tree with a node for each sequence of replies to the update side.
// A coroutine cannot be copied, but its behaviour is a function of the replies to
// it. So a node represents the state of the update side, and a session is rerun
// only to extend the tree.
type histories struct {
	c     *Case
	nodes []history

	initialWord Value // of the machine's words

	live   *session // a session that received the replies up to node at
	at     int32    // -1 if no node
	reruns int

	same map[key]int32 // nodes by the later behaviour of the update side; nil if not merged
}

// history is the update side after one sequence of replies.
type history struct {
	id      key // equal in every tree of the case
	parent  int32
	task    int
	answer  Value
	pending []request // by task
	crash   string
	next    map[reply]edge
	cookie  bool // a barrier holds a cookie
}

// edge leads to the node after a reply. On the way less is subtracted from the
// numbers of grace periods.
type edge struct {
	node int32
	less Value
}

type reply struct {
	task   int
	answer Value
}

func newHistories(c *Case, compare bool) *histories {
	b := &histories{c: c, live: newSession(c, compare)}
	if compare {
		b.same = map[key]int32{}
	}
	b.initialWord = b.live.initialWord
	b.nodes = []history{{id: key{1, 2}, parent: -1, pending: b.pending(), crash: b.live.crash}}
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

// step replies to a task's request at a node and returns the edge of that reply.
func (b *histories) step(node int32, task int, answer Value) edge {
	key := reply{task, answer}
	if e, ok := b.nodes[node].next[key]; ok {
		return e
	}
	b.seek(node)
	b.live.resume(task, answer)
	e, id := edge{node: int32(len(b.nodes))}, b.identity(node, task, answer)
	if b.same != nil {
		e.less = b.live.past.less
	}
	if same, ok := b.same[id]; ok {
		e.node, b.at = same, -1
	} else {
		b.nodes = append(b.nodes, history{
			id: id, parent: node, task: task, answer: answer, pending: b.pending(), crash: b.live.crash,
			cookie: b.same == nil || b.live.holdsCookie(),
		})
		if b.same != nil {
			b.same[id] = e.node
		}
		b.at = e.node
	}
	if b.nodes[node].next == nil {
		b.nodes[node].next = map[reply]edge{}
	}
	b.nodes[node].next[key] = e
	return e
}

// identity returns the key of the history that consists of a node and one more
// reply: a fingerprint of the update side's state if histories are merged, else a
// hash of all replies.
func (b *histories) identity(node int32, task int, answer Value) key {
	if b.same != nil && b.live.crash == "" {
		return b.live.fingerprint()
	}
	h := hasher{b.nodes[node].id[0], b.nodes[node].id[1]}
	h.add(uint64(task)<<32 ^ uint64(answer))
	return key{h.a, h.b}
}

// seek reruns the live session up to a node.
func (b *histories) seek(node int32) {
	if b.at == node {
		return
	}
	var path []reply
	for n := node; n != 0; n = b.nodes[n].parent {
		path = append(path, reply{b.nodes[n].task, b.nodes[n].answer})
	}
	b.live.close()
	b.live = newSession(b.c, b.same != nil)
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
