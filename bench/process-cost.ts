/** What a process costs the machine, read from /proc: CPU time and resident memory, its children included. */
import { readdirSync, readFileSync } from 'node:fs'

/** Kernel ticks per second of /proc/<pid>/stat on Linux. */
const TICKS = 100

/** Process ids of `root` and all its descendants. */
export function processTree(root: number): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = readStat(Number(name))
    if (stat !== null) parents.set(Number(name), Number(stat[1]))
  }
  const tree = [root]
  for (let i = 0; i < tree.length; i++)
    for (const [pid, parent] of parents) if (parent === tree[i]) tree.push(pid)
  return tree
}

/** CPU time spent so far, microseconds. */
export function cpuMicros(root: number): number {
  let ticks = 0
  for (const pid of processTree(root)) {
    const stat = readStat(pid)
    if (stat !== null) ticks += Number(stat[11]) + Number(stat[12])
  }
  return (ticks / TICKS) * 1e6
}

/**
 * CPU time that the threads of a process have spent so far, microseconds, by the scheduler's own account: exact where
 * `cpuMicros` counts in ticks. Threads that are over no longer count: for processes whose threads stay.
 */
export function threadMicros(pid: number): number {
  let nanos = 0
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      nanos += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0])
    } catch {
      // It ended meanwhile.
    }
  }
  return nanos / 1000
}

/** Resident memory, bytes. */
export function residentBytes(root: number): number {
  let total = 0
  for (const pid of processTree(root)) {
    try {
      const match = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
      if (match !== null) total += Number(match[1]) * 1024
    } catch {
      // It ended meanwhile.
    }
  }
  return total
}

/** Resolves once a process uses less than a twentieth of a core over a second; gives up after two minutes. */
export async function settled(root: number): Promise<void> {
  for (let i = 0; i < 120; i++) {
    const before = cpuMicros(root)
    await new Promise(resolve => setTimeout(resolve, 1000))
    if (cpuMicros(root) - before < 50_000) return
  }
}

/** Fields behind the command name: state first. */
function readStat(pid: number): string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return null
  }
}
