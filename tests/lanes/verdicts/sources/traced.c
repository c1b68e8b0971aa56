/* Has formats of trace_printk(), and never prints one. */
#include <linux/kernel.h>
#include <linux/module.h>

int __used traced_code(int number)
{
	trace_printk("a number, %d\n", number);
	return number;
}

MODULE_LICENSE("GPL");
MODULE_INFO(intree, "Y");
