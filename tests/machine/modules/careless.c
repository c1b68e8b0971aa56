/* What a module leaves behind, locks that it holds, and sleeps where it must not; each function has one fault. */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

struct item { int written, unwritten; char text[24]; };

static DEFINE_MUTEX(mutex);
static DEFINE_SPINLOCK(spin);
static DECLARE_RWSEM(semaphore);
static void *volatile kept[8];
static int __percpu *counters;
static struct item *shared;

#define CALLED static noinline __noclone __used

CALLED void leaves_cache(void)
{
	kept[0] = kmem_cache_create("careless", 40, 0, 0, NULL);
}

CALLED void leaves_object(void)
{
	struct kmem_cache *cache = kmem_cache_create("careless_objects", 48, 0, 0, NULL);

	kept[1] = kmem_cache_alloc(cache, GFP_KERNEL);
	kept[2] = cache;
}

CALLED void leaves_pages(void)
{
	kept[3] = alloc_pages(GFP_KERNEL, 1);
}

CALLED void leaves_page_by_address(void)
{
	kept[4] = (void *)__get_free_page(GFP_KERNEL);
}

CALLED void leaves_vmalloc(void)
{
	kept[5] = vmalloc(8192);
}

CALLED void leaves_percpu(void)
{
	counters = alloc_percpu(int);
}

CALLED void leaves_workqueue(void)
{
	kept[6] = alloc_workqueue("careless", 0, 0);
}

CALLED int reads_unwritten(void)
{
	struct item *item = kmalloc(sizeof(*item), GFP_KERNEL);
	int found;

	item->written = 1;
	found = item->written + *(volatile int *)&item->unwritten;
	kfree(item);
	return found;
}

CALLED void holds_mutex(void)
{
	mutex_lock(&mutex);
}

CALLED void holds_semaphore(void)
{
	if (!down_write_trylock(&semaphore))
		pr_info("busy\n");
}

CALLED void holds_spinlock(void)
{
	spin_lock(&spin);
}

CALLED void sleeps_with_spinlock(void)
{
	void *memory;

	spin_lock(&spin);
	memory = kmalloc(16, GFP_KERNEL);
	spin_unlock(&spin);
	kfree(memory);
}

CALLED void sleeps_with_rcu(void)
{
	rcu_read_lock();
	mutex_lock(&mutex);
	mutex_unlock(&mutex);
	rcu_read_unlock();
}

CALLED void sleeps_with_interrupts_off(void)
{
	unsigned long flags;

	local_irq_save(flags);
	mutex_lock(&mutex);
	mutex_unlock(&mutex);
	local_irq_restore(flags);
}

/* All of it, as it should be. */
CALLED int sound(int n)
{
	struct kmem_cache *cache = kmem_cache_create("careful", 40, 0, 0, NULL);
	struct workqueue_struct *queue = alloc_workqueue("careful", 0, 0);
	struct page *pages = alloc_pages(GFP_KERNEL, 2);
	unsigned long address = __get_free_page(GFP_KERNEL), flags;
	int __percpu *own = alloc_percpu(int);
	void *object = kmem_cache_alloc(cache, GFP_KERNEL), *area = vmalloc(n);
	struct item *item = kmalloc(sizeof(*item), GFP_KERNEL), *copy;

	memset(item, n, sizeof(*item));
	copy = kmemdup(item, sizeof(*item), GFP_KERNEL);
	n = copy->unwritten != item->unwritten;
	if (mutex_lock_interruptible(&mutex) == 0) {
		down_read(&semaphore);
		spin_lock_irqsave(&spin, flags);
		kfree(kmalloc(16, GFP_ATOMIC));
		spin_unlock_irqrestore(&spin, flags);
		up_read(&semaphore);
		mutex_unlock(&mutex);
	}
	if (down_read_trylock(&semaphore))
		up_read(&semaphore);
	kfree(copy);
	kfree(item);
	vfree(area);
	kmem_cache_free(cache, object);
	free_percpu(own);
	free_page(address);
	__free_pages(pages, 2);
	destroy_workqueue(queue);
	kmem_cache_destroy(cache);
	return n;
}

static int __init careless_init(void)
{
	shared = kzalloc(sizeof(*shared), GFP_KERNEL);
	return shared ? shared->unwritten : -ENOMEM;
}

static void __exit careless_exit(void)
{
	kfree(shared);
}

module_init(careless_init);
module_exit(careless_exit);
MODULE_DESCRIPTION("carelessness");
MODULE_LICENSE("GPL");
