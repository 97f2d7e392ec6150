// SPDX-License-Identifier: GPL-2.0
// Candidate membarrier, for who builds a kernel: each scan of an SRCU-fast domain
// interrupts every CPU for a memory barrier, and waits for no RCU grace period.
//
//	spatch --sp-file membarrier.cocci --in-place LINUX/kernel/rcu/srcutree.c

@scan@
@@
 srcu_readers_active_idx_check(...)
 {
 <+...
(
-synchronize_rcu_expedited();
+order_all_cpus();
|
-synchronize_rcu();
+order_all_cpus();
)
 ...+>
 }

@depends on scan@
@@
+static void order_this_cpu(void *unused)
+{
+	smp_mb();
+}
+
+static void order_all_cpus(void)
+{
+	smp_mb();
+	on_each_cpu(order_this_cpu, NULL, 1);
+	smp_mb();
+}
+
 srcu_readers_active_idx_check(...)
 {
 ...
 }
