/* SPDX-License-Identifier: Apache-2.0 */
/* Typed arrays. */
#include "base/vec.h"

#include "base/test.h"

DEFINE_VEC(number_vec, int);

TEST(vec, grows_up_to_its_maximum)
{
	struct number_vec numbers = VEC_INIT(20);
	const struct number_vec *fixed = &numbers;
	int sum = 0;

	for (int i = 0; i < 20; i++)
		EXPECT(vec_add(&numbers, i));
	EXPECT(!vec_add(&numbers, 20));
	EXPECT_NUMBER(numbers.count, 20);
	vec_each (fixed, number)
		sum += *number;
	EXPECT_NUMBER(sum, 190);
	vec_done(&numbers);
	EXPECT_NUMBER(numbers.count, 0);
	EXPECT(vec_add(&numbers, 1));
	vec_done(&numbers);
}

TEST(vec, empty_has_nothing_to_visit)
{
	struct number_vec numbers = VEC_INIT(0);
	int visits = 0;

	vec_each (&numbers, number)
		visits += *number;
	EXPECT_NUMBER(visits, 0);
	EXPECT(!vec_add(&numbers, 1));
}
