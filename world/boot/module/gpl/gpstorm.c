// SPDX-License-Identifier: GPL-2.0
/*
 * Fix candidates for the wait of tracepoint teardowns, put into a running kernel by
 * kprobes: insmod gpstorm.ko fix=NAME. A kprobe at the entry of a function sends the
 * caller to a function of this module instead. No code of the kernel is copied.
 *
 * Replaced are, depending on the candidate, one scan of the readers of an SRCU-fast
 * domain (try_check_zero), the delay with which a scan is tried again, or the two
 * waits of perf_trace_event_unreg (synchronize_srcu, once for each domain).
 *
 * A module cannot be removed again: a grace period may be half done its way.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/rcupdate_trace.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/srcu.h>
#include <linux/tracepoint.h>
#include <linux/version.h>
#include <linux/workqueue.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 3, 0)
typedef struct rcu_gp_oldstate full_cookie;
#else
typedef struct rcu_gp_seq full_cookie;
#endif

static char *fix = "";
module_param(fix, charp, 0444);
MODULE_PARM_DESC(fix, "the candidate; none if it is empty");

/* How often code of the candidate ran instead of the kernel's. */
static atomic_long_t hits;

static int hits_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%ld\n", atomic_long_read(&hits));
}

static const struct kernel_param_ops hits_ops = { .get = hits_get };
module_param_cb(hits, &hits_ops, NULL, 0444);

/* ---- scans ---- */

/*
 * A scan of one domain that has begun: which rank it scans, what the sum of unlocks
 * was, and what it waits for. The domain's grace-period mutex protects it, except for
 * elapsed and queue.
 */
struct scan {
	struct srcu_struct *domain;
	bool begun;
	int rank;
	unsigned long unlocks;
	unsigned long cookie;
	full_cookie full;
	bool posted;
	bool elapsed; /* set by the callback */
	struct rcu_head callback;
	struct workqueue_struct *queue; /* of the domain's work */
};

static struct scan scans[2];

static struct scan *scan_of(struct srcu_struct *domain)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(scans); i++)
		if (scans[i].domain == domain)
			return &scans[i];
	return NULL;
}

static unsigned long sum(struct srcu_struct *domain, int rank, bool unlocks)
{
	unsigned long n = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct srcu_ctr *c = &per_cpu_ptr(domain->sda, cpu)->srcu_ctrs[rank];

		n += atomic_long_read(unlocks ? &c->srcu_unlocks : &c->srcu_locks);
	}
	return n;
}

/* Whether someone has asked for this grace period of the domain to be expedited. */
static bool expedited(struct srcu_struct *domain)
{
	struct srcu_usage *u = domain->srcu_sup;

	return ULONG_CMP_LT(READ_ONCE(u->srcu_gp_seq), READ_ONCE(u->srcu_gp_seq_needed_exp));
}

/*
 * Sums unlocks, waits until readers that are inside are seen, and sums locks, as often as
 * a scan may: the kernel's tries once more where no delay follows (try_check_zero).
 */
static bool try_scan(struct srcu_struct *domain, int rank, int tries, void (*order)(void))
{
	atomic_long_inc(&hits);
	if (expedited(domain))
		tries++;
	for (;;) {
		unsigned long unlocks = sum(domain, rank, true);

		order();
		if (sum(domain, rank, false) == unlocks)
			return true;
		if (--tries <= 0)
			return false;
		udelay(5);
	}
}

static void fence(void *unused)
{
	smp_mb();
}

static void fence_all(void)
{
	smp_mb();
	on_each_cpu(fence, NULL, 1);
	smp_mb();
}

static bool scan_membarrier(struct srcu_struct *domain, int rank, int tries)
{
	return try_scan(domain, rank, tries, fence_all);
}

static bool scan_expedited(struct srcu_struct *domain, int rank, int tries)
{
	return try_scan(domain, rank, tries, synchronize_rcu_expedited);
}

/* Whether the sum of unlocks has to be taken now, for a scan that begins. */
static bool begin(struct scan *s, int rank)
{
	atomic_long_inc(&hits);
	if (s->begun && s->rank == rank)
		return false;
	s->begun = true;
	s->rank = rank;
	s->unlocks = sum(s->domain, rank, true);
	smp_mb(); /* the sum, before the grace period that is asked for next */
	return true;
}

static bool finish(struct scan *s)
{
	s->begun = false;
	smp_mb(); /* the end of the grace period, before the sum */
	return sum(s->domain, s->rank, false) == s->unlocks;
}

static bool scan_poll(struct srcu_struct *domain, int rank, int tries)
{
	struct scan *s = scan_of(domain);

	if (begin(s, rank))
		s->cookie = expedited(domain) ? start_poll_synchronize_rcu_expedited()
					      : start_poll_synchronize_rcu();
	return poll_state_synchronize_rcu(s->cookie) && finish(s);
}

/*
 * The same with the full cookie. A cookie of one word misses a normal grace period that
 * an expedited one overlapped, and then waits for one that nobody has asked for.
 */
static bool scan_poll_full(struct srcu_struct *domain, int rank, int tries)
{
	struct scan *s = scan_of(domain);

	if (begin(s, rank)) {
		if (expedited(domain))
			start_poll_synchronize_rcu_expedited_full(&s->full);
		else
			start_poll_synchronize_rcu_full(&s->full);
	}
	return poll_state_synchronize_rcu_full(&s->full) && finish(s);
}

/* The RCU callback of a scan: the work of the domain goes on at once. */
static void resume(struct rcu_head *callback)
{
	struct scan *s = container_of(callback, struct scan, callback);
	struct workqueue_struct *queue = READ_ONCE(s->queue);

	smp_store_release(&s->elapsed, true);
	if (queue)
		mod_delayed_work(queue, &s->domain->srcu_sup->work, 0);
}

static bool scan_callrcu(struct srcu_struct *domain, int rank, int tries)
{
	struct scan *s = scan_of(domain);

	if (!s->posted && expedited(domain)) /* call_rcu() has no expedited form */
		return scan_poll(domain, rank, tries);
	if (s->posted) {
		atomic_long_inc(&hits);
		if (!smp_load_acquire(&s->elapsed))
			return false;
		s->posted = false;
		/* A callback is never of another scan: a scan ends here alone. */
		return finish(s);
	}
	begin(s, rank);
	s->elapsed = false;
	s->posted = true;
	call_rcu(&s->callback, resume);
	return false;
}

/* Broken on purpose: no reader is ever seen. */
static bool scan_nothing(struct srcu_struct *domain, int rank, int tries)
{
	atomic_long_inc(&hits);
	return true;
}

/* ---- teardowns ---- */

/*
 * A teardown under way. Perf tears down under event_mutex, and the checks of this module
 * run one at a time, so each of the two has one; both may be under way at once.
 */
struct teardown {
	struct task_struct *task;
	unsigned long cookie;
	bool has_cookie;
	struct rcu_head callback;
	struct completion done;
};

static struct teardown of_perf, of_check;
static struct task_struct *checker; /* the task that checks; NULL if none does */

static struct teardown *teardown(void)
{
	return READ_ONCE(checker) == current ? &of_check : &of_perf;
}

static void await(unsigned long cookie)
{
	while (!poll_state_synchronize_srcu(&tracepoint_srcu, cookie))
		schedule_timeout_uninterruptible(1);
}

/* Instead of the wait for tracepoint_srcu: one for the grace period of the cookie. */
static void wait_cookie(struct srcu_struct *domain)
{
	struct teardown *t = teardown();

	atomic_long_inc(&hits);
	if (!t->has_cookie || t->task != current)
		t->cookie = start_poll_synchronize_srcu(domain);
	t->has_cookie = false;
	await(t->cookie);
}

static void wait_completion(struct srcu_struct *domain)
{
	atomic_long_inc(&hits);
	wait_for_completion(&teardown()->done);
}

/* Broken on purpose: it does not wait. */
static void wait_nothing(struct srcu_struct *domain)
{
	atomic_long_inc(&hits);
}

static void take_cookie(void)
{
	struct teardown *t = teardown();

	t->cookie = start_poll_synchronize_srcu(&tracepoint_srcu);
	t->has_cookie = true;
	t->task = current;
}

static void done(struct rcu_head *callback)
{
	complete(&container_of(callback, struct teardown, callback)->done);
}

static void post_callback(void)
{
	struct teardown *t = teardown();

	reinit_completion(&t->done);
	call_srcu(&tracepoint_srcu, &t->callback, done);
}

/* ---- candidates ---- */

static const struct candidate {
	const char *name;
	/* One of the two replaces a function of the kernel. */
	bool (*scan)(struct srcu_struct *domain, int rank, int tries);
	void (*wait)(struct srcu_struct *domain); /* for tracepoint_srcu, in a teardown */
	bool tracepoint_only; /* scan: of tracepoint_srcu alone */
	bool jiffy; /* scan: what is pending is looked at each jiffy */
	bool callback; /* scan: what is pending is looked at when a callback says so */
	void (*first)(void); /* wait: before the wait for Tasks-Trace */
	bool unregistered; /* wait: for the grace period that unregistering started */
} candidates[] = {
	{ .name = "" },
	{ .name = "membarrier", .scan = scan_membarrier },
	{ .name = "membarrier-tp", .scan = scan_membarrier, .tracepoint_only = true },
	{ .name = "expedited", .scan = scan_expedited },
	{ .name = "poll", .scan = scan_poll, .jiffy = true },
	{ .name = "poll-full", .scan = scan_poll_full, .jiffy = true },
	{ .name = "poll-slowly", .scan = scan_poll },
	{ .name = "callrcu", .scan = scan_callrcu, .callback = true },
	{ .name = "cookie", .wait = wait_cookie, .unregistered = true },
	{ .name = "startfirst", .wait = wait_cookie, .first = take_cookie },
	{ .name = "overlap", .wait = wait_completion, .first = post_callback },
	{ .name = "broken-wait", .wait = wait_nothing },
	{ .name = "broken-scan", .scan = scan_nothing },
};

static const struct candidate *chosen;

static int at_scan(struct kprobe *p, struct pt_regs *regs)
{
	struct srcu_struct *domain = (struct srcu_struct *)regs->di;

	if (!scan_of(domain) || (chosen->tracepoint_only && domain != &tracepoint_srcu))
		return 0;
	regs->ip = (unsigned long)chosen->scan;
	return 1;
}

/* queue_delayed_work_on(cpu, queue, work, delay) */
static int at_queue(struct kprobe *p, struct pt_regs *regs)
{
	struct delayed_work *work = (struct delayed_work *)regs->dx;
	int i;

	for (i = 0; i < ARRAY_SIZE(scans); i++) {
		struct scan *s = &scans[i];

		if (work != &s->domain->srcu_sup->work)
			continue;
		WRITE_ONCE(s->queue, (struct workqueue_struct *)regs->si);
		if (READ_ONCE(s->posted))
			/* The callback shortens this; a scan that is begun never waits longer. */
			regs->cx = READ_ONCE(s->elapsed) ? 0 : HZ;
		else if (READ_ONCE(s->begun))
			regs->cx = 1;
	}
	return 0;
}

/* Whether the function that calls the probed one tears down a tracepoint. */
static bool from_teardown(struct pt_regs *regs)
{
	unsigned long caller = *(unsigned long *)regs->sp;
	char name[KSYM_SYMBOL_LEN];

	if (within_module(caller, THIS_MODULE))
		return true;
	/* perf_trace_event_unreg may be inlined into others of perf's. */
	snprintf(name, sizeof(name), "%ps", (void *)caller);
	return !strncmp(name, "perf_trace_", strlen("perf_trace_"));
}

static int at_wait(struct kprobe *p, struct pt_regs *regs)
{
	struct srcu_struct *domain = (struct srcu_struct *)regs->di;

	if (domain != &tracepoint_srcu && domain != &rcu_tasks_trace_srcu_struct)
		return 0;
	if (!from_teardown(regs))
		return 0;
	if (domain != &tracepoint_srcu) {
		if (chosen->first)
			chosen->first();
		return 0;
	}
	regs->ip = (unsigned long)chosen->wait;
	return 1;
}

/* tracepoint_remove_func() asks for a grace period after it has unhooked the probe. */
static int at_start(struct kprobe *p, struct pt_regs *regs)
{
	struct teardown *t;

	if ((struct srcu_struct *)regs->di != &tracepoint_srcu)
		return 0;
	t = teardown();
	/* The probed function is about to return the same cookie. */
	t->cookie = get_state_synchronize_srcu(&tracepoint_srcu);
	t->task = current;
	t->has_cookie = true;
	return 0;
}

/* A probe that changes where its function goes on must have a post handler. */
static void nothing(struct kprobe *p, struct pt_regs *regs, unsigned long flags)
{
}

static struct kprobe replace = { .post_handler = nothing };
static struct kprobe queued = { .symbol_name = "queue_delayed_work_on", .pre_handler = at_queue };
static struct kprobe started = { .symbol_name = "start_poll_synchronize_srcu", .pre_handler = at_start };

static int put(struct kprobe *probe)
{
	int err = register_kprobe(probe);

	if (err)
		pr_err("gpstorm: no probe can be put on %s: %d\n", probe->symbol_name, err);
	return err;
}

static int put_in(void)
{
	int err = 0;

	if (chosen->scan) {
		replace.symbol_name = "try_check_zero";
		replace.pre_handler = at_scan;
	} else if (chosen->wait) {
		replace.symbol_name = "synchronize_srcu";
		replace.pre_handler = at_wait;
	} else {
		return 0;
	}
	if (chosen->jiffy || chosen->callback)
		err = put(&queued);
	if (!err && chosen->unregistered)
		err = put(&started);
	if (!err)
		err = put(&replace);
	if (err) {
		unregister_kprobe(&queued);
		unregister_kprobe(&started);
	}
	return err;
}

/* ---- the check of readers ---- */

/*
 * A tracepoint that threads of this module pass all the time, with a probe whose
 * sections are long and preemptible. The check registers the probe, unregisters it
 * while a reader is inside, tears it down as perf does, and looks whether the reader
 * still runs after that: in perf, that reader would use freed memory.
 */
DECLARE_TRACE(gpstorm_check, TP_PROTO(int unused), TP_ARGS(unused));
DEFINE_TRACE(gpstorm_check_tp, TP_PROTO(int unused), TP_ARGS(unused));

#define READERS 2
#define SECTION msecs_to_jiffies(30)

static struct {
	atomic_t inside; /* readers in a section */
	bool over; /* the teardown has returned */
	atomic_t late; /* sections that went on after it */
	int rounds, entered; /* rounds, and those with a reader inside */
} check;

static void check_probe(void *data, int unused)
{
	unsigned long end = jiffies + SECTION;

	atomic_inc(&check.inside);
	while (time_before(jiffies, end))
		cpu_relax();
	if (READ_ONCE(check.over))
		atomic_inc(&check.late);
	atomic_dec(&check.inside);
}

static int check_reader(void *unused)
{
	while (!kthread_should_stop()) {
		trace_call__gpstorm_check_tp(0);
		schedule_timeout_interruptible(1);
	}
	return 0;
}

static int check_round(void)
{
	int err, tries;

	WRITE_ONCE(check.over, false);
	err = register_trace_gpstorm_check_tp(check_probe, NULL);
	if (err)
		return err;
	for (tries = 0; tries < 1000 && !atomic_read(&check.inside); tries++)
		schedule_timeout_uninterruptible(1);
	unregister_trace_gpstorm_check_tp(check_probe, NULL);
	check.rounds++;
	if (atomic_read(&check.inside))
		check.entered++;
	tracepoint_synchronize_unregister();
	WRITE_ONCE(check.over, true);
	for (tries = 0; tries < 1000 && atomic_read(&check.inside); tries++)
		schedule_timeout_uninterruptible(1);
	return 0;
}

static int check_run(int rounds)
{
	struct task_struct *readers[READERS];
	int i, n, err = 0;

	for (n = 0; n < READERS; n++) {
		readers[n] = kthread_run(check_reader, NULL, "gpstorm_reader/%d", n);
		if (IS_ERR(readers[n])) {
			err = PTR_ERR(readers[n]);
			break;
		}
	}
	WRITE_ONCE(checker, current);
	for (i = 0; i < rounds && !err; i++)
		err = check_round();
	WRITE_ONCE(checker, NULL);
	while (n--)
		kthread_stop(readers[n]);
	return err;
}

static int check_set(const char *text, const struct kernel_param *kp)
{
	int rounds, err = kstrtoint(text, 0, &rounds);

	if (err)
		return err;
	if (rounds < 1 || rounds > 1000)
		return -ERANGE;
	/* A mutex of the module lets one task at a time write its parameters. */
	return check_run(rounds);
}

/* Rounds, rounds with a reader inside, and sections that outlived the teardown. */
static int check_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%d %d %d\n", check.rounds, check.entered, atomic_read(&check.late));
}

static const struct kernel_param_ops check_ops = { .set = check_set, .get = check_get };
module_param_cb(check, &check_ops, NULL, 0644);

static int __init gpstorm_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(candidates); i++)
		if (!strcmp(fix, candidates[i].name))
			chosen = &candidates[i];
	if (!chosen) {
		pr_err("gpstorm: no candidate %s\n", fix);
		return -EINVAL;
	}
	scans[0].domain = &tracepoint_srcu;
	scans[1].domain = &rcu_tasks_trace_srcu_struct;
	init_completion(&of_perf.done);
	init_completion(&of_check.done);
	return put_in();
}
module_init(gpstorm_init);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("gpstorm: candidates for the wait of tracepoint teardowns");
