/** Holding servers of tests where they are, and letting them go on. */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Stops processes where they are, and comes back when each of their threads stands: `kill` returns before that, and a
 * thread that was not reached yet may still answer a call.
 */
export async function holdStill(pids: readonly number[]): Promise<void> {
  signal(pids, 'SIGSTOP')
  const until = Date.now() + 20_000
  while (!pids.every(stands)) {
    if (Date.now() > until) throw new Error(`processes ${pids.join(', ')} do not stand still`)
    await sleep(1)
  }
}

export function letGoOn(pids: readonly number[]): void {
  signal(pids, 'SIGCONT')
}

function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids)
    try {
      process.kill(pid, name)
    } catch {
      // Ended meanwhile.
    }
}

/** Whether no thread of a process runs any more; so for one that has ended. */
function stands(pid: number): boolean {
  return threadsOf(pid).every(thread => {
    const line = textOf(`/proc/${pid}/task/${thread}/stat`)
    // The state follows the name, which is in brackets and may hold any: proc_pid_stat(5).
    return line === '' || 'TtZX'.includes(line[line.lastIndexOf(')') + 2]!)
  })
}

function threadsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
