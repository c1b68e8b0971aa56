/* init and exit that end in every way, chosen by a parameter. */
#include <linux/bug.h>
#include <linux/completion.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/processor.h>

static int how;
module_param(how, int, 0444);
static DECLARE_COMPLETION(never);
static void *kept;

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
	case 8:
		kept = kmalloc(40, GFP_KERNEL);
		return 0;
	case 9:
		kept = kzalloc(40, GFP_KERNEL);
		return -ENOMEM;
	case 10:
		add_taint(TAINT_FIRMWARE_WORKAROUND, LOCKDEP_STILL_OK);
		return 0;
	case 11:
		kept = kmalloc(40, GFP_KERNEL);
		return 0;
	default:
		return how < 0 ? how : 0;
	}
}

static void __exit ends_exit(void)
{
	if (how == 7)
		*(volatile int *)16 = 1;
	if (how == 11)
		kfree(kept);
}

module_init(ends_init);
module_exit(ends_exit);
MODULE_DESCRIPTION("ends");
MODULE_LICENSE("GPL");
