// What Go sees of the shim between SQLite and the file system.
typedef struct disk disk;

int disk_register(void);
disk *disk_watch(const char *path);
int disk_forget(disk *d);
void disk_fail(disk *d, long step, int forever, int full);
long disk_steps(disk *d);
long disk_failures(disk *d);
const char *disk_what(disk *d);
