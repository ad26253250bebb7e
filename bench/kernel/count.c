/* qemu plugin: how many instructions of [lo, hi) ran between one passage of `mark` and the next.

   Prints one number a passage into the file `out`. The prototypes are written out because
   Debian's qemu-user 7.2 ships no header for them. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct block;
struct instruction;

extern void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t, void (*)(uint64_t, struct block *));
extern void qemu_plugin_register_atexit_cb(uint64_t, void (*)(uint64_t, void *), void *);
extern size_t qemu_plugin_tb_n_insns(const struct block *);
extern struct instruction *qemu_plugin_tb_get_insn(const struct block *, size_t);
extern uint64_t qemu_plugin_insn_vaddr(const struct instruction *);
extern void qemu_plugin_register_vcpu_insn_exec_inline(struct instruction *, int, void *, uint64_t);
extern void qemu_plugin_register_vcpu_insn_exec_cb(
    struct instruction *, void (*)(unsigned, void *), int, void *);

int qemu_plugin_version = 1;

static uint64_t lo, hi, mark, ran;
static FILE *out;

static void passed(unsigned cpu, void *unused) {
    (void)cpu, (void)unused;
    fprintf(out, "%" PRIu64 "\n", ran);
    ran = 0;
}

static void translated(uint64_t id, struct block *block) {
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
        struct instruction *it = qemu_plugin_tb_get_insn(block, i);
        uint64_t at = qemu_plugin_insn_vaddr(it);
        if (at == mark)
            qemu_plugin_register_vcpu_insn_exec_cb(it, passed, 0, NULL);
        if (at >= lo && at < hi)
            qemu_plugin_register_vcpu_insn_exec_inline(it, 0, &ran, 1);
    }
}

static void ended(uint64_t id, void *unused) {
    (void)id, (void)unused;
    fclose(out);
}

/* Not strtoull: newer C libraries rename it, and qemu runs on an older one. */
static uint64_t number(const char *text) {
    uint64_t value = 0;
    for (; *text; text++)
        value = value * 10 + (uint64_t)(*text - '0');
    return value;
}

int qemu_plugin_install(uint64_t id, const void *info, int n, char **arguments) {
    (void)info;
    for (int i = 0; i < n; i++) {
        char *value = strchr(arguments[i], '=') + 1;
        switch (arguments[i][0]) {
        case 'l': lo = number(value); break;
        case 'h': hi = number(value); break;
        case 'm': mark = number(value); break;
        case 'o': out = fopen(value, "w"); break;
        }
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, ended, NULL);
    return out == NULL;
}
