/** Request ids: snowflakes as decimal text, unique over the instances and threads of an installation. */

const EPOCH = 1_288_834_974_657

/** Counter values of a millisecond; each thread has a share of them. */
const COUNTERS = 4096

/**
 * Makes ids that grow with time. `instance` is 0 to 1023. `thread` of `threads` share the counter of the instance; a
 * thread that runs out borrows from the next millisecond.
 */
export function snowflakes(instance: number, thread: number, threads: number): () => string {
  const share = Math.max(1, Math.floor(COUNTERS / Math.max(1, threads)))
  const first = (thread % Math.max(1, threads)) * share
  const generator = BigInt(instance & 1023) << 12n
  let last = 0
  let used = 0
  return () => {
    const now = Date.now() - EPOCH
    if (now > last) {
      last = now
      used = 0
    } else if (++used >= share) {
      last++
      used = 0
    }
    return ((BigInt(last) << 22n) | generator | BigInt(first + used)).toString()
  }
}
