/* SPDX-License-Identifier: Apache-2.0 */
/* ext2, ext3 and ext4 by libext2fs, which reads through our span. */
#include <ext2fs/ext2fs.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "host/image/volume.h"

struct ext4 {
	struct volume volume;
	const struct span *span;
	ext2_filsys fs;
	ext2_file_t file; /* the file read last stays open: files are read piece by piece */
	ext2_ino_t file_inode;
};

/* ---- the io manager ---- */

/* libext2fs hands only a name to the manager's open, so the volume that is being opened waits here. */
static _Thread_local struct ext4 *opening;

static struct struct_io_manager io_span;

static errcode_t io_open(const char *name UNUSED, int flags UNUSED, io_channel *ret)
{
	io_channel channel = NULL;
	errcode_t r = ext2fs_get_memzero(sizeof *channel, &channel);

	if (r)
		return r;
	r = ext2fs_get_memzero(1, &channel->name);
	if (r) {
		(void)ext2fs_free_mem(&channel);
		return r;
	}
	channel->magic = EXT2_ET_MAGIC_IO_CHANNEL;
	channel->manager = &io_span;
	channel->block_size = 1024;
	channel->refcount = 1;
	channel->private_data = opening;
	*ret = channel;
	return 0;
}

static errcode_t io_close(io_channel channel)
{
	if (--channel->refcount > 0)
		return 0;
	(void)ext2fs_free_mem(&channel->name);
	return ext2fs_free_mem(&channel);
}

static errcode_t io_set_blksize(io_channel channel, int size)
{
	channel->block_size = size;
	return 0;
}

/* A negative count is a number of bytes. */
static errcode_t io_read_blk64(io_channel channel, unsigned long long block, int count, void *buf)
{
	const struct ext4 *ext4 = channel->private_data;
	uint64_t unit = (uint64_t)channel->block_size;
	uint64_t length = count < 0 ? (uint64_t) - (int64_t)count : (uint64_t)count * unit;

	if (block > span_size(ext4->span) / unit)
		return EXT2_ET_SHORT_READ;
	int r = span_read(ext4->span, block * unit, buf, length);
	return r < 0 ? EXT2_ET_SHORT_READ : 0;
}

static errcode_t io_read_blk(io_channel channel, unsigned long block, int count, void *buf)
{
	return io_read_blk64(channel, block, count, buf);
}

static errcode_t io_write_blk64(io_channel channel UNUSED, unsigned long long block UNUSED,
				int count UNUSED, const void *buf UNUSED)
{
	return EXT2_ET_RO_FILSYS;
}

static errcode_t io_write_blk(io_channel channel UNUSED, unsigned long block UNUSED,
			      int count UNUSED, const void *buf UNUSED)
{
	return EXT2_ET_RO_FILSYS;
}

static errcode_t io_flush(io_channel channel UNUSED)
{
	return 0;
}

static struct struct_io_manager io_span = {
	.magic = EXT2_ET_MAGIC_IO_MANAGER,
	.name = "span",
	.open = io_open,
	.close = io_close,
	.set_blksize = io_set_blksize,
	.read_blk = io_read_blk,
	.write_blk = io_write_blk,
	.flush = io_flush,
	.read_blk64 = io_read_blk64,
	.write_blk64 = io_write_blk64,
};

/* ---- errors ---- */

/* libext2fs' numbers as ours. Some of its functions return plain errnos. */
static int convert_error(errcode_t error)
{
	if (error == 0)
		return 0;
	if (error == EXT2_ET_NO_MEMORY)
		return -ENOMEM;
	if (error == EXT2_ET_SHORT_READ)
		return -EIO;
	if (error == EXT2_ET_BAD_MAGIC)
		return -EINVAL;
	if (error == EXT2_ET_UNSUPP_FEATURE || error == EXT2_ET_RO_UNSUPP_FEATURE ||
	    error == EXT2_ET_JOURNAL_UNSUPP_VERSION)
		return -ENOTSUP;
	if (error > 0 && error < 200)
		return -(int)error;
	return -EBADMSG;
}

/* ---- the ops ---- */

static struct ext4 *of(struct volume *volume)
{
	return (struct ext4 *)(void *)volume;
}

static int read_inode(struct ext4 *ext4, ext2_ino_t number, struct ext2_inode_large *ret)
{
	memset(ret, 0, sizeof *ret);
	return convert_error(ext2fs_read_inode_full(
		ext4->fs, number, (struct ext2_inode *)(void *)ret, (int)sizeof *ret));
}

static void convert_stat(const struct ext4 *ext4, ext2_ino_t number,
			 const struct ext2_inode_large *inode, struct tree_stat *ret)
{
	int64_t seconds = (int32_t)inode->i_mtime;

	/* The two lowest bits of the extra field count further 2^32 seconds. */
	if (EXT2_INODE_SIZE(ext4->fs->super) > EXT2_GOOD_OLD_INODE_SIZE &&
	    inode->i_extra_isize >= 8)
		seconds += (int64_t)(inode->i_mtime_extra & 3) << 32;
	*ret = (struct tree_stat){
		.mode = inode->i_mode,
		.uid = inode->i_uid | (uint32_t)inode->osd2.linux2.l_i_uid_high << 16,
		.gid = inode->i_gid | (uint32_t)inode->osd2.linux2.l_i_gid_high << 16,
		.links = inode->i_links_count,
		.size = inode->i_size | (uint64_t)inode->i_size_high << 32,
		.inode = number,
		.mtime_s = seconds,
	};
}

static int ext4_stat(struct volume *volume, uint64_t handle, struct tree_stat *ret)
{
	struct ext2_inode_large inode;
	int r = read_inode(of(volume), (ext2_ino_t)handle, &inode);

	if (r == 0)
		convert_stat(of(volume), (ext2_ino_t)handle, &inode, ret);
	return r;
}

#define EXPECTED_MAX (256U << 10) /* of one folder */

/* Who lists a folder mostly goes into those in it, and their blocks are scattered over the disk. */
static void expect_folder(struct ext4 *ext4, const struct ext2_inode_large *inode)
{
	const struct ext3_extent_header *head = (const void *)inode->i_block;
	const struct ext3_extent *first = (const void *)(head + 1);
	uint64_t block = inode->i_block[0], count = 1, unit = ext4->fs->blocksize;

	if (inode->i_flags & EXT4_EXTENTS_FL) {
		if (head->eh_magic != EXT3_EXT_MAGIC || head->eh_depth != 0 ||
		    head->eh_entries == 0)
			return;
		block = first->ee_start | (uint64_t)first->ee_start_hi << 32;
		count = first->ee_len;
	}
	uint64_t size = count * unit < EXPECTED_MAX ? count * unit : EXPECTED_MAX;
	if (block < span_size(ext4->span) / unit)
		span_expect(ext4->span, block * unit, size);
}

struct listing {
	struct ext4 *ext4;
	volume_entry_fn *entry;
	void *arg;
	int stopped, damaged;
};

static int list_one(ext2_ino_t dir UNUSED, int kind UNUSED, struct ext2_dir_entry *found,
		    int offset UNUSED, int block_size UNUSED, char *block UNUSED, void *arg)
{
	struct listing *listing = arg;
	size_t length = (size_t)ext2fs_dirent_name_len(found);
	struct ext2_inode_large inode;
	struct tree_stat stat;

	if (length == 0 ||
	    (found->name[0] == '.' && (length == 1 || (length == 2 && found->name[1] == '.'))))
		return 0;
	int r = read_inode(listing->ext4, found->inode, &inode);
	if (r == -EIO)
		listing->stopped = r;
	else if (r < 0)
		listing->damaged = r;
	if (r < 0)
		return listing->stopped ? DIRENT_ABORT : 0;
	if (S_ISDIR(inode.i_mode))
		expect_folder(listing->ext4, &inode);
	convert_stat(listing->ext4, found->inode, &inode, &stat);
	listing->stopped = listing->entry(listing->arg, found->name, length, found->inode, &stat);
	return listing->stopped ? DIRENT_ABORT : 0;
}

static int ext4_list(struct volume *volume, uint64_t handle, volume_entry_fn *entry, void *arg)
{
	struct listing listing = {.ext4 = of(volume), .entry = entry, .arg = arg};
	int r = convert_error(ext2fs_dir_iterate2(of(volume)->fs, (ext2_ino_t)handle, 0, NULL,
						  list_one, &listing));

	if (listing.stopped)
		return listing.stopped;
	if (r == 0)
		r = listing.damaged;
	return r == -EIO || r == 0 ? r : -EBADMSG;
}

static void forget_file(struct ext4 *ext4)
{
	if (ext4->file)
		(void)ext2fs_file_close(ext4->file);
	ext4->file = NULL;
	ext4->file_inode = 0;
}

static ssize_t ext4_read(struct volume *volume, uint64_t handle, uint64_t offset, void *buf,
			 size_t size)
{
	struct ext4 *ext4 = of(volume);
	unsigned got = 0;
	errcode_t error = 0;

	if (ext4->file_inode != handle) {
		forget_file(ext4);
		error = ext2fs_file_open2(ext4->fs, (ext2_ino_t)handle, NULL, 0, &ext4->file);
		if (!error)
			ext4->file_inode = (ext2_ino_t)handle;
		else
			ext4->file = NULL;
	}
	if (!error)
		error = ext2fs_file_llseek(ext4->file, offset, EXT2_SEEK_SET, NULL);
	if (!error)
		error = ext2fs_file_read(ext4->file, buf,
					 size > INT32_MAX ? INT32_MAX : (unsigned)size, &got);
	return error ? convert_error(error) : (ssize_t)got;
}

static ssize_t ext4_readlink(struct volume *volume, uint64_t handle, char *buf, size_t size)
{
	struct ext4 *ext4 = of(volume);
	struct ext2_inode_large inode;
	int r = read_inode(ext4, (ext2_ino_t)handle, &inode);

	if (r < 0)
		return r;
	if (!S_ISLNK(inode.i_mode))
		return -EINVAL;
	if (!ext2fs_is_fast_symlink((struct ext2_inode *)(void *)&inode))
		return ext4_read(volume, handle, 0, buf, size);
	size_t length = strnlen((const char *)inode.i_block, sizeof inode.i_block);
	if (length > size)
		length = size;
	memcpy(buf, inode.i_block, length);
	return (ssize_t)length;
}

static ssize_t ext4_xattr(struct volume *volume, uint64_t handle, const char *name, void *buf,
			  size_t size)
{
	struct ext2_xattr_handle *handles = NULL;
	void *value = NULL;
	size_t length = 0;
	errcode_t error = ext2fs_xattrs_open(of(volume)->fs, (ext2_ino_t)handle, &handles);

	if (!error)
		error = ext2fs_xattrs_read(handles);
	if (!error)
		error = ext2fs_xattr_get(handles, name, &value, &length);
	if (handles)
		(void)ext2fs_xattrs_close(&handles);
	ssize_t r = error == EXT2_ET_EA_KEY_NOT_FOUND ? -ENODATA : convert_error(error);
	if (r == 0)
		r = size == 0 || length <= size ? (ssize_t)length : -ERANGE;
	if (r > 0 && size > 0 && value)
		memcpy(buf, value, length);
	if (value)
		(void)ext2fs_free_mem(&value);
	return r;
}

static void ext4_free(struct volume *volume)
{
	struct ext4 *ext4 = of(volume);

	forget_file(ext4);
	if (ext4->fs)
		ext2fs_free(ext4->fs); /* not ext2fs_close: there is nothing to flush */
	free(ext4);
}

static const struct volume_ops ext4_ops = {
	.list = ext4_list,
	.stat = ext4_stat,
	.read = ext4_read,
	.readlink = ext4_readlink,
	.xattr = ext4_xattr,
	.free = ext4_free,
};

int ext4_open(const struct span *span, struct volume **ret)
{
	struct ext4 *ext4 = xnew(sizeof *ext4);

	*ext4 = (struct ext4){
		.volume = {.ops = &ext4_ops, .root = EXT2_ROOT_INO},
		.span = span,
	};
	opening = ext4;
	errcode_t error = ext2fs_open2("", NULL, EXT2_FLAG_64BITS, 0, 0, &io_span, &ext4->fs);
	opening = NULL;
	if (error) {
		ext4->fs = NULL;
		ext4_free(&ext4->volume);
		return convert_error(error);
	}
	struct ext2_super_block *super = ext4->fs->super;
	ext4->volume.is_clean = (super->s_state & EXT2_VALID_FS) &&
				!ext2fs_has_feature_journal_needs_recovery(super);
	ext4->volume.has_errors = (super->s_state & EXT2_ERROR_FS) || super->s_error_count > 0;
	*ret = &ext4->volume;
	return 0;
}
