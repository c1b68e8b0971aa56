/* init and exit that end in every way, chosen by a parameter. */
#include <linux/bug.h>
#include <linux/completion.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/processor.h>

static int how;
module_param(how, int, 0444);
static DECLARE_COMPLETION(never);

static int __init ends_init(void)
{
	switch (how) {
	case 1:
		WARN(1, "ends: as wanted\n");
		return 0;
	case 2:
		return *(volatile int *)16;
	case 3:
		wait_for_completion(&never);
		return 0;
	case 4:
		pr_info("ends: port %x\n", inb(0x3f8));
		return 0;
	case 5:
		for (;;)
			cpu_relax();
	case 6:
		__module_get(THIS_MODULE);
		return 0;
	default:
		return how < 0 ? how : 0;
	}
}

static void __exit ends_exit(void)
{
	if (how == 7)
		*(volatile int *)16 = 1;
}

module_init(ends_init);
module_exit(ends_exit);
MODULE_DESCRIPTION("ends");
MODULE_LICENSE("GPL");
