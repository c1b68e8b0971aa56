/* Memory of kmalloc() and the ways to misuse it; each function has one fault. */
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>

struct item {
	struct rcu_head rcu;
	char text[20];
};

char *kept;

static noinline int sound(int n)
{
	char *bytes = kmalloc(n, GFP_KERNEL), *copy;
	struct item *item = kzalloc(sizeof(*item), GFP_KERNEL);
	int sum = 0;

	if (!bytes || !item)
		goto out;
	memset(bytes, 1, n);
	bytes = krealloc(bytes, 2 * n, GFP_KERNEL);
	memset(bytes + n, 2, n);
	while (n--)
		sum += bytes[n] + item->text[n % sizeof(item->text)];
	copy = kmemdup(bytes, ksize(bytes), GFP_KERNEL);
	kfree(copy);
out:
	kfree(bytes);
	if (item)
		kfree_rcu(item, rcu);
	return sum;
}

static noinline void write_after_end(int n)
{
	char *bytes = kmalloc(n, GFP_KERNEL);

	bytes[n] = 0;
	kfree(bytes);
}

static noinline int read_before_start(void)
{
	int *numbers = kcalloc(8, sizeof(int), GFP_KERNEL), found;

	found = *(volatile int *)(numbers - 1);
	kfree(numbers);
	return found;
}

static noinline void clear(char *bytes, size_t n)
{
	memset(bytes, 0, n);
}

static noinline void set_too_much(void)
{
	struct item *item = kmalloc(sizeof(*item), GFP_KERNEL);

	clear(item->text, sizeof(*item));
	kfree(item);
}

static noinline int use_after_free(void)
{
	struct item *item = kzalloc(sizeof(*item), GFP_KERNEL);

	kfree(item);
	return *(volatile char *)item->text;
}

static noinline void free_twice(void)
{
	char *volatile bytes = kstrdup("twice", GFP_KERNEL);

	kfree(bytes);
	kfree(bytes);
}

static noinline void leak(void)
{
	kept = kmalloc(40, GFP_KERNEL);
}

static void *use[] = { sound, write_after_end, read_before_start, set_too_much, use_after_free, free_twice, leak };

static int __init buggy_init(void)
{
	int *first = kmalloc(sizeof(*first), GFP_KERNEL);

	*first = use[0] != NULL;
	kfree(first);
	return 0;
}

static void __exit buggy_exit(void)
{
	kept = NULL;
}

module_init(buggy_init);
module_exit(buggy_exit);
MODULE_DESCRIPTION("misuse of memory");
MODULE_LICENSE("GPL");
