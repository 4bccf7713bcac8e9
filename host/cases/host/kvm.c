/* SPDX-License-Identifier: Apache-2.0 */
/* KVM itself: Documentation/virt/kvm/api.rst of Linux. That it runs whole guests is proved before a plan is made; these say
 * what is wrong when it is asked directly. */
#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "host/cases/host_side.h"

#define KVM_DEVICE "/dev/kvm"
#define HLT	   0xf4

#if defined(__x86_64__)

/* All of it goes before anything is checked: a check may end the case. */
struct tiny {
	int kvm, vm, vcpu;
	unsigned char *memory;
	struct kvm_run *run;
	size_t run_size;
};

static void tiny_done(struct tiny *tiny)
{
	if (tiny->run)
		(void)munmap(tiny->run, tiny->run_size);
	if (tiny->memory)
		(void)munmap(tiny->memory, 4096);
	(void)close(tiny->vcpu);
	(void)close(tiny->vm);
	(void)close(tiny->kvm);
}

/* A CPU in real mode at address 0, with one page in which there is only a HLT. False with errno. */
static bool tiny_make(struct tiny *tiny)
{
	struct kvm_userspace_memory_region region = {.memory_size = 4096};
	struct kvm_sregs sregs;
	struct kvm_regs regs = {.rflags = 2};

	tiny->vm = ioctl(tiny->kvm, KVM_CREATE_VM, 0UL);
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tiny->vm < 0 || page == MAP_FAILED)
		return false;
	tiny->memory = page;
	tiny->memory[0] = HLT;
	region.userspace_addr = (uintptr_t)page;
	if (ioctl(tiny->vm, KVM_SET_USER_MEMORY_REGION, &region) < 0)
		return false;
	tiny->vcpu = ioctl(tiny->vm, KVM_CREATE_VCPU, 0UL);
	int size = ioctl(tiny->kvm, KVM_GET_VCPU_MMAP_SIZE, 0UL);
	if (tiny->vcpu < 0 || size <= 0)
		return false;
	tiny->run_size = (size_t)size;
	void *run = mmap(NULL, tiny->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, tiny->vcpu, 0);
	if (run == MAP_FAILED || ioctl(tiny->vcpu, KVM_GET_SREGS, &sregs) < 0)
		return false;
	tiny->run = run;
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	return ioctl(tiny->vcpu, KVM_SET_SREGS, &sregs) == 0 &&
	       ioctl(tiny->vcpu, KVM_SET_REGS, &regs) == 0;
}

HOST_CASE(host, kvm_is_usable,
	  .title = "The host's KVM opens, has the right version and runs instructions",
	  .priority = P0, .isolation = ISOLATION_SHARED, .needs = "kvm", .timeout_s = 10,
	  .why = "What KVM cannot run is no fault of the image.",
	  .remedy = "See what `assay doctor` says of kvm.", .sources = "own")
{
	struct tiny tiny = {.vm = -1, .vcpu = -1};

	tiny.kvm = open(host_side_path(t, KVM_DEVICE), O_RDWR | O_CLOEXEC);
	int version = tiny.kvm < 0 ? -1 : ioctl(tiny.kvm, KVM_GET_API_VERSION, 0UL);
	bool is_made = version == KVM_API_VERSION && tiny_make(&tiny);
	bool has_run = is_made && ioctl(tiny.vcpu, KVM_RUN, 0UL) == 0;
	unsigned reason = has_run ? tiny.run->exit_reason : KVM_EXIT_UNKNOWN;
	tiny_done(&tiny);
	HOST_REQUIRE(t, tiny.kvm >= 0);
	HOST_CHECK_EQ(t, version, KVM_API_VERSION);
	HOST_CHECK(t, is_made);
	HOST_CHECK_EQ(t, reason, KVM_EXIT_HLT);
}

HOST_SABOTAGE(host, kvm_is_usable, KVM_DEVICE " is another device")
{
	host_side_plant_link(t, KVM_DEVICE, "/dev/null");
}

#endif

static const struct capability {
	int number;
	const char *name;
} capabilities[] = {
	{KVM_CAP_USER_MEMORY, "user memory"},	    {KVM_CAP_IRQFD, "irqfd"},
	{KVM_CAP_IOEVENTFD, "ioeventfd"},	    {KVM_CAP_SYNC_MMU, "a synchronised MMU"},
	{KVM_CAP_IMMEDIATE_EXIT, "immediate exit"},
};

HOST_CASE(host, kvm_capabilities_match_policy,
	  .title = "KVM offers the capabilities and CPU counts the sizes need", .priority = P1,
	  .isolation = ISOLATION_SHARED, .needs = "kvm", .timeout_s = 10,
	  .why = "QEMU does without what KVM lacks, slowly, or refuses the machine.",
	  .remedy = "Run a current kernel on the host, with KVM as distributions build it.",
	  .sources = "own")
{
	int kvm = open(host_side_path(t, KVM_DEVICE), O_RDWR | O_CLOEXEC);
	int answers[sizeof capabilities / sizeof capabilities[0]];

	HOST_REQUIRE(t, kvm >= 0);
	for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
		answers[i] = ioctl(kvm, KVM_CHECK_EXTENSION, (long)capabilities[i].number);
	int cpus = ioctl(kvm, KVM_CHECK_EXTENSION, (long)KVM_CAP_MAX_VCPUS);
	(void)close(kvm);
	for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
		if (answers[i] > 0)
			host_check_passed(t);
		else
			HOST_FAIL(t, "KVM does not offer %s", capabilities[i].name);
	}
	HOST_CHECK_GE(t, cpus, machine_spec(host_machine(t))->size->cpus);
}

HOST_SABOTAGE(host, kvm_capabilities_match_policy, KVM_DEVICE " answers to no question")
{
	host_side_plant_link(t, KVM_DEVICE, "/dev/null");
}
