/* A wall clock that is wrong by WRONG_CLOCK seconds for the process that preloads this; clocks that
 * measure durations are left alone. (libfaketime 0.9.10 shifts them too in clock_nanosleep, by which
 * Python sleeps: every sleep fails or lasts an hour.) */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long offset(void)
{
    static long known;
    static int asked;
    if (!asked) {
        const char *told = getenv("WRONG_CLOCK");
        known = told ? atol(told) : 0;
        asked = 1;
    }
    return known;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int failed = (int)syscall(SYS_clock_gettime, clock, now);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += offset();
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    int failed = (int)syscall(SYS_gettimeofday, now, zone);
    if (!failed && now)
        now->tv_sec += offset();
    return failed;
}

time_t time(time_t *kept)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (kept)
        *kept = now.tv_sec;
    return now.tv_sec;
}

/* The kernel waits until a time of its own clock. */
int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict until)
{
    static int (*real)(sem_t *, const struct timespec *);
    struct timespec true_time = *until;
    if (!real)
        real = (int (*)(sem_t *, const struct timespec *))dlsym(RTLD_NEXT, "sem_timedwait");
    true_time.tv_sec -= offset();
    return real(semaphore, &true_time);
}
