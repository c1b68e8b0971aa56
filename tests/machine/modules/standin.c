// SPDX-License-Identifier: LGPL-2.1-or-later
/* Calls functions of every prototype: some that no kernel has, one that is there without an export. */
#include <linux/module.h>
#include <linux/slab.h>

struct urb { void *context; int actual_length; u32 transfer_buffer_length; };
struct pair { int x; u8 y; };
struct wide { long a; int b; };
struct large { long a[3]; char name[8]; };

int usb_submit_urb(struct urb *urb, gfp_t flags);
char *absent_text(const char *name, bool upper);
struct pair absent_pair(struct pair one, long n);
struct wide absent_wide(struct wide one, int a, int b, int c, int d, struct wide two, long last);
struct large absent_large(struct large one, u8 n);
void absent_nothing(int a, ...);
unsigned long kallsyms_lookup_name(const char *name);
u64 absent_u64(s8 small);

static noinline __noclone __used int send(u32 length)
{
	struct urb urb = { .transfer_buffer_length = length };
	int result = usb_submit_urb(&urb, GFP_KERNEL);

	return result ? result : urb.actual_length;
}

static noinline __noclone __used char *text(const char *name)
{
	return absent_text(name, true);
}

static noinline __noclone __used struct pair pair(struct pair one)
{
	return absent_pair(one, -3);
}

static noinline __noclone __used struct wide wide(long a)
{
	struct wide one = { a, 1 }, two = { a + 1, 2 };

	return absent_wide(one, 3, 4, 5, 6, two, -7);
}

static noinline __noclone __used struct large large(long a)
{
	struct large one = { { a, a + 1, a + 2 }, "large" };

	return absent_large(one, 250);
}

static noinline __noclone __used u64 small(int n)
{
	absent_nothing(n, 1, 2);
	return absent_u64(n);
}

static noinline __noclone __used unsigned long lookup(const char *name)
{
	return kallsyms_lookup_name(name);
}

static int __init standin_init(void)
{
	return send(1) < 0 ? -EIO : 0;
}

static void __exit standin_exit(void)
{
}

module_init(standin_init);
module_exit(standin_exit);
MODULE_LICENSE("GPL");
