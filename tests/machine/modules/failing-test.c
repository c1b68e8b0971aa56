/* A suite whose cases pass, fail, are skipped and crash. */
#include <kunit/test.h>

static void passes(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 4, 2 + 2);
}

static void fails(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 5, 2 + 2);
}

static void skips(struct kunit *test)
{
	kunit_skip(test, "not here");
}

static void crashes(struct kunit *test)
{
	*(volatile int *)16 = 1;
}

static void after(struct kunit *test)
{
	KUNIT_SUCCEED(test);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(passes), KUNIT_CASE(fails), KUNIT_CASE(skips), KUNIT_CASE(crashes), KUNIT_CASE(after), {}
};

static struct kunit_suite failing = { .name = "failing", .test_cases = cases };

kunit_test_suite(failing);
MODULE_LICENSE("GPL");
