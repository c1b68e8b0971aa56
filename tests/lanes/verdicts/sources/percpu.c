/* Per-cpu variables. */
#include <linux/module.h>
#include <linux/percpu.h>

static DEFINE_PER_CPU(long, a_pcpu) = 1;
static DEFINE_PER_CPU(long[32], b_pcpu);

long __used percpu_code(int cpu)
{
	return per_cpu(a_pcpu, cpu) + per_cpu(b_pcpu, cpu)[1];
}

MODULE_LICENSE("GPL");
MODULE_INFO(intree, "Y");
