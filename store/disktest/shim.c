// A VFS of SQLite that passes everything on to the one of the operating system,
// counts what is done with the files of a database that is watched, and has one
// step of it fail: https://www.sqlite.org/vfs.html. Other files do not pass it.
#define _GNU_SOURCE
#include "shim.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// The interface of SQLite, version 2 of its methods: what the shim has to know of
// it. The program links SQLite by another package, hence the weak symbols: this
// one alone is linked without.
typedef long long int64;
typedef struct file file;
typedef struct vfs vfs;
typedef struct methods methods;
struct file {
	const methods *methods;
};
struct methods {
	int version;
	int (*close)(file *);
	int (*read)(file *, void *, int, int64);
	int (*write)(file *, const void *, int, int64);
	int (*truncate)(file *, int64);
	int (*sync)(file *, int);
	int (*size)(file *, int64 *);
	int (*lock)(file *, int);
	int (*unlock)(file *, int);
	int (*reserved)(file *, int *);
	int (*control)(file *, int, void *);
	int (*sector)(file *);
	int (*device)(file *);
	int (*shm_map)(file *, int, int, int, void volatile **);
	int (*shm_lock)(file *, int, int, int);
	void (*shm_barrier)(file *);
	int (*shm_unmap)(file *, int);
};
struct vfs {
	int version;
	int file_size;
	int most_path;
	vfs *next;
	const char *name;
	void *data;
	int (*open)(vfs *, const char *, file *, int, int *);
	int (*delete)(vfs *, const char *, int);
	int (*access)(vfs *, const char *, int, int *);
	int (*full_path)(vfs *, const char *, int, char *);
	void *(*dl_open)(vfs *, const char *);
	void (*dl_error)(vfs *, int, char *);
	void (*(*dl_sym)(vfs *, void *, const char *))(void);
	void (*dl_close)(vfs *, void *);
	int (*randomness)(vfs *, int, char *);
	int (*sleep)(vfs *, int);
	int (*time)(vfs *, double *);
	int (*last_error)(vfs *, int, char *);
	int (*time64)(vfs *, int64 *);
	int (*set_call)(vfs *, const char *, void (*)(void));
	void (*(*get_call)(vfs *, const char *))(void);
	const char *(*next_call)(vfs *, const char *);
};
extern vfs *sqlite3_vfs_find(const char *) __attribute__((weak));
extern int sqlite3_vfs_register(vfs *, int) __attribute__((weak));

enum {
	ok = 0,
	io_error = 10,
	full = 13,
	cannot_open = 14,
	io_read = io_error | 1 << 8,
	io_write = io_error | 3 << 8,
	io_sync = io_error | 4 << 8,
	io_truncate = io_error | 6 << 8,
	io_size = io_error | 7 << 8,
	io_delete = io_error | 10 << 8,
	io_lock = io_error | 15 << 8,
	io_shm_lock = io_error | 20 << 8,
	io_shm_map = io_error | 21 << 8,
	shm_unlock = 1,
	longest_sleep = 500 // microseconds, of whoever uses a watched file
};

// disk is a database that is watched: the files whose names begin with its path.
struct disk {
	char *path;
	size_t length;
	long steps, fail_at, failures;
	int forever, full;
	long open;
	char what[256];
	disk *next;
};

// watched is a file of such a database; the one of the operating system follows.
typedef struct {
	file base;
	disk *disk;
	const char *name;
} watched;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static disk *disks;
static vfs *below;
static vfs shim;
static __thread int lately; // this thread has used a watched file since it slept

static file *inner(file *f) { return (file *)((watched *)f + 1); }

// fails counts a step, and says whether it is to fail.
static int fails(disk *d, const char *what, const char *name) {
	pthread_mutex_lock(&mutex);
	lately = 1;
	long step = ++d->steps;
	int bad = d->fail_at && (step == d->fail_at || (d->forever && step > d->fail_at));
	if (bad && !d->failures++) snprintf(d->what, sizeof d->what, "%s of %s", what, strrchr(name, '/') + 1);
	pthread_mutex_unlock(&mutex);
	return bad;
}

static int fails_of(file *f, const char *what) { return fails(((watched *)f)->disk, what, ((watched *)f)->name); }

static int on_close(file *f) {
	disk *d = ((watched *)f)->disk;
	int result = inner(f)->methods->close(inner(f));
	pthread_mutex_lock(&mutex);
	d->open--;
	pthread_mutex_unlock(&mutex);
	return result;
}

static int on_read(file *f, void *to, int n, int64 at) {
	if (fails_of(f, "read")) return io_read;
	return inner(f)->methods->read(inner(f), to, n, at);
}

// on_write leaves half of what it was given where it fails, as a disk may.
static int on_write(file *f, const void *from, int n, int64 at) {
	if (!fails_of(f, "write")) return inner(f)->methods->write(inner(f), from, n, at);
	inner(f)->methods->write(inner(f), from, n / 2, at);
	return ((watched *)f)->disk->full ? full : io_write;
}

static int on_truncate(file *f, int64 size) {
	if (fails_of(f, "truncate")) return io_truncate;
	return inner(f)->methods->truncate(inner(f), size);
}

static int on_sync(file *f, int flags) {
	if (fails_of(f, "sync")) return io_sync;
	return inner(f)->methods->sync(inner(f), flags);
}

static int on_size(file *f, int64 *size) {
	if (fails_of(f, "size")) return io_size;
	return inner(f)->methods->size(inner(f), size);
}

static int on_lock(file *f, int how) {
	if (fails_of(f, "lock")) return io_lock;
	return inner(f)->methods->lock(inner(f), how);
}

static int on_unlock(file *f, int how) { return inner(f)->methods->unlock(inner(f), how); }

static int on_reserved(file *f, int *out) { return inner(f)->methods->reserved(inner(f), out); }

static int on_control(file *f, int op, void *arg) { return inner(f)->methods->control(inner(f), op, arg); }

static int on_sector(file *f) { return inner(f)->methods->sector(inner(f)); }

static int on_device(file *f) { return inner(f)->methods->device(inner(f)); }

static int on_shm_map(file *f, int page, int size, int extend, void volatile **out) {
	if (fails_of(f, "shared memory")) {
		*out = 0;
		return io_shm_map;
	}
	return inner(f)->methods->shm_map(inner(f), page, size, extend, out);
}

static int on_shm_lock(file *f, int offset, int n, int flags) {
	if (!(flags & shm_unlock) && fails_of(f, "lock of shared memory")) return io_shm_lock;
	return inner(f)->methods->shm_lock(inner(f), offset, n, flags);
}

static void on_shm_barrier(file *f) { inner(f)->methods->shm_barrier(inner(f)); }

static int on_shm_unmap(file *f, int delete) { return inner(f)->methods->shm_unmap(inner(f), delete); }

static const methods counted = {
	2, on_close, on_read, on_write, on_truncate, on_sync, on_size, on_lock, on_unlock, on_reserved,
	on_control, on_sector, on_device, on_shm_map, on_shm_lock, on_shm_barrier, on_shm_unmap,
};

// disk_of is who watches that name; nobody is 0.
static disk *disk_of(const char *name) {
	disk *found = 0;
	pthread_mutex_lock(&mutex);
	for (disk *d = disks; name && d && !found; d = d->next)
		if (!strncmp(d->path, name, d->length)) found = d;
	pthread_mutex_unlock(&mutex);
	return found;
}

static int on_open(vfs *v, const char *name, file *f, int flags, int *out) {
	(void)v;
	disk *d = disk_of(name);
	lately = d != 0;
	if (!d) return below->open(below, name, f, flags, out);
	f->methods = 0;
	if (fails(d, "open", name)) return cannot_open;
	int result = below->open(below, name, inner(f), flags, out);
	if (result != ok) return result;
	watched *w = (watched *)f;
	w->base.methods = &counted;
	w->disk = d;
	w->name = name;
	pthread_mutex_lock(&mutex);
	d->open++;
	pthread_mutex_unlock(&mutex);
	return ok;
}

static int on_delete(vfs *v, const char *name, int sync) {
	(void)v;
	disk *d = disk_of(name);
	if (d && fails(d, "delete", name)) return io_delete;
	return below->delete(below, name, sync);
}

// on_sleep is short for whoever waits for a lock of a watched file: time that is
// simulated does not pass meanwhile.
static int on_sleep(vfs *v, int microseconds) {
	(void)v;
	int watched = lately;
	lately = 0; // the next step of a watched file says so again
	if (!watched || microseconds < longest_sleep) return below->sleep(below, microseconds);
	usleep(longest_sleep);
	return microseconds;
}

int disk_register(void) {
	if (!sqlite3_vfs_find || !sqlite3_vfs_register) return -1;
	below = sqlite3_vfs_find(0);
	shim = *below;
	shim.next = 0;
	shim.name = "backstop-disktest";
	shim.file_size = (int)sizeof(watched) + below->file_size;
	shim.open = on_open;
	shim.delete = on_delete;
	shim.sleep = on_sleep;
	return sqlite3_vfs_register(&shim, 1);
}

disk *disk_watch(const char *path) {
	disk *d = calloc(1, sizeof *d);
	d->path = strdup(path);
	d->length = strlen(path);
	pthread_mutex_lock(&mutex);
	d->next = disks;
	disks = d;
	pthread_mutex_unlock(&mutex);
	return d;
}

// disk_forget frees it, unless a file of its is open: it says how many are.
int disk_forget(disk *d) {
	pthread_mutex_lock(&mutex);
	int open = (int)d->open;
	for (disk **at = &disks; *at && !open; at = &(*at)->next)
		if (*at == d) {
			*at = d->next;
			break;
		}
	pthread_mutex_unlock(&mutex);
	if (!open) {
		free(d->path);
		free(d);
	}
	return open;
}

void disk_fail(disk *d, long step, int forever, int full) {
	pthread_mutex_lock(&mutex);
	d->fail_at = step;
	d->forever = forever;
	d->full = full;
	pthread_mutex_unlock(&mutex);
}

long disk_steps(disk *d) {
	pthread_mutex_lock(&mutex);
	long steps = d->steps;
	pthread_mutex_unlock(&mutex);
	return steps;
}

long disk_failures(disk *d) {
	pthread_mutex_lock(&mutex);
	long failures = d->failures;
	pthread_mutex_unlock(&mutex);
	return failures;
}

const char *disk_what(disk *d) { return d->what; }
