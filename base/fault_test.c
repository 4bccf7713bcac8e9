/* SPDX-License-Identifier: Apache-2.0 */
/* Faults on purpose. */
#include "base/fault.h"

#include "base/test.h"

TEST(fault, hits_the_nth_passage_once)
{
	EXPECT(!fault_hit(FAULT_READ));
	fault_arm(FAULT_READ, 3, EIO);
	EXPECT(!fault_hit(FAULT_READ));
	EXPECT(!fault_hit(FAULT_READ));
	EXPECT(!fault_hit(FAULT_SPAWN));
	errno = 0;
	EXPECT(fault_hit(FAULT_READ));
	EXPECT_NUMBER(errno, EIO);
	EXPECT(!fault_hit(FAULT_READ));
	fault_arm(FAULT_READ, 1, EIO);
	fault_arm(FAULT_READ, 0, 0);
	EXPECT(!fault_hit(FAULT_READ));
}
