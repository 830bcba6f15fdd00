/* culvert mtu: what fits through the tunnel, and through what carries it. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include "confpath.h"
#include "fault.h"
#include "flags.h"
#include "inner.h"
#include "jsonout.h"
#include "link.h"
#include "nsid.h"
#include "outerway.h"
#include "pathmtu.h"
#include "peerfile.h"
#include "rtnl.h"
#include "target.h"
#include "values.h"

/* IP and UDP headers, 16 bytes before the payload and 16 behind it. */
enum { OVERHEAD_V4 = 20 + 8 + 32, OVERHEAD_V6 = 40 + 8 + 32 };
/* IP and TCP headers without options. */
enum { TCP_V4 = 40, TCP_V6 = 60 };

struct mtu {
	struct target target;
	const char *label;
	struct ip_addr address;
	struct rtnl rtnl;
	struct link_state link;
	size_t inner, outer; /* 0: not known */
	size_t best;
	bool is_json, is_applied;
};

static size_t overhead(const struct mtu *mtu)
{
	return mtu->target.peer->endpoint.addr.family == IP_V6 ? OVERHEAD_V6 : OVERHEAD_V4;
}

static void say(const struct mtu *mtu, const char *text)
{
	if (!mtu->is_json) {
		puts(text);
		fflush(stdout);
	}
}

/* False when nothing inside answers: then there is nothing to go by. */
static bool probe_inner(struct mtu *mtu)
{
	int error =
		pathmtu_find(mtu->target.device.name, 0, &mtu->address, mtu->link.mtu, &mtu->inner);

	if (error == -ETIMEDOUT) {
		fault_say("%s does not answer echoes through the tunnel", mtu->label);
		fault_hint("`culvert ping' tells whether the tunnel works; --address names "
			   "another host behind it.");
	} else if (error) {
		fault_system("echo", error);
	}
	return !error;
}

/* Many hosts drop echoes from the net; then the way outside stays unknown. */
static void probe_outer(struct mtu *mtu)
{
	const struct device_settings *device = &mtu->target.device;
	const struct peer_settings *peer = mtu->target.peer;
	size_t most;

	if (outerway_find(device, peer, &most) ||
		pathmtu_find(NULL, device->fwmark, &peer->endpoint.addr, most, &mtu->outer))
		mtu->outer = 0;
}

/* The interface's MTU limits what can be tried inside. */
static void judge(struct mtu *mtu)
{
	size_t fits = mtu->outer ? mtu->outer - overhead(mtu) : mtu->inner;

	mtu->best = mtu->inner < mtu->link.mtu && mtu->inner < fits ? mtu->inner : fits;
}

static void tell(const struct mtu *mtu)
{
	printf("inside:   %zu bytes pass%s\n", mtu->inner,
		mtu->inner == mtu->link.mtu ? ", as many as the interface's MTU lets" : "");
	if (mtu->outer)
		printf("outside:  %zu bytes pass uncut, which is %zu inside\n", mtu->outer,
			mtu->outer - overhead(mtu));
	else
		printf("outside:  not known, as the endpoint answers no echoes\n");
	printf("best:     MTU %zu; MSS %zu for TCP over IPv4, %zu over IPv6\n", mtu->best,
		mtu->best - TCP_V4, mtu->best - TCP_V6);
	if (mtu->is_applied)
		printf("%s has this MTU now.\n", mtu->target.device.name);
	else if (mtu->best < mtu->link.mtu)
		printf("%s has %u, which is too much: `culvert mtu --apply' sets %zu.\n",
			mtu->target.device.name, mtu->link.mtu, mtu->best);
	else
		printf("%s has %u, which fits.\n", mtu->target.device.name, mtu->link.mtu);
}

static json_t *json_size(size_t size)
{
	return size ? json_integer((json_int_t)size) : NULL;
}

static void tell_json(const struct mtu *mtu)
{
	json_t *object = json_object();
	struct textbuf out = {0};

	json_put(object, "schema", json_string("culvert/mtu/1"));
	json_put(object, "interface", json_string(mtu->target.device.name));
	json_put(object, "peer", json_string(mtu->label));
	json_put(object, "interfaceMtu", json_size(mtu->link.mtu));
	json_put(object, "innerMtu", json_size(mtu->inner));
	json_put(object, "outerMtu", json_size(mtu->outer));
	json_put(object, "bestMtu", json_size(mtu->best));
	json_put(object, "mssV4", json_size(mtu->best - TCP_V4));
	json_put(object, "mssV6", json_size(mtu->best - TCP_V6));
	json_put(object, "isApplied", json_boolean(mtu->is_applied));
	json_print(&out, object);
	fputs(textbuf_status(&out) ? "" : out.text, stdout);
	textbuf_fini(&out);
}

/* In the file too, where there is one, so that it stays. */
static bool write_file(const struct mtu *mtu)
{
	char path[PATH_MAX], value[16];
	struct peerfile file;
	bool is_written;

	if (confpath_of(mtu->target.device.name, path) || access(path, F_OK) < 0) {
		fault_hint("%s has no file: this MTU ends with the interface.",
			mtu->target.device.name);
		return true;
	}
	snprintf(value, sizeof(value), "%zu", mtu->best);
	is_written = peerfile_open(&file, mtu->target.device.name, PEERFILE_TO_CHANGE) &&
		     peerfile_set_own(&file, CONF_MTU, value) && peerfile_write(&file);
	peerfile_close(&file);
	return is_written;
}

/* Never more than the interface has: another peer's path may be narrower. */
static bool apply(struct mtu *mtu)
{
	int error;

	if (mtu->best >= mtu->link.mtu)
		return true;
	error = link_set_mtu(&mtu->rtnl, mtu->link.ifindex, (uint32_t)mtu->best);
	if (error)
		fault_system(mtu->target.device.name, error);
	mtu->is_applied = !error && write_file(mtu);
	return mtu->is_applied;
}

static enum status measure(struct mtu *mtu, bool wants_apply)
{
	uint32_t ifindex;
	int error = link_find(mtu->target.device.name, &ifindex);
	bool is_good;

	if (!error)
		error = link_get(&mtu->rtnl, NSID_OWN, ifindex, &mtu->link);
	if (error) {
		fault_system(mtu->target.device.name, error);
		return STATUS_FAILED;
	}
	say(mtu, "trying sizes...");
	if (!probe_inner(mtu))
		return STATUS_FAILED;
	probe_outer(mtu);
	judge(mtu);
	is_good = !wants_apply || apply(mtu);
	if (mtu->is_json)
		tell_json(mtu);
	else
		tell(mtu);
	return is_good ? STATUS_FINE : STATUS_FAILED;
}

/* What to ask inside: from the option, else from the peer. */
static bool find_address(struct mtu *mtu, const char *address, const char *word)
{
	if (inner_address(mtu->target.peer, address ? address : word, &mtu->address))
		return true;
	fault_say("%s has no single address inside the tunnel", mtu->label);
	fault_hint("Name a host behind it by --address.");
	return false;
}

static enum status run(struct invocation *call)
{
	struct mtu mtu = {0};
	bool wants_apply = false;
	const char *address = NULL, *word;
	const struct flag flags[] = {{.name = "--address", .text = &address},
		{.name = "--apply", .is_set = &wants_apply},
		{.name = "--json", .is_set = &mtu.is_json}};
	char text[KEY_BASE64_LEN + 1];
	enum status status = STATUS_FAILED;
	int error;

	if (!flags_take(call, flags, 3) || !flags_count_words(call, 1, 2))
		return STATUS_USAGE;
	word = call->words[call->count - 1];
	error = rtnl_open(&mtu.rtnl);
	if (error)
		fault_system("netlink", error);
	else if (target_open_peer(&mtu.target, call->count == 3 ? call->words[1] : NULL, word)) {
		mtu.label = target_label(&mtu.target, mtu.target.peer, text);
		if (find_address(&mtu, address, word))
			status = measure(&mtu, wants_apply);
	}
	target_close(&mtu.target);
	rtnl_close(&mtu.rtnl);
	return status;
}

const struct subcommand mtu_subcommand = {
	.name = "mtu",
	.summary = "Finds the MTU that fits the way to a peer",
	.usage = "mtu [INTERFACE] PEER [--apply] [--address ADDRESS] [--json]",
	.help = "Tries echoes of different sizes, none of which may be cut: through the tunnel, "
		"and to\n"
		"the peer's endpoint beside it. Where large packets vanish on the way, "
		"connections\n"
		"through the tunnel begin and then hang; the best MTU avoids that.\n"
		"\n"
		"Options:\n"
		"  --apply            sets the interface's MTU, and MTU in its file, when it is "
		"too large;\n"
		"                     it is never made larger, as other peers may have narrower "
		"ways\n"
		"  --address ADDRESS  whom to ask inside; else the peer's first address of its "
		"own\n"
		"  --json             for scripts\n"
		"\n"
		"Examples:\n"
		"  culvert mtu laptop\n"
		"  culvert mtu wg0 office --address 192.168.7.1 --apply\n",
	.run = run,
};
