/*
 * The liburcu peer: the memb flavour, inlined (_LGPL_SOURCE), measured the way
 * the Go side is measured.
 *
 *   urcu read THREADS UPDATERS MS   CPU ns per lock + load + unlock of a reader
 *   urcu sync THREADS MS            wall ns per synchronize_rcu: p50 p99 count,
 *                                   of those that a reader ran beside, and of all
 */
#define _GNU_SOURCE
#define _LGPL_SOURCE
#include <urcu/urcu-memb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Moves the loop of a reader by so many bytes from a cache line. */
#ifndef SKIP
#define SKIP 0
#endif
#define STRING(x) #x
#define MOVE(bytes) __asm__ volatile(".p2align 6\n\t.rept " STRING(bytes) "\n\tnop\n\t.endr")

static int one = 1;
static int *shared = &one;
static volatile int stop;

struct reader {
	pthread_t thread;
	double ns_per_op;
	long sum;
	volatile long ops; /* so far */
} __attribute__((aligned(128)));

static double now(clockid_t c)
{
	struct timespec t;
	clock_gettime(c, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static void *read_side(void *arg)
{
	struct reader *r = arg;
	long ops = 0, sum = 0;
	double start;

	urcu_memb_register_thread();
	start = now(CLOCK_THREAD_CPUTIME_ID);
	do { /* at least once, however late this thread begins */
		MOVE(SKIP);
		for (int i = 0; i < 1000; i++) {
			urcu_memb_read_lock();
			sum += *rcu_dereference(shared);
			urcu_memb_read_unlock();
		}
		r->ops = ops += 1000;
	} while (!stop);
	r->ns_per_op = (now(CLOCK_THREAD_CPUTIME_ID) - start) / ops;
	r->sum = sum;
	urcu_memb_unregister_thread();
	return NULL;
}

static void *update_side(void *arg)
{
	(void)arg;
	urcu_memb_register_thread();
	while (!stop)
		urcu_memb_synchronize_rcu();
	urcu_memb_unregister_thread();
	return NULL;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static long progress(struct reader *r, int threads)
{
	long sum = 0;

	for (int i = 0; i < threads; i++)
		sum += r[i].ops;
	return sum;
}

/* Does a reader run beside this thread, that is, does it get on while we look? */
static int running(struct reader *r, int threads)
{
	long before = progress(r, threads);
	double start = now(CLOCK_MONOTONIC);

	if (threads == 0)
		return 1;
	while (now(CLOCK_MONOTONIC) - start < 5e3)
		if (progress(r, threads) != before)
			return 1;
	return 0;
}

static void *idle(void *arg)
{
	(void)arg;
	pause();
	return NULL;
}

static void measure_sync(struct reader *r, int threads, int ms)
{
	static double took[1 << 20];
	int n = 0, all = 0;
	double end = now(CLOCK_MONOTONIC) + ms * 1e6;

	urcu_memb_register_thread();
	while (n < 1 << 20) {
		int before = running(r, threads);
		double t = now(CLOCK_MONOTONIC);
		if (t >= end)
			break;
		urcu_memb_synchronize_rcu();
		took[n] = now(CLOCK_MONOTONIC) - t;
		all++;
		/* Without readers running beside it a grace period is cheap. */
		if (before && running(r, threads))
			n++;
	}
	urcu_memb_unregister_thread();
	if (n == 0) {
		printf("0 0 0 %d\n", all);
		return;
	}
	qsort(took, n, sizeof(took[0]), by_value);
	printf("%.1f %.1f %d %d\n", took[n / 2], took[n * 99 / 100], n, all);
}

int main(int argc, char **argv)
{
	int read = argc == 5 && !strcmp(argv[1], "read");
	int sync = argc == 4 && !strcmp(argv[1], "sync");
	int threads, updaters, ms;
	struct reader *r;
	pthread_t u;
	double total = 0;

	if (!read && !sync) {
		fprintf(stderr, "usage: urcu read THREADS UPDATERS MS | urcu sync THREADS MS\n");
		return 2;
	}
	threads = atoi(argv[2]);
	updaters = read ? atoi(argv[3]) : 0;
	ms = atoi(argv[argc - 1]);
	r = aligned_alloc(128, sizeof(*r) * (threads + 1));
	for (int i = 0; i < threads; i++)
		pthread_create(&r[i].thread, NULL, read_side, &r[i]);
	if (updaters)
		pthread_create(&u, NULL, update_side, NULL);
	if (sync) {
		/*
		 * membarrier(2) returns at once in a process of one thread. A Go
		 * program always has more.
		 */
		pthread_create(&u, NULL, idle, NULL);
		measure_sync(r, threads, ms);
	}
	else
		usleep(ms * 1000);
	stop = 1;
	for (int i = 0; i < threads; i++) {
		pthread_join(r[i].thread, NULL);
		total += r[i].ns_per_op;
	}
	if (updaters)
		pthread_join(u, NULL);
	if (read)
		printf("%.4f\n", total / threads);
	return 0;
}
